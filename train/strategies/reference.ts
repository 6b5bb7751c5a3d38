/**
 * The strategy with parity part `selection`: events as in the implementation that the authors of Mallick et al. 2024
 * (Taming 3DGS) published.
 *
 * @module
 */

import type { Trainer } from "../../ffi/trainer.ts";
import { countAfter } from "../budget.ts";
import type { StrategyContext } from "../options.ts";
import { periodicStrategy } from "./periodic.ts";
import { referenceEvent } from "./reference_event.ts";
import type { EventOutcome, EventPlace, Strategy } from "./strategy.ts";
import { weakGaussians } from "./weak.ts";

/**
 * Makes the strategy of a run.
 *
 * @param context The run
 */
export function referenceStrategy(context: StrategyContext): Strategy {
  return periodicStrategy(context, {
    name: "reference",
    fullGradientDepth: 0,
    scores: true,
    densify: (trainer, place) => densify(trainer, place, context),
  });
}

/** One event; it leaves at most the larger of `target` and the count before. */
async function densify(trainer: Trainer, place: EventPlace, context: StrategyContext): Promise<EventOutcome> {
  const { options, extent } = context;
  const target = countAfter(place, context);
  const { pruned, cloned, split, filled, count } = await referenceEvent(trainer, {
    iteration: place.iteration,
    target,
    gradientThreshold: options.densifyGradThreshold,
    sizeThreshold: options.percentDense * extent,
    ...weakGaussians(place, context),
  });
  return { target, pruned, cloned, split, filled, count };
}
