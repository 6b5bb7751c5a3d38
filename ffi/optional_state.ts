// State that a trainer keeps only where it is asked to.

import { ABI } from "./abi.ts";

/** What a trainer takes memory for besides the usual. */
export interface OptionalState {
  /** Take memory for the running sum of `STEP.shAccumulate`. Default false. */
  shAccumulation?: boolean;
  /** Take memory for the statistics of `STEP.fragments`. Default false. */
  fragments?: boolean;
  /** Take memory for the step counts of `STEP.rowBias`. Default false. */
  rowSteps?: boolean;
  /** Keep the gradient of a whole step in memory before Adam uses it, to the same bits. Default false. */
  unfused?: boolean;
  /**
   * Views of a step, a power of two up to 64: its gradient is the mean over them, summed as a balanced binary tree over
   * their places in the step. Default 1.
   */
  viewsPerStep?: number;
}

/** The bits of `TAME_STATE_*`. */
export function stateFlags({ shAccumulation, fragments, rowSteps, unfused }: OptionalState): number {
  return (shAccumulation ? ABI.STATE_SH_SUMS : 0) | (fragments ? ABI.STATE_FRAGMENTS : 0) |
    (rowSteps ? ABI.STATE_ROW_STEPS : 0) | (unfused ? ABI.STATE_GRADIENTS : 0);
}
