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

/** What the pressures depend on. */
export interface Pressures {
  /** Weight of the mean opacity, and of the mean scale in scene extents, in the loss. */
  weight: number;
  /** Number by which the sums over the Gaussians are divided. */
  count: number;
  /** Scene extent in world units. */
  extent: number;
}

/**
 * The pressures of a step.
 *
 * @param pressures See {@linkcode Pressures}
 */
export function pressures(
  { weight, count, extent }: Pressures,
): Pick<StepTerms, "flags" | "opacityPressure" | "scalePressure"> {
  return {
    flags: STEP.visibleTerms,
    opacityPressure: weight / count,
    scalePressure: extent > 0 ? weight / (3 * count * extent) : 0,
  };
}
