/**
 * The defaults that a strategy changes, for runs of the usual length. Presets and options given explicitly
 * override them.
 *
 * @module
 */

import type { OptionValue } from "../base/option.ts";

/** A strategy of this library. */
export type StrategyName = "taming" | "absgrad" | "mcmc" | "adc";

/** The options of each strategy by their names in `TrainOptions`. */
export const STRATEGY_OPTIONS: Readonly<Record<StrategyName, Readonly<Record<string, OptionValue>>>> = {
  taming: {},
  absgrad: {
    densificationInterval: 1000,
    densifyUntilIter: 24_000,
    hoIteration: 24_000,
    positionLrFinal: 0.000064,
    shLower: true,
  },
  mcmc: { densifyUntilIter: 25_000 },
  adc: {},
};

/**
 * The options that a strategy sets.
 *
 * @param strategy Name of a strategy, or a caller's own
 * @returns None for an unknown one, or a caller's own
 */
export function strategyOptions(strategy: unknown): Readonly<Record<string, OptionValue>> {
  const name = strategy ?? "taming";
  return typeof name === "string" && Object.hasOwn(STRATEGY_OPTIONS, name)
    ? STRATEGY_OPTIONS[name as StrategyName]
    : {};
}
