/**
 * Pruning of Taming 3DGS (Mallick et al. 2024, section 4) over the native columns: weak Gaussians by low score, then the
 * lowest scores above a target.
 *
 * @module
 */

import { checkCount, checkRange } from "../../ffi/errors.ts";
import type { Trainer } from "../../ffi/trainer.ts";
import { STREAM } from "./streams.ts";

/** Options of {@linkcode prune}. */
export interface PruneOptions {
  /** Iteration of the random draw. */
  iteration: number;
  /** Gaussians to be left at most; one always is. */
  target: number;
  /** Weak: used opacity below this … */
  minOpacity: number;
  /** … or longest axis above this, in world units. */
  maxScale: number;
  /** 0..1: this part of the number of the weak is drawn among all Gaussians, by low score; the weak of those go. */
  share: number;
}

/** Expression for the longest scale of a Gaussian, in world units. */
export const LONGEST_SCALE = "exp(max(log_scales.0, max(log_scales.1, log_scales.2)))";

/** Expression for how likely a Gaussian is drawn for pruning: the lower its score the more. */
export const LOW_SCORE = "1 / (0.000001 + score)";

/**
 * Removes Gaussians: a share of the weak ones, drawn by low score, then those of the lowest scores above the target. The
 * others keep their order and all their state.
 *
 * @param trainer Its column `score` says what Gaussians are worth
 * @param options What is weak, how much of it goes, how many stay
 * @returns Weak Gaussians there were, and Gaussians left
 * @throws {TameError} "invalid argument" where an option is out of its range; nothing is changed then
 */
export async function prune(trainer: Trainer, options: PruneOptions): Promise<{ weak: number; count: number }> {
  const { iteration, minOpacity, maxScale, share } = options;
  const { columns, gaussians: { count } } = trainer;
  checkCount("target", options.target);
  checkPruning(options);
  const target = Math.max(options.target, 1);
  await columns.compute("weak", `used_opacity < ${minOpacity} | ${LONGEST_SCALE} > ${maxScale}`);
  const weak = await columns.sum("weak");
  // Drawn among all: a weak one that scores well is not easily taken. Never the last one.
  const drawn = Math.min(shareOf(share, weak), Math.max(count - 1, 0));
  await columns.draw("drawn", LOW_SCORE, { count: drawn, stream: STREAM.pruned, iteration });
  await columns.compute("gone", "drawn & weak");
  let left = count - await columns.sum("gone");
  if (left > target) {
    await columns.select("lowest", "score", { among: "!gone", count: left - target });
    await columns.compute("gone", "gone | lowest");
    left = target;
  }
  if (left < count) {
    await columns.editRows("gone", [{ operation: "keep" }, { operation: "remove" }], { iteration });
  }
  columns.drop();
  return { weak, count: left };
}

/** Throws "invalid argument" where what is weak, or how much of it goes, is out of its range. */
export function checkPruning(options: Pick<PruneOptions, "minOpacity" | "maxScale" | "share">): void {
  checkRange("minOpacity", options.minOpacity, { maximum: 1 });
  checkRange("maxScale", options.maxScale);
  checkRange("share", options.share, { maximum: 1 });
}

/** A share of a number, rounded down, in the 32-bit arithmetic of the library; at most the number itself. */
export function shareOf(share: number, count: number): number {
  return Math.min(Math.trunc(Math.fround(Math.fround(share) * Math.fround(count))), count);
}
