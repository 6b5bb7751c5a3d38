/**
 * The default strategy. An event scores the Gaussians in a few views, prunes weak ones, then clones and splits up to
 * its target count. `prune.ts` and `grow.ts` select the Gaussians.
 *
 * Mallick et al. 2024 (Taming 3DGS), section 4.
 *
 * @module
 */

import type { Trainer } from "../../ffi/trainer.ts";
import { countAfter } from "../budget.ts";
import type { StrategyContext } from "../options.ts";
import { grow } from "./grow.ts";
import { periodicStrategy } from "./periodic.ts";
import { prune } from "./prune.ts";
import type { EventOutcome, EventPlace, Strategy } from "./strategy.ts";
import { weakGaussians } from "./weak.ts";

/**
 * Camera depth from which gradients count in full, in scene extents (Zhang et al. 2024, Pixel-GS): Gaussians that grow
 * close to a camera fit only its view and become floaters in others.
 */
const FULL_GRADIENT_DEPTH = 0.37;

/**
 * Makes the strategy of a run.
 *
 * @param context The run
 */
export function tamingStrategy(context: StrategyContext): Strategy {
  return periodicStrategy(context, {
    name: "taming",
    fullGradientDepth: FULL_GRADIENT_DEPTH * context.extent,
    scores: true,
    densify: (trainer, place) => densify(trainer, place, context),
  });
}

/** One event; it leaves `target` Gaussians unless `budgetCap` is set and there are too few candidates. */
async function densify(trainer: Trainer, place: EventPlace, context: StrategyContext): Promise<EventOutcome> {
  const { options, extent } = context;
  const { iteration } = place;
  const { gaussians } = trainer;
  const target = countAfter(place, context);
  const before = gaussians.count;
  await prune(trainer, { iteration, target, ...weakGaussians(place, context) });
  const outcome = { target, pruned: before - gaussians.count, cloned: 0, split: 0, filled: 0, count: gaussians.count };
  // A round at most doubles the count; a larger increase takes several.
  for (let round = 0; gaussians.count < target; round++) {
    const grown = await grow(trainer, {
      iteration,
      round,
      target,
      gradientThreshold: options.densifyGradThreshold,
      sizeThreshold: options.percentDense * extent,
      fill: !options.budgetCap,
    });
    outcome.cloned += grown.cloned;
    outcome.split += grown.split;
    outcome.filled += grown.filled;
    if (grown.cloned + grown.split === 0) break;
    if (options.budgetCap) break;
  }
  outcome.count = gaussians.count;
  return outcome;
}
