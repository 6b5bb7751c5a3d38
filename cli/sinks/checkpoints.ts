// Writes the checkpoints of a run into its model folder, beside the training.

import { CheckpointFolder } from "../../export/checkpoints.ts";
import type { TrainEvent } from "../../train/events.ts";
import type { Reporter } from "../progress.ts";
import { recordedOptions } from "./record.ts";
import type { RunSetup, Sink } from "./sink.ts";

/** Writes one checkpoint at a time: the next one is taken when the last one is on the disk. */
export class CheckpointSink implements Sink {
  readonly #reporter: Reporter;
  readonly #setup: RunSetup;
  readonly #checkpoints: CheckpointFolder;
  #writing: Promise<void> = Promise.resolve();

  constructor(reporter: Reporter, setup: RunSetup) {
    this.#reporter = reporter;
    this.#setup = setup;
    this.#checkpoints = new CheckpointFolder(setup.folder, setup.values.start_checkpoint);
  }

  async event(event: TrainEvent): Promise<void> {
    if (event.type === "done") await this.#writing;
    if (event.type !== "checkpoint") return;
    await this.#writing;
    const snapshot = await event.snapshot();
    this.#writing = this.#checkpoints.save(snapshot, { config: recordedOptions(this.#setup) }).then(
      () => {},
      // The run itself is well, and the next checkpoint may fit.
      (error: Error) => this.#reporter.warn(`The checkpoint of iteration ${event.iteration} failed: ${error.message}`),
    );
  }

  async end(): Promise<void> {
    await this.#writing;
  }
}
