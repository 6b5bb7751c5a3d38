/**
 * Parity with the reference: everything that `parity: "reference"` does otherwise, so that a run can be compared with
 * one of the implementation that the authors of Mallick et al. 2024 (Taming 3DGS) published.
 *
 * | what                  | by default                                      | with parity                                  |
 * | --------------------- | ----------------------------------------------- | -------------------------------------------- |
 * | count after an event  | on a parabola that ends at the budget           | one event behind, rounded down, never filled |
 * | order in an event     | pruning, then growth                            | growth, then pruning                         |
 * | too few scores        | candidates of score 0, then other Gaussians     | any Gaussians                                |
 * | weights of pruning    | each Gaussian's own score                       | the score that stood at its place before     |
 * | opacities             | trained to the end                              | left alone from `hoIteration` on             |
 * | random background     | drawn in every iteration                        | drawn once for the run                       |
 * | alpha's cap of 0.99   | no gradient where it holds                      | gradients pass it                            |
 * | principal points      | as the capture states them                      | central (`loadScene`)                        |
 * | `resolution` of -1    | exactly 1600 pixels wide                        | 1599 for some widths (`loadScene`)           |
 *
 * What makes no difference to a result, or fails in the reference, stays as it is here. The event itself is in
 * `reference_densify.ts`.
 *
 * @module
 */

import type { ResolvedTrainOptions } from "./options.ts";

/** Whose training to follow where the two differ. */
export type Parity = "none" | "reference";

/**
 * Whether a run follows the reference.
 *
 * @param options Resolved options
 */
export function followsReference(options: Pick<ResolvedTrainOptions, "parity">): boolean {
  return options.parity === "reference";
}

/**
 * Whether opacities take no step: the reference replaces them by tensors that its optimiser does not know.
 *
 * @param iteration 1-based
 * @param options Resolved options
 */
export function freezesOpacity(iteration: number, options: ResolvedTrainOptions): boolean {
  return followsReference(options) && iteration >= options.hoIteration;
}

/**
 * The count that an event of the reference grows to, if its candidates suffice. Its parabola has the apex at
 * `(densifyUntilIter - densifyFromIter) / densificationInterval`, rounded down, which no event reaches.
 *
 * @param event 1-based
 * @param start Count at the start of the run
 * @param target The budget
 * @param options Resolved options
 * @returns Rounded down; `start` where the interval leaves no room for growth
 */
export function referenceEventTarget(
  event: number,
  budget: { start: number; target: number },
  options: ResolvedTrainOptions,
): number {
  const { start, target } = budget;
  const apex = Math.floor((options.densifyUntilIter - options.densifyFromIter) / options.densificationInterval);
  const place = Math.min(event, apex - 1); // later events of an odd interval repeat the last count
  if (place < 1) return start;
  const slope = 2 * (target - start) / apex;
  return Math.floor((target - start - slope * apex) / apex ** 2 * place ** 2 + slope * place + start);
}
