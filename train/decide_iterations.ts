// Decides the iterations of a run with `maxSeconds` while it runs, and gives it these.

import type { TrainEvent } from "./events.ts";
import { FinalIterations } from "./final_iterations.ts";
import type { Run } from "./run.ts";
import { scheduleOf } from "./scaled_schedule.ts";
import type { Strategy } from "./strategies/strategy.ts";

/** Iterations at which something is due, in a run with another last one: what was due there is due at the new one. */
export function withEnd(iterations: readonly number[], { last, next }: { last: number; next: number }): number[] {
  return iterations.map((iteration) => iteration === last ? next : iteration);
}

/** Called between two batches of a run: makes the decision when it is time for it. */
export class IterationsDecision {
  readonly #run: Run;
  readonly #final: FinalIterations;

  /** `run` is before its first step, or a resumed one before the first that follows. */
  constructor(run: Run) {
    this.#run = run;
    this.#final = new FinalIterations(run.options.maxSeconds, run.strategy.densification);
  }

  /** Whether the iterations of the run are still to be decided. */
  get open(): boolean {
    const { withIterations, state: { timePlan } } = this.#run;
    return withIterations !== undefined && timePlan !== null && !timePlan.decided;
  }

  /** The last iteration of a batch, which ends where the decision is due at the latest. */
  batchEnd(first: number, last: number): number {
    return this.open ? FinalIterations.batchEnd(first, last, this.#run.options.iterations) : last;
  }

  /** Decides, if it is time for it. */
  *events(): Generator<TrainEvent, void, void> {
    const run = this.#run;
    const { state, gaussians } = run;
    if (!this.open) return;
    const timePlan = state.timePlan!;
    const wanted = this.#final.decide(state, timePlan);
    if (wanted === undefined) return;
    const { iteration } = state;
    const changed = run.withIterations!(wanted);
    // A strategy whose events so far would have been others cannot be repeated with another number.
    const kept = wanted === timePlan.iterations || !hasSameEvents(iteration, run.strategy, changed.strategy);
    if (!kept) Object.assign(run, changed);
    const { iterations } = run.options;
    state.timePlan = { ...timePlan, iterations, decided: true };
    const schedule = scheduleOf(run.options);
    yield { type: "iterations", iteration, gaussians, iterations, timePlan: state.timePlan, schedule };
  }
}

function hasSameEvents(iteration: number, one: Strategy, other: Strategy): boolean {
  if (`${one.densification}` !== `${other.densification}`) return false;
  for (let t = 1; t <= iteration; t++) {
    if (one.isEvent(t) !== other.isEvent(t)) return false;
  }
  return true;
}
