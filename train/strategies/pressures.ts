/**
 * Pressures on opacities and scales: two regularisation terms of the loss. Gaussians that do not reduce the photometric
 * loss fade and shrink.
 *
 * Kheradmand et al. 2024 (3D Gaussian Splatting as Markov Chain Monte Carlo), equation 10. Here they act only on
 * Gaussians that are visible in the step. In captures of many photos, the others would fade between two steps that see
 * them.
 *
 * @module
 */

import { STEP } from "../../ffi/trainer.ts";
import type { StepTerms } from "./strategy.ts";

/** Weights of the mean opacity and of the mean scale, in scene extents, in the loss. */
const OPACITY_WEIGHT = 0.01;
const SCALE_WEIGHT = 0.01;

/**
 * The pressures of a step.
 *
 * @param count Number by which the sums over the Gaussians are divided
 * @param extent Scene extent in world units
 */
export function pressures(
  count: number,
  extent: number,
): Pick<StepTerms, "flags" | "opacityPressure" | "scalePressure"> {
  return {
    flags: STEP.visibleTerms,
    opacityPressure: OPACITY_WEIGHT / count,
    scalePressure: extent > 0 ? SCALE_WEIGHT / (3 * count * extent) : 0,
  };
}
