// The terms of a Gaussian's score.

import { ABI } from "./abi.ts";

/** Terms of the score (Mallick et al. 2024): indices of the weights of `Trainer.score`. */
export const SCORE = {
  /** Weight of a whole view, times its loss. */
  view: ABI.SCORE_VIEW,
  /** Weight of the photo's edges in the pixel weights. */
  edge: ABI.SCORE_EDGE,
  /** Weight of the absolute error in the pixel weights. */
  error: ABI.SCORE_ERROR,
  /** Mean density gradient. */
  gradient: ABI.SCORE_GRADIENT,
  /** Distance from the 2D mean in pixels, summed over contributions. */
  distance: ABI.SCORE_DISTANCE,
  /** Used opacity. */
  opacity: ABI.SCORE_OPACITY,
  /** Camera depth. */
  depth: ABI.SCORE_DEPTH,
  /** Pixel weights, summed over contributions. */
  loss: ABI.SCORE_LOSS,
  /** 3-sigma radius in pixels. */
  radius: ABI.SCORE_RADIUS,
  /** Product of the three scales. */
  scale: ABI.SCORE_SCALE,
  /** Number of contributions. */
  count: ABI.SCORE_COUNT,
  /** Blending weights, summed over contributions. */
  blend: ABI.SCORE_BLEND,
} as const;
