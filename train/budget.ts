/**
 * The budget: how many Gaussians each densification event leaves, so that the last one leaves exactly the target.
 *
 * @module
 */

import type { ResolvedTrainOptions } from "./options.ts";
import { follows, referenceEventTarget } from "./parity.ts";

/**
 * The target count of the options.
 *
 * @param start Number of Gaussians at the start
 * @param options Resolved options
 * @returns The target count, at least 1
 */
export function budgetTarget(start: number, options: ResolvedTrainOptions): number {
  return Math.max(Math.floor(options.mode === "multiplier" ? start * options.budget : options.budget), 1);
}

/**
 * The maximum number of Gaussians during a run, for which its memory must suffice.
 *
 * @param counts Number of Gaussians at the start, and after the last densification event
 * @param events Number of densification events of the run
 * @returns The larger of the start and the target; the start if there are no events
 */
export function largestCount({ start, target }: { start: number; target: number }, events: number): number {
  return events > 0 ? Math.max(start, target) : start;
}

/**
 * The largest target count that fits, by bisection.
 *
 * @param wanted Target count that does not fit, at least 2
 * @param fits Whether a target count fits; if one does, all smaller ones do
 * @returns A count below `wanted`; 1 if none of these fits
 */
export function fittingTarget(wanted: number, fits: (target: number) => boolean): number {
  let [most, least] = [wanted, 1];
  while (most - least > 1) {
    const middle = Math.floor((least + most) / 2);
    if (fits(middle)) least = middle;
    else most = middle;
  }
  return least;
}

/**
 * The count that an event leaves: a parabola from the start to the target, with its apex at the last event (Mallick et
 * al. 2024, equation 2, with every event counted).
 *
 * @param event 1 to `events`
 * @param events Number of events of the run, at least 1
 * @param start Count at the start
 * @param target Count after the last event
 * @returns `round(target - (target - start) (1 - event / events)^2)`; `target` itself for the last event
 */
export function eventTarget(event: number, events: number, start: number, target: number): number {
  const left = 1 - event / events;
  return Math.round(target - (target - start) * left * left);
}

/**
 * The count that an event of a run should leave.
 *
 * @param place 1-based number of the event, and number of events
 * @param run Count at the start, budget, resolved options
 * @returns {@linkcode eventTarget}, or the reference's count with parity part `curve`
 */
export function countAfter(
  { event, events }: { event: number; events: number },
  { start, target, options }: { start: number; target: number; options: ResolvedTrainOptions },
): number {
  return follows(options, "curve")
    ? referenceEventTarget(event, { start, target }, options)
    : eventTarget(event, events, start, target);
}
