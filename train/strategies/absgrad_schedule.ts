/**
 * The schedule of the strategy absgrad: after which iterations opacities decay, and which steps gather for an event.
 *
 * @module
 */

import type { ResolvedTrainOptions } from "../options.ts";

/** Number of decays until densification ends. */
const DECAYS = 12;
/** Place of a decay in its share of that time: midway between two events of the usual schedule. */
const DECAY_PLACE = 0.75;
/** Minimum iterations between two decays: opacities need them to recover. */
const LEAST_PERIOD = 100;

/**
 * The iterations after which opacities decay: about (k + 3/4) / 12 of `densifyUntilIter` for k = 0, 1, …, each moved to
 * the middle between two events, so that new Gaussians have steps to train before it.
 *
 * @param densification Iterations of the events, ascending
 * @param options Resolved options
 * @returns Iterations within the run, ascending; none without events
 */
export function decayIterations(
  densification: readonly number[],
  { iterations, densifyUntilIter }: Pick<ResolvedTrainOptions, "iterations" | "densifyUntilIter">,
): number[] {
  if (densification.length === 0) return [];
  const period = Math.max(densifyUntilIter / DECAYS, LEAST_PERIOD);
  const bounds = [0, ...densification, densifyUntilIter];
  const decays = new Set<number>();
  for (let t = DECAY_PLACE * period; t < Math.min(densifyUntilIter, iterations); t += period) {
    const next = bounds.findIndex((bound) => bound > t);
    decays.add(Math.round((bounds[next - 1] + bounds[next]) / 2));
  }
  return [...decays].filter((iteration) => iteration < iterations);
}

/** The steps that gather statistics for an event. */
export interface Gathering {
  /** First iteration. */
  first: number;
  /** Last iteration. */
  last: number;
  /** Whether all training views are among the steps. */
  whole: boolean;
}

/**
 * The steps that gather for an event: those of the last whole epoch between it and the event before, in which each
 * training view is drawn once. If no epoch fits, all steps since the event before.
 *
 * @param event Iteration of the event
 * @param before Iteration of the event before; 0 if there is none
 * @param run Number of training views, and views of a step
 */
export function gatheringFor(
  event: number,
  before: number,
  { views, viewsPerStep }: { views: number; viewsPerStep: number },
): Gathering {
  const epochs = Math.floor(event * viewsPerStep / views);
  const first = Math.floor((epochs - 1) * views / viewsPerStep) + 1;
  if (first <= before) return { first: before + 1, last: event, whole: false };
  return { first, last: Math.ceil(epochs * views / viewsPerStep), whole: true };
}
