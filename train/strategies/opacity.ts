/**
 * When opacities are reset, switched from logits to linear, or frozen.
 *
 * Resets of Kerbl et al. 2023; the switch of Mallick et al. 2024 (Taming 3DGS).
 *
 * @module
 */

import type { ResolvedTrainOptions } from "../options.ts";
import { follows } from "../parity.ts";

/** A reset lowers every opacity to at most this. */
export const RESET_OPACITY = 0.01;

/**
 * Whether an iteration lowers all opacities to at most 0.01.
 *
 * @param iteration 1-based
 * @param options Resolved options
 * @returns True at multiples of `opacityResetInterval` before `densifyUntilIter`, with a white background also at
 * `densifyFromIter`; never at the last iteration, since no step would raise them again
 */
export function resetsOpacity(iteration: number, options: ResolvedTrainOptions): boolean {
  if (iteration >= options.densifyUntilIter || iteration >= options.iterations) return false;
  return iteration % options.opacityResetInterval === 0 ||
    (options.whiteBackground && iteration === options.densifyFromIter);
}

/**
 * Whether opacities are trained directly instead of as logits after an iteration.
 *
 * @param iteration 1-based
 * @param options Resolved options
 * @returns True at `hoIteration` with `highOpacity`; never at the last iteration
 */
export function switchesOpacity(iteration: number, options: ResolvedTrainOptions): boolean {
  return options.highOpacity && iteration === options.hoIteration && iteration < options.iterations;
}

/**
 * Whether opacities are not trained any more: with parity part `opacity` from `hoIteration` on, where the reference
 * replaces them by tensors that its optimiser does not know.
 *
 * @param iteration 1-based
 * @param options Resolved options
 */
export function endsOpacity(iteration: number, options: ResolvedTrainOptions): boolean {
  return follows(options, "opacity") && iteration >= options.hoIteration;
}

/**
 * Whether opacities are not stepped in an iteration: when they are reset, and when they are not trained any more.
 *
 * @param iteration 1-based
 * @param options Resolved options
 */
export function keepsOpacity(iteration: number, options: ResolvedTrainOptions): boolean {
  return resetsOpacity(iteration, options) || endsOpacity(iteration, options);
}
