/**
 * Chooses the strategy of a run: the caller's, or one in this folder.
 *
 * @module
 */

import type { StrategyContext } from "../options.ts";
import { follows } from "../parity.ts";
import type { StrategyName } from "../strategy_options.ts";
import { absgradStrategy } from "./absgrad.ts";
import { adcStrategy } from "./adc.ts";
import { mcmcStrategy } from "./mcmc.ts";
import { referenceStrategy } from "./reference.ts";
import type { Strategy } from "./strategy.ts";
import { tamingStrategy } from "./taming.ts";

const STRATEGIES: Readonly<Record<StrategyName, (context: StrategyContext) => Strategy>> = {
  taming: tamingStrategy,
  absgrad: absgradStrategy,
  mcmc: mcmcStrategy,
  adc: adcStrategy,
};

/**
 * Makes the strategy of a run.
 *
 * @param context The run
 * @returns That of `options.strategy`; with parity part `selection`, the reference's in place of Taming's
 * @throws {RangeError} When the densification events of the caller's strategy are not ascending iterations of the run
 */
export function strategyOf(context: StrategyContext): Strategy {
  const { options } = context;
  const { strategy, iterations } = options;
  if (typeof strategy !== "function") {
    return (follows(options, "selection") ? referenceStrategy : STRATEGIES[strategy])(context);
  }
  const own = strategy(context);
  let before = 0;
  for (const iteration of own.densification) {
    if (!Number.isInteger(iteration) || iteration <= before || iteration > iterations) {
      throw new RangeError(
        `Cannot train with the strategy "${own.name}": its densification lists ${iteration} after ${before}; list ` +
          `ascending iterations from 1 to ${iterations}`,
      );
    }
    before = iteration;
  }
  return own;
}
