/**
 * The last word on the iterations of a run with `maxSeconds`: they are decided once, from the pace that the run itself
 * has when its densification is over. Rehearsals (time_plan.ts) only choose the schedule: how long the steps of a
 * trained scene take at the full count, above all after opacities were reset, is not known before.
 *
 * @module
 */

import { FINAL_DECAY_SHARE } from "./schedule.ts";
import { filledSeconds, type TimePlan } from "./time_plan.ts";

/** Share of the planned iterations at which it is decided at the latest: before the final decay of the rates. */
const LATEST_SHARE = 0.88;
/** Share of the time at which it is decided: late, so that little is left in which the pace can change. */
const DECIDING_SHARE = 0.8;
/** Share of the time over which the pace is measured, and the least. */
const MEASURED_SHARE = 0.1;
const LEAST_MEASURED_SHARE = 0.005;

/** How far a run has come. */
export interface Progress {
  /** The last finished iteration. */
  iteration: number;
  /** Seconds of training so far, those of rehearsals included. */
  seconds: number;
}

/** Measures the pace of a run, and decides its iterations. */
export class FinalIterations {
  readonly #seconds: number;
  readonly #after: number;
  readonly #places: Progress[] = [];

  /**
   * @param maxSeconds Seconds that the run should take
   * @param densification Iterations of its densification events
   */
  constructor(maxSeconds: number, densification: readonly number[]) {
    this.#seconds = maxSeconds;
    this.#after = densification.at(-1) ?? 0;
  }

  /**
   * The last iteration of a batch, which does not pass the place where the iterations are decided at the latest.
   *
   * @param first First iteration of the batch
   * @param last Its last iteration otherwise
   * @param planned Iterations that are planned
   */
  static batchEnd(first: number, last: number, planned: number): number {
    const latest = latestPlace(planned);
    return first <= latest ? Math.min(last, latest) : last;
  }

  /**
   * Takes the place of a run between two batches.
   *
   * @param place How far it has come
   * @param plan Its plan
   * @returns The iterations of the run; undefined if it is too early to decide
   */
  decide(place: Progress, { iterations: planned, most }: TimePlan): number | undefined {
    const { iteration, seconds } = place;
    const latest = latestPlace(planned);
    if (iteration > latest) return planned;
    if (iteration < this.#after) return undefined;
    const places = this.#places;
    places.push({ iteration, seconds }); // the caller goes on with its own
    while (places.length > 1 && seconds - places[1].seconds >= MEASURED_SHARE * this.#seconds) places.shift();
    const measured = seconds - places[0].seconds;
    const enough = measured >= LEAST_MEASURED_SHARE * this.#seconds;
    if (iteration < latest && !(enough && seconds >= DECIDING_SHARE * this.#seconds)) return undefined;
    if (!enough) return planned;
    const pace = measured / (iteration - places[0].iteration);
    const fitting = iteration + Math.floor((filledSeconds(this.#seconds) - seconds) / pace);
    // With fewer, the rates of some of the steps so far would have been lower.
    const least = Math.ceil(iteration / (1 - FINAL_DECAY_SHARE));
    return Math.min(Math.max(fitting, least), most);
  }
}

function latestPlace(planned: number): number {
  return Math.floor(LATEST_SHARE * planned);
}
