/**
 * Growth of Taming 3DGS (Mallick et al. 2024, section 4) over the native columns: candidates by score, copied where they
 * are small and split where they are large, and the next-highest gradients where the candidates do not suffice.
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
  /** Gaussians wanted, at most the capacity. */
  target: number;
  /** Candidates have at least this mean density gradient. */
  gradientThreshold: number;
  /** Gaussians with a longest axis up to this are copied, larger ones split; world units. */
  sizeThreshold: number;
  /**
   * Where the candidates do not suffice, take those of the next-highest gradients. A Gaussian that is copied for that
   * shares its opacity o with the copy, 1 − √(1 − o) each, so that both cover what the one did (Bulò et al. 2024).
   */
  fill: boolean;
}

/** What {@linkcode grow} did. */
export interface Grown {
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

/** Expression for the mean norm of the 2D mean's gradient over the steps in which a Gaussian was visible. */
export const MEAN_GRADIENT = "gradient_sum / max(visible_steps, 1)";

/** Replaced by two of 1 / 1.6 the size, at places drawn from the Gaussian (Kerbl et al. 2023). */
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
 * Grows towards the target, by at most the number of Gaussians there are: call again with the next round where the count
 * falls short. Candidates are drawn without replacement by score. New Gaussians have no moments; each keeps the score and
 * the statistics of the one it comes from.
 *
 * @param trainer Its columns are the density statistics and `score`
 * @param options Target and thresholds
 * @returns Counts
 * @throws {TameError} "invalid argument" where an option is out of its range; nothing is changed then
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
  // Shares in proportion to the two sets; what rounding leaves over goes to the large ones.
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
  await columns.select("filled", `-(${MEAN_GRADIENT})`, { among: "!candidate", count: missing });
  const filled = missing === 0 ? 0 : await columns.sum("filled");
  // Those that fill up fit their surroundings already: what a copy adds to the picture would only have to be unlearnt.
  await columns.compute(
    "kind",
    `choose(cloned, ${CLONE}, choose(split | filled & large, ${SPLIT_IN_TWO}, choose(filled, ${SHARED_CLONE}, 0)))`,
  );
  const split = await columns.sum(`kind == ${SPLIT_IN_TWO}`);
  const grown = chosen + filled;
  if (grown > 0) await columns.editRows("kind", KINDS, draw);
  columns.drop();
  return { candidates, cloned: grown - split, split, filled, count: trainer.gaussians.count };
}

/** Throws "invalid argument" where the target is beyond the capacity or a threshold out of its range. */
export function checkGrowth(
  trainer: Trainer,
  options: Pick<GrowOptions, "target" | "gradientThreshold" | "sizeThreshold">,
): void {
  checkCount("target", options.target, { maximum: trainer.gaussians.capacity });
  checkRange("gradientThreshold", options.gradientThreshold);
  checkRange("sizeThreshold", options.sizeThreshold);
}
