/**
 * The strategy of a run with parity of the part `selection`: events as the implementation that the authors of Mallick
 * et al. 2024 (Taming 3DGS) published carries them out.
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
 * The strategy of a run.
 *
 * @param context The run
 */
export function referenceStrategy(context: StrategyContext): Strategy {
  return periodicStrategy(context, {
    name: "reference",
    fullGradientDepth: 0,
    densify: (trainer, place) => densify(trainer, place, context),
  });
}

/** One event; the count it leaves is `target` at most, or what it was where that is more. */
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
