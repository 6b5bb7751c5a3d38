// The strategy of a run that is not run.

import { budgetTarget } from "../../train/budget.ts";
import { resolveTrainOptions, type TrainOptions } from "../../train/options.ts";
import { strategyOf } from "../../train/strategies/choose.ts";
import type { Strategy } from "../../train/strategies/strategy.ts";

/** The strategy of a run on a scene of 6 views and 60 points. */
export function strategyFor(options: TrainOptions): Strategy {
  const resolved = resolveTrainOptions(options);
  const start = 60;
  const target = budgetTarget(start, resolved);
  return strategyOf({ options: resolved, seed: 0, extent: 1, views: 6, start, target });
}
