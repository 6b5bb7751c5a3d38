// The progress of a run: a bar on a terminal, elsewhere a line every few seconds.

import { formatBytes } from "../../base/format.ts";
import type { TrainEvent } from "../../train/events.ts";
import { count } from "../format.ts";
import type { Reporter } from "../progress.ts";
import type { RunSetup, Sink } from "./sink.ts";

/** Shows the number of loaded photos and of finished iterations. */
export class BarSink implements Sink {
  readonly #reporter: Reporter;
  readonly #setup: Pick<RunSetup, "values">;

  constructor(reporter: Reporter, setup: Pick<RunSetup, "values">) {
    this.#reporter = reporter;
    this.#setup = setup;
  }

  event(event: TrainEvent): void {
    if (event.type === "photo") {
      const { loaded, total } = event;
      this.#reporter.progress({ label: "Photos", done: loaded, total, unit: "photo" });
    }
    if (event.type === "step") {
      const details = [
        { text: `loss ${event.loss.toFixed(7)}`, importance: 4 },
        { text: `${count(event.count)} Gaussians`, importance: 2 },
        { text: formatBytes(event.memory), importance: 7 },
      ];
      const total = this.#setup.values.iterations;
      this.#reporter.progress({ label: "Training", done: event.iteration, total, unit: "it", details });
    }
  }

  end(): void {
    this.#reporter.finish();
  }
}
