// The 3D smoothing filter of Mip-Splatting (Yu et al. 2024, equation 9), which its PLY files state for each Gaussian
// instead of applying it.

import type { PlySplats } from "../base/scene.ts";
import { renderModeComments } from "./render_mode.ts";

/** The property of the filter's standard deviation, in world units. */
export const FILTER_3D = "filter_3D";

/**
 * Gaussians with the filter applied: the covariance grows by the filter's, and the opacity falls by the square root of
 * the ratio of the determinants. Such files have no other mark, and are made to be rendered anti-aliased: the comments
 * then say so.
 *
 * @internal
 */
export function withFilter3d<Splats extends Omit<PlySplats, "means">>(
  splats: Splats,
  deviations: Float32Array,
): Splats {
  const { count } = splats;
  const logScales = new Float32Array(3 * count);
  const opacities = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const added = deviations[i] ** 2;
    let logRatio = 0; // of the opacities
    for (let axis = 3 * i; axis < 3 * i + 3; axis++) {
      const logScale = splats.logScales[axis];
      const filtered = 0.5 * Math.log(Math.exp(2 * logScale) + added);
      logScales[axis] = filtered;
      logRatio += logScale - filtered;
    }
    opacities[i] = scaledLogit(splats.opacities[i], Math.exp(logRatio));
  }
  return { ...splats, logScales, opacities, comments: [...splats.comments, ...renderModeComments(true)] };
}

/** The logit of `ratio` times the opacity of a logit. */
function scaledLogit(logit: number, ratio: number): number {
  // o = 1 / (1 + e), e = exp(−logit): r·o / (1 − r·o) = r / (e + 1 − r).
  return Math.log(ratio / (Math.exp(-logit) + 1 - ratio));
}
