// Streams of random numbers that strategies draw Gaussians by; those of base/random.ts are others.

/** What a draw is for. */
export const STREAM = {
  /** Gaussians that are copied. */
  clones: 16,
  /** Gaussians that are split. */
  splits: 17,
  /** Gaussians that may be pruned. */
  pruned: 18,
} as const;
