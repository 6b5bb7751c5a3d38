/**
 * The strategy of a run: the caller's own, or one of this folder.
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
 * @param context The run; its options say which one
 * @returns That of `options.strategy`, else the reference's with parity of the part `selection`, else Taming's
 * @throws {RangeError} When the densification events of the caller's own are no ascending iterations of the run
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
