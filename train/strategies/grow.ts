/**
 * Growth of Taming 3DGS (Mallick et al. 2024, section 4) with native columns: candidates are drawn by score; small ones
 * are cloned, large ones split. If there are too few, the Gaussians with the next-highest gradients follow.
 *
 * @module
 */

import { checkCount, checkRange } from "../../ffi/errors.ts";
import type { RowKind, Trainer } from "../../ffi/trainer.ts";
import { LONGEST_SCALE } from "./prune.ts";
import { STREAM } from "./streams.ts";

/** Options of {@linkcode grow}. */
export interface GrowOptions {
  /** Iteration of the random draws. */
  iteration: number;
  /** 0, 1, 2, … of repeated calls in one iteration. */
  round: number;
  /** Target count of Gaussians, at most the capacity. */
  target: number;
  /** Minimum mean density gradient of a candidate. */
  gradientThreshold: number;
  /** Longest axis above which a Gaussian is split instead of cloned, in world units. */
  sizeThreshold: number;
  /**
   * If there are too few candidates, take the Gaussians with the next-highest gradients. A Gaussian that is cloned for
   * that shares its opacity o with its copy, 1 − √(1 − o) each, so that both cover what it did (Bulò et al. 2024).
   */
  fill: boolean;
}

/** What {@linkcode grow} did. */
export interface Grown {
  /** Number of candidates. */
  candidates: number;
  /** Gaussians cloned. */
  cloned: number;
  /** Gaussians replaced by two smaller ones. */
  split: number;
  /** Of both, those that were not candidates. */
  filled: number;
  /** New count of Gaussians. */
  count: number;
}

/** Expression for the mean norm of the 2D mean's gradient over the steps in which a Gaussian was visible. */
export const MEAN_GRADIENT = "gradient_sum / max(visible_steps, 1)";

/** Replaces a Gaussian by two of 1 / 1.6 the size, with means sampled from it (Kerbl et al. 2023). */
export const SPLIT: RowKind = { operation: "split", place: "random", logScale: -Math.log(1.6) };

/** Indices into {@linkcode KINDS}. */
const CLONE = 1;
const SHARED_CLONE = 2;
const SPLIT_IN_TWO = 3;
const KINDS: readonly RowKind[] = [
  { operation: "keep" },
  { operation: "copy" },
  { operation: "copy", share: "opacity" },
  SPLIT,
];

/**
 * Grows towards the target. One call at most doubles the count: call again with the next round if it falls short.
 * Candidates are drawn without replacement by score. New Gaussians have zero moments, and the score and statistics of
 * their source.
 *
 * @param trainer Its columns are the density statistics and `score`
 * @param options Target and thresholds
 * @returns Counts
 * @throws {TameError} "invalid argument" when an option is out of range; nothing is then changed
 */
export async function grow(trainer: Trainer, options: GrowOptions): Promise<Grown> {
  const { iteration, round, target, gradientThreshold, sizeThreshold, fill } = options;
  const { columns, gaussians: { count } } = trainer;
  checkGrowth(trainer, options);
  const wanted = Math.max(target - count, 0);
  await columns.compute("candidate", `${MEAN_GRADIENT} >= ${gradientThreshold}`);
  await columns.compute("large", `${LONGEST_SCALE} > ${sizeThreshold}`);
  const candidates = await columns.sum("candidate");
  const largeCandidates = await columns.sum("candidate & large");
  const chosen = Math.min(wanted, candidates);
  // In proportion to the sizes of the two sets; the remainder of the rounding goes to the large ones.
  const copies = candidates === 0 ? 0 : Math.floor(chosen * (candidates - largeCandidates) / candidates);
  const splits = Math.min(chosen - copies, largeCandidates);

  const draw = { iteration, round };
  await columns.draw("cloned", "score", {
    among: "candidate & !large",
    count: chosen - splits,
    stream: STREAM.clones,
    ...draw,
  });
  await columns.draw("split", "score", { among: "candidate & large", count: splits, stream: STREAM.splits, ...draw });
  const missing = fill ? wanted - chosen : 0;
  if (missing === 0) await columns.compute("filled", "0");
  else await columns.select("filled", `-(${MEAN_GRADIENT})`, { among: "!candidate", count: missing });
  const grown = await growMarked(trainer, draw);
  columns.drop();
  return { candidates, ...grown };
}

/**
 * Clones and splits the Gaussians that the columns `cloned`, `split` and `filled` mark. Of the last, those that `large`
 * marks are split, and the others share their opacity with their copy.
 *
 * @param trainer Has these columns
 * @param draw Identifies the random means of the children
 * @returns Counts
 */
export async function growMarked(
  { columns, gaussians }: Trainer,
  draw: Pick<GrowOptions, "iteration" | "round">,
): Promise<Omit<Grown, "candidates">> {
  // Those that fill up fit the photos already: training would have to undo what an exact copy adds to the render.
  await columns.compute(
    "kind",
    `choose(cloned, ${CLONE}, choose(split | filled & large, ${SPLIT_IN_TWO}, choose(filled, ${SHARED_CLONE}, 0)))`,
  );
  const grown = await columns.sum("kind != 0");
  const split = await columns.sum(`kind == ${SPLIT_IN_TWO}`);
  const filled = await columns.sum("filled");
  if (grown > 0) await columns.editRows("kind", KINDS, draw);
  return { cloned: grown - split, split, filled, count: gaussians.count };
}

/** Throws "invalid argument" when the target exceeds the capacity, or a threshold is out of range. */
export function checkGrowth(
  trainer: Trainer,
  options: Pick<GrowOptions, "target" | "gradientThreshold" | "sizeThreshold">,
): void {
  checkCount("target", options.target, { maximum: trainer.gaussians.capacity });
  checkRange("gradientThreshold", options.gradientThreshold);
  checkRange("sizeThreshold", options.sizeThreshold);
}
