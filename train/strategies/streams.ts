// The streams of random numbers with which strategies draw Gaussians.

import { ABI } from "../../ffi/abi.ts";

/** Streams by the purpose of the draw. */
export const STREAM = {
  /** Gaussians that are cloned. */
  clones: ABI.STREAM_CLONES,
  /** Gaussians that are split. */
  splits: ABI.STREAM_SPLITS,
  /** Gaussians that may be pruned. */
  pruned: ABI.STREAM_PRUNED,
} as const;
