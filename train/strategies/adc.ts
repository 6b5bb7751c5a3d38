/**
 * Adaptive density control by gradients alone. An event prunes faint and, after the first opacity reset, long
 * Gaussians. Then it clones or splits the Gaussians whose gradient reaches the threshold, highest first, up to its
 * target count. Only the last event fills up to its target.
 *
 * Kerbl et al. 2023, section 5; the targets are tame's.
 *
 * @module
 */

import type { Trainer } from "../../ffi/trainer.ts";
import { countAfter } from "../budget.ts";
import type { StrategyContext } from "../options.ts";
import { growMarked, type Grown, MEAN_GRADIENT } from "./grow.ts";
import { periodicStrategy } from "./periodic.ts";
import { LONGEST_SCALE } from "./prune.ts";
import type { EventOutcome, EventPlace, Strategy } from "./strategy.ts";
import { weakGaussians } from "./weak.ts";

/**
 * Makes the strategy of a run.
 *
 * @param context The run
 */
export function adcStrategy(context: StrategyContext): Strategy {
  return periodicStrategy(context, {
    name: "adc",
    fullGradientDepth: 0,
    scores: false,
    densify: (trainer, place) => densify(trainer, place, context),
  });
}

/** One event; it leaves at most `target` Gaussians, the last one exactly as many unless `budgetCap` is set. */
async function densify(trainer: Trainer, place: EventPlace, context: StrategyContext): Promise<EventOutcome> {
  const { gaussians } = trainer;
  const fills = place.event === place.events && !context.options.budgetCap;
  const target = countAfter(place, context);
  const before = gaussians.count;
  await prune(trainer, target, place, context);
  const outcome = { target, pruned: before - gaussians.count, cloned: 0, split: 0, filled: 0, count: gaussians.count };
  // A round at most doubles the count; a larger increase takes several.
  for (let round = 0; gaussians.count < target; round++) {
    const grown = await grow(trainer, { iteration: place.iteration, round, target, fills }, context);
    outcome.cloned += grown.cloned;
    outcome.split += grown.split;
    outcome.filled += grown.filled;
    if (!fills) break;
  }
  outcome.count = gaussians.count;
  return outcome;
}

/** Removes all weak Gaussians, then the faintest until `target` is reached. At least one stays. */
async function prune(
  { columns, gaussians: { count } }: Trainer,
  target: number,
  place: EventPlace,
  context: StrategyContext,
): Promise<void> {
  const { minOpacity, maxScale } = weakGaussians(place, context);
  await columns.compute("weak", `used_opacity < ${minOpacity} | ${LONGEST_SCALE} > ${maxScale}`);
  const weak = Math.min(await columns.sum("weak"), count - 1);
  const gone = Math.max(weak, count - target);
  // Weak ones first: their key is below 0.
  await columns.select("gone", "used_opacity - 2 * weak", { count: gone });
  if (gone > 0) {
    await columns.editRows("gone", [{ operation: "keep" }, { operation: "remove" }], { iteration: place.iteration });
  }
  columns.drop();
}

/** Clones small and splits large candidates of the highest gradients; with `fills`, others are added as well. */
async function grow(
  trainer: Trainer,
  { iteration, round, target, fills }: { iteration: number; round: number; target: number; fills: boolean },
  { options, extent }: StrategyContext,
): Promise<Omit<Grown, "candidates">> {
  const { columns, gaussians } = trainer;
  await columns.compute("candidate", `${MEAN_GRADIENT} >= ${options.densifyGradThreshold}`);
  await columns.compute("large", `${LONGEST_SCALE} > ${options.percentDense * extent}`);
  const among = fills ? "1" : "candidate";
  await columns.select("grown", `-(${MEAN_GRADIENT})`, { among, count: target - gaussians.count });
  await columns.compute("cloned", "grown & candidate & !large");
  await columns.compute("split", "grown & candidate & large");
  await columns.compute("filled", "grown & !candidate");
  const grown = await growMarked(trainer, { iteration, round });
  columns.drop();
  return grown;
}
