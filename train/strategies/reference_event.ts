/**
 * A densification event with native columns as in the implementation that the authors of Mallick et al. 2024 published:
 * growth by candidates, then pruning of weak Gaussians by scores whose rows growth has moved.
 *
 * @module
 */

import type { Trainer } from "../../ffi/trainer.ts";
import { checkGrowth, type Grown, type GrowOptions, MEAN_GRADIENT, SPLIT } from "./grow.ts";
import { checkPruning, LONGEST_SCALE, type PruneOptions, shareOf } from "./prune.ts";
import { STREAM } from "./streams.ts";

/** Options of {@linkcode referenceEvent}; each as in {@linkcode GrowOptions} and {@linkcode PruneOptions}. */
export type ReferenceEventOptions =
  & Omit<GrowOptions, "round" | "fill">
  & Pick<PruneOptions, "minOpacity" | "maxScale" | "share">;

/** What {@linkcode referenceEvent} did. */
export interface ReferenceEvent extends Grown {
  /** Number of weak Gaussians after growth. */
  weak: number;
  /** Gaussians removed. */
  pruned: number;
}

/**
 * Grows by at most the number of candidates, in shares rounded down; if too few of a set have a positive score, any
 * Gaussian is taken. Then a share of the number of weak Gaussians is drawn from all, each by the score that was in its
 * row before growth (new rows come last), and those drawn that are weak are removed.
 *
 * @param trainer Its columns are the density statistics and `score`
 * @param options Target, thresholds, share
 * @returns Counts
 * @throws {TameError} "invalid argument" when an option is out of range; nothing is then changed
 */
export async function referenceEvent(trainer: Trainer, options: ReferenceEventOptions): Promise<ReferenceEvent> {
  const { iteration, target, gradientThreshold, sizeThreshold, minOpacity, maxScale, share } = options;
  const { columns, gaussians } = trainer;
  checkGrowth(trainer, options);
  checkPruning(options);
  await columns.compute("candidate", `${MEAN_GRADIENT} >= ${gradientThreshold}`);
  await columns.compute("longest", LONGEST_SCALE);
  await columns.compute("large", `longest > ${sizeThreshold}`);
  const candidates = await columns.sum("candidate");
  const splitCandidates = await columns.sum("candidate & large");
  const growth = Math.min(Math.max(target - gaussians.count, 0), candidates);
  const quota = (of: number): number => candidates === 0 ? 0 : Math.floor(growth * of / candidates);
  const cloned = quota(candidates - splitCandidates);
  const split = quota(splitCandidates);

  // These stay at their indices, whichever rows growth puts there; beyond the old rows they are 0.
  await columns.compute("weight_of_place", "1 / (0.000001 + score)", { stays: true });
  await columns.compute("split_weight", "choose(candidate & large, score, 0)", { stays: true });
  await columns.draw("drawn", "choose(candidate & !large, score, 0)", {
    count: cloned,
    stream: STREAM.clones,
    iteration,
  });
  let filled = await columns.sum("drawn & !candidate");
  if (cloned > 0) await columns.editRows("drawn", [{ operation: "keep" }, { operation: "copy" }], { iteration });
  await columns.draw("child", "split_weight", { count: split, stream: STREAM.splits, iteration });
  filled += await columns.sum("child & !candidate");
  if (split > 0) {
    await columns.editRows("child", [{ operation: "keep" }, SPLIT], { iteration, childrenLast: true });
  }

  // `longest` has the values of the parents.
  await columns.compute("weak", `used_opacity < ${minOpacity} | longest * choose(child, 0.625, 1) > ${maxScale}`);
  const weak = await columns.sum("weak");
  const draws = Math.min(shareOf(share, weak), Math.max(gaussians.count - 1, 0));
  await columns.draw("drawn", "weight_of_place", { count: draws, stream: STREAM.pruned, iteration });
  await columns.compute("gone", "drawn & weak");
  const pruned = await columns.sum("gone");
  if (pruned > 0) await columns.editRows("gone", [{ operation: "keep" }, { operation: "remove" }], { iteration });
  columns.drop();
  return { candidates, cloned, split, filled, weak, pruned, count: gaussians.count };
}
