// State that a trainer allocates only on request.

import { ABI } from "./abi.ts";

/** Optional state of a trainer. */
export interface OptionalState {
  /** Allocate the running sum of `STEP.shAccumulate`. Default false. */
  shAccumulation?: boolean;
  /** Allocate the statistics of `STEP.fragments`. Default false. */
  fragments?: boolean;
  /** Allocate the step counts of `STEP.rowBias`. Default false. */
  rowSteps?: boolean;
  /** Allocate the bounds of `limitScales`. Default false. */
  smallestScales?: boolean;
  /** Store the gradient of a whole step before Adam uses it; results are bit-identical. Default false. */
  unfused?: boolean;
  /**
   * Views of a step, a power of two up to 64. The gradient is the mean over them, summed as a balanced binary tree in
   * the order of the views. Default 1.
   */
  viewsPerStep?: number;
  /**
   * Learnt transform between render and loss, with parameters for each view: none; a gain for each channel; or any
   * affine change of colours. Default "none".
   */
  transform?: "none" | "gains" | "affine";
}

/** The number of `TAME_TRANSFORM_*`. */
export function transformCode({ transform = "none" }: OptionalState): number {
  return { none: ABI.TRANSFORM_NONE, gains: ABI.TRANSFORM_GAINS, affine: ABI.TRANSFORM_AFFINE }[transform];
}

/** The bits of `TAME_STATE_*`. */
export function stateFlags(state: OptionalState): number {
  const { shAccumulation, fragments, rowSteps, smallestScales, unfused } = state;
  return (shAccumulation ? ABI.STATE_SH_SUMS : 0) | (fragments ? ABI.STATE_FRAGMENTS : 0) |
    (rowSteps ? ABI.STATE_ROW_STEPS : 0) | (smallestScales ? ABI.STATE_SMALLEST_SCALES : 0) |
    (unfused ? ABI.STATE_GRADIENTS : 0);
}
