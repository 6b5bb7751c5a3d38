/**
 * Bounds the scales of Gaussians from above by their distance to the training cameras.
 *
 * A splat is the projection of a Gaussian linearised at its mean (Zwicker et al. 2001, EWA Splatting). That is wrong far
 * from the mean: a sheet of several scene extents, whose mean is outside a view, can cover the whole picture there. The
 * training photos say nothing about it in the views between them. docs/quality.md has measured cases.
 *
 * @module
 */

import type { Columns } from "../../ffi/trainer.ts";
import { cameraCenter } from "../../load/camera.ts";
import type { StrategyContext } from "../options.ts";

/** Largest scale as a share of the distance: at this size, the background of a photo takes a few Gaussians. */
const LARGEST_RATIO = 0.3;
/** Distances are at least this, in scene extents, so that a mean at a camera does not make the scales 0. */
const LEAST_DISTANCE = 0.01;
/** Number of cameras, evenly spaced among all, that the distance is measured to. */
const MOST_CAMERAS = 64;
/** Cameras in one expression, which is limited in length. */
const CAMERAS_AT_ONCE = 8;

/**
 * Lowers scales to at most 0.3 of the distance from the mean to the nearest training camera. Uses the scratch column
 * `nearest`.
 *
 * @param columns Columns of the run's trainer
 * @param run The training cameras, and the scene extent
 */
export async function boundLargestScales(
  columns: Columns,
  { cameras, extent }: Pick<StrategyContext, "cameras" | "extent">,
): Promise<void> {
  const every = Math.ceil(cameras.length / MOST_CAMERAS);
  const distances = cameras.filter((_, i) => i % every === 0).map((camera) => squaredDistance(cameraCenter(camera)));
  let nearest = distances[0];
  for (let i = 1; i < distances.length; i += CAMERAS_AT_ONCE) {
    await columns.compute("nearest", nearest);
    nearest = distances.slice(i, i + CAMERAS_AT_ONCE).reduce(
      (least, distance) => `min(${least}, ${distance})`,
      "nearest",
    );
  }
  await columns.compute("nearest", `max(sqrt(${nearest}), ${LEAST_DISTANCE * extent})`);
  for (let axis = 0; axis < 3; axis++) {
    await columns.compute(`log_scales.${axis}`, `min(log_scales.${axis}, log(${LARGEST_RATIO} * nearest))`);
  }
}

/** Expression for the squared distance of a mean to a point. */
function squaredDistance(point: readonly number[]): string {
  return point.map((value, axis) => `(means.${axis} - (${value})) * (means.${axis} - (${value}))`).join(" + ");
}
