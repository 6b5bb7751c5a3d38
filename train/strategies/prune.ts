/**
 * Pruning of Taming 3DGS (Mallick et al. 2024, section 4) with native columns: weak Gaussians by low score, then those
 * with the lowest scores until the target is reached.
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
  /** Maximum number of Gaussians that stay; at least one does. */
  target: number;
  /** Used opacity below which a Gaussian is weak. */
  minOpacity: number;
  /** Longest axis above which a Gaussian is weak, in world units. */
  maxScale: number;
  /** 0..1: this share of the number of weak Gaussians is drawn from all, by low score; those drawn that are weak go. */
  share: number;
}

/** Expression for the longest scale of a Gaussian, in world units. */
export const LONGEST_SCALE = "exp(max(log_scales.0, max(log_scales.1, log_scales.2)))";

/** Expression for the weight of a Gaussian in the draw for pruning: higher for lower scores. */
export const LOW_SCORE = "1 / (0.000001 + score)";

/**
 * Removes weak Gaussians, drawn by low score, then those with the lowest scores until the target is reached. The others
 * keep their order and all their state.
 *
 * @param trainer Its column `score` has the scores
 * @param options Which Gaussians are weak, what share of them is drawn, how many stay
 * @returns Number of weak Gaussians, and count of Gaussians left
 * @throws {TameError} "invalid argument" when an option is out of range; nothing is then changed
 */
export async function prune(trainer: Trainer, options: PruneOptions): Promise<{ weak: number; count: number }> {
  const { iteration, minOpacity, maxScale, share } = options;
  const { columns, gaussians: { count } } = trainer;
  checkCount("target", options.target);
  checkPruning(options);
  const target = Math.max(options.target, 1);
  await columns.compute("weak", `used_opacity < ${minOpacity} | ${LONGEST_SCALE} > ${maxScale}`);
  const weak = await columns.sum("weak");
  // Drawn from all, so that a weak Gaussian with a high score is rarely removed. Never all of them.
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

/** Throws "invalid argument" when a threshold or the share is out of range. */
export function checkPruning(options: Pick<PruneOptions, "minOpacity" | "maxScale" | "share">): void {
  checkRange("minOpacity", options.minOpacity, { maximum: 1 });
  checkRange("maxScale", options.maxScale);
  checkRange("share", options.share, { maximum: 1 });
}

/** A share of a number, rounded down, in the library's float32 arithmetic; at most the number itself. */
export function shareOf(share: number, count: number): number {
  return Math.min(Math.trunc(Math.fround(Math.fround(share) * Math.fround(count))), count);
}
