/**
 * Bounds the scales of Gaussians from above by their distance to the training cameras.
 *
 * A splat is the projection of a Gaussian linearised at its mean (Zwicker et al. 2001, EWA Splatting), which is wrong
 * far from the mean: a sheet of several scene extents whose mean is outside a view can cover the whole picture there.
 * The training photos say nothing about the views between them. docs/quality.md has measured cases.
 *
 * @module
 */

import type { Columns } from "../../ffi/trainer.ts";
import { cameraCenter } from "../../load/camera.ts";
import type { StrategyContext } from "../options.ts";

/** Largest scale as a share of the distance. */
const LARGEST_RATIO = 0.5;
/** Distances are at least this, in scene extents, so that a mean at a camera does not make the scales 0. */
const LEAST_DISTANCE = 0.01;
/** Number of cameras, evenly spaced among all, that the distance is measured to. */
const MOST_CAMERAS = 64;

/**
 * Lowers scales to at most half the distance from the mean to the nearest training camera. Uses the scratch column
 * `distance`.
 *
 * @param columns Columns of the run's trainer
 * @param run The training cameras, and the scene extent
 */
export async function boundLargestScales(
  columns: Columns,
  { cameras, extent }: Pick<StrategyContext, "cameras" | "extent">,
): Promise<void> {
  const every = Math.ceil(cameras.length / MOST_CAMERAS);
  await columns.distances("distance", cameras.filter((_, i) => i % every === 0).map(cameraCenter));
  const bound = `log(${LARGEST_RATIO} * max(distance, ${LEAST_DISTANCE * extent}))`;
  for (let axis = 0; axis < 3; axis++) {
    await columns.compute(`log_scales.${axis}`, `min(log_scales.${axis}, ${bound})`);
  }
}
