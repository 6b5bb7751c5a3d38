// Hands the events of a run to all its sinks, and decides which of their failures end the run.

import type { TrainEvent } from "../../train/events.ts";
import { failureOf } from "../exit.ts";
import type { Sink } from "./sink.ts";

/**
 * All sinks of a run as one. A sink that fails does not keep an event from the others.
 *
 * Before the first step a failure ends the run, which has nothing to lose yet. After it, a failure is a `warning`
 * event, since the next save tries again. At the last save and at the end there is no next one: what a model needs must
 * then be written.
 */
export class AllSinks implements Sink {
  readonly #sinks: readonly Sink[];

  constructor(sinks: readonly Sink[]) {
    this.#sinks = sinks;
  }

  async event(event: TrainEvent): Promise<void> {
    const failures: unknown[] = [];
    const ending: unknown[] = [];
    for (const sink of this.#sinks) {
      try {
        await sink.event(event);
      } catch (error) {
        (endsTheRun(event, sink) ? ending : failures).push(error);
      }
    }
    const { iteration, gaussians } = event;
    for (const failure of failures) {
      const message = `Iteration ${iteration}: ${failureOf(failure, () => "").message}`;
      await this.event({ type: "warning", iteration, gaussians, message });
    }
    if (ending.length > 0) throw ending[0];
  }

  async end(): Promise<void> {
    for (const sink of this.#sinks) await sink.end?.();
  }
}

/** Whether a sink's failure is the run's. A run that has `"failed"` or `"diverged"` reports its own error. */
function endsTheRun(event: TrainEvent, { essential = false }: Sink): boolean {
  if (event.iteration === 0) return true;
  const last = event.type === "save"
    ? ![undefined, "failed", "diverged"].includes(event.ending)
    : event.type === "done";
  return last && essential;
}
