/**
 * Chooses the strategy of a run: the caller's, or one in this folder.
 *
 * @module
 */

import type { StrategyContext } from "../options.ts";
import { follows } from "../parity.ts";
import { referenceStrategy } from "./reference.ts";
import type { Strategy } from "./strategy.ts";
import { tamingStrategy } from "./taming.ts";

/**
 * Makes the strategy of a run.
 *
 * @param context The run
 * @returns That of `options.strategy`; else, with parity part `selection`, the reference's; else Taming's
 * @throws {RangeError} When the densification events of `options.strategy` are not ascending iterations of the run
 */
export function strategyOf(context: StrategyContext): Strategy {
  const { options } = context;
  const own = options.strategy?.(context);
  if (own === undefined) return (follows(options, "selection") ? referenceStrategy : tamingStrategy)(context);
  let before = 0;
  for (const iteration of own.densification) {
    if (!Number.isInteger(iteration) || iteration <= before || iteration > options.iterations) {
      throw new RangeError(
        `Cannot train with the strategy "${own.name}": its densification lists ${iteration} after ${before}; list ` +
          `ascending iterations from 1 to ${options.iterations}`,
      );
    }
    before = iteration;
  }
  return own;
}
