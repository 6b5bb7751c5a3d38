// Streams of random numbers that strategies draw Gaussians by.

import { ABI } from "../../ffi/abi.ts";

/** What a draw is for. */
export const STREAM = {
  /** Gaussians that are copied. */
  clones: ABI.STREAM_CLONES,
  /** Gaussians that are split. */
  splits: ABI.STREAM_SPLITS,
  /** Gaussians that may be pruned. */
  pruned: ABI.STREAM_PRUNED,
} as const;
