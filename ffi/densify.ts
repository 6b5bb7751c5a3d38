// What densification is told and what it answers: the score's terms, options and results of pruning and growth.

import { ABI } from "./abi.ts";
import { checkCount } from "./errors.ts";
import { Struct } from "./struct.ts";

/** Terms of the score (Mallick et al. 2024): indices of the weights of `Trainer.score`. */
export const SCORE = {
  /** Of a whole view, times its loss. */
  view: ABI.SCORE_VIEW,
  /** Of the photo's edges in the pixel weights. */
  edge: ABI.SCORE_EDGE,
  /** Of the absolute error in the pixel weights. */
  error: ABI.SCORE_ERROR,
  /** Mean density gradient. */
  gradient: ABI.SCORE_GRADIENT,
  /** Pixels from the 2D mean, summed over contributions. */
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

/** Options of `Trainer.prune`. */
export interface PruneOptions {
  /** Iteration of the random draw. */
  iteration: number;
  /** Gaussians to be left at most, at least 1. */
  target: number;
  /** Weak: used opacity below this … */
  minOpacity: number;
  /** … or longest axis above this, in world units; at most the largest float32. */
  maxScale: number;
  /** 0..1: this part of the number of the weak is drawn among all Gaussians, by low score; the weak of those go. */
  share: number;
}

/** What `Trainer.prune` did. */
export interface Pruned {
  /** Weak Gaussians there were. */
  weak: number;
  /** Gaussians left. */
  count: number;
}

/** Options of `Trainer.densify`. */
export interface DensifyOptions {
  /** Iteration of the random draws. */
  iteration: number;
  /** 0, 1, 2, … of repeated calls in one iteration. */
  round: number;
  /** Gaussians wanted, at most the capacity. */
  target: number;
  /** Candidates have at least this mean density gradient. */
  gradientThreshold: number;
  /** Gaussians with a longest axis up to this are cloned, larger ones split; world units. */
  sizeThreshold: number;
  /**
   * Where the candidates do not suffice, take those of the next-highest gradients. A Gaussian that is cloned for that
   * shares its opacity o with the copy, 1 − √(1 − o) each, so that both cover what the one did (Bulò et al. 2024).
   */
  fill: boolean;
}

/** What `Trainer.densify` did. */
export interface Densified {
  /** Candidates there were. */
  candidates: number;
  /** Gaussians copied. */
  cloned: number;
  /** Gaussians replaced by two smaller ones. */
  split: number;
  /** Of both, those that were no candidates. */
  filled: number;
  /** Gaussians there are now. */
  count: number;
}

/** Options of `Trainer.densifyReference`; each as in {@linkcode DensifyOptions} and {@linkcode PruneOptions}. */
export type ReferenceOptions =
  & Omit<DensifyOptions, "round" | "fill">
  & Pick<PruneOptions, "minOpacity" | "maxScale" | "share">;

/** What `Trainer.densifyReference` did. */
export interface ReferenceDensified extends Densified {
  /** Weak Gaussians there were after growth. */
  weak: number;
  /** Gaussians removed. */
  pruned: number;
}

/** @internal The native form of the options. */
export function pruneOptions(options: PruneOptions): Struct<"tame_prune_options"> {
  const { iteration, target, minOpacity, maxScale, share } = options;
  checkCount("iteration", iteration);
  checkCount("target", target, { minimum: 1 });
  return new Struct("tame_prune_options")
    .set("iteration", iteration)
    .set("target", target)
    .set("min_opacity", minOpacity)
    .set("max_scale", maxScale)
    .set("share", share);
}

/** @internal The result from its native form. */
export function pruneResult(result: Struct<"tame_prune_result">): Pruned {
  return { weak: result.number("weak"), count: result.number("count") };
}

/** @internal The native form of the options. */
export function densifyOptions(options: DensifyOptions): Struct<"tame_densify_options"> {
  const { iteration, round, target, gradientThreshold, sizeThreshold, fill } = options;
  checkCount("iteration", iteration);
  checkCount("round", round);
  checkCount("target", target);
  return new Struct("tame_densify_options")
    .set("iteration", iteration)
    .set("round", round)
    .set("target", target)
    .set("gradient_threshold", gradientThreshold)
    .set("size_threshold", sizeThreshold)
    .set("fill", fill ? 1 : 0);
}

/** @internal The result from its native form. */
export function densifyResult(result: Struct<"tame_densify_result">): Densified {
  return {
    candidates: result.number("candidates"),
    cloned: result.number("cloned"),
    split: result.number("split"),
    filled: result.number("filled"),
    count: result.number("count"),
  };
}

/** @internal The native form of the options. */
export function referenceOptions(options: ReferenceOptions): Struct<"tame_reference_options"> {
  const { iteration, target, gradientThreshold, sizeThreshold, minOpacity, maxScale, share } = options;
  checkCount("iteration", iteration);
  checkCount("target", target);
  return new Struct("tame_reference_options")
    .set("iteration", iteration)
    .set("target", target)
    .set("gradient_threshold", gradientThreshold)
    .set("size_threshold", sizeThreshold)
    .set("min_opacity", minOpacity)
    .set("max_scale", maxScale)
    .set("share", share);
}

/** @internal The result from its native form. */
export function referenceResult(result: Struct<"tame_reference_result">): ReferenceDensified {
  return {
    candidates: result.number("candidates"),
    cloned: result.number("cloned"),
    split: result.number("split"),
    filled: result.number("filled"),
    weak: result.number("weak"),
    pruned: result.number("pruned"),
    count: result.number("count"),
  };
}
