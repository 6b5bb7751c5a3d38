// The events of a run as JSON, one object a line on the standard output.

import { previewPath } from "../../load/model_folder.ts";
import type { TrainEvent } from "../../train/events.ts";
import { checkpointBytes } from "../../train/plan.ts";
import type { Reporter } from "../progress.ts";
import type { FolderSink } from "./folder.ts";
import type { RecordSink } from "./record.ts";
import type { RunSetup, Sink } from "./sink.ts";

/** Writes each event as JSON with --json, with the paths and times of the other sinks. */
export class JsonSink implements Sink {
  readonly #reporter: Reporter;
  readonly #setup: RunSetup;
  readonly #folder: FolderSink;
  readonly #record: RecordSink;
  readonly #signal: AbortSignal;

  /** `folder` and `record` take each event before this sink; after `signal` it waits for no reader. */
  constructor(
    reporter: Reporter,
    setup: RunSetup,
    { folder, record, signal }: { folder: FolderSink; record: RecordSink; signal: AbortSignal },
  ) {
    this.#reporter = reporter;
    this.#setup = setup;
    this.#folder = folder;
    this.#record = record;
    this.#signal = signal;
  }

  async event(event: TrainEvent): Promise<void> {
    // The Gaussians are written as their count; exposures are in the model folder.
    this.#reporter.event({ ...event, gaussians: event.gaussians.count, ...this.#more(event) });
    await this.#reporter.keepUp(this.#signal);
  }

  #more(event: TrainEvent): object {
    switch (event.type) {
      case "plan":
        return { checkpointBytes: checkpointBytes(event.plan) };
      case "step": // losses with the digits of a float
        return { losses: Array.from(event.losses, (loss) => Number(loss.toPrecision(7))) };
      case "save":
        return { path: this.#folder.pathOf(event.iteration), exposures: undefined };
      case "preview":
        return { path: previewPath(this.#setup.folder, event.iteration), exposures: undefined };
      case "done": {
        const { folder } = this.#setup;
        const path = this.#folder.path ?? null;
        return { folder, path, totalSeconds: this.#record.seconds.total, exposures: undefined };
      }
      default:
        return {};
    }
  }
}
