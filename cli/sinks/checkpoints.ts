// Writes the checkpoints of a run into its model folder, beside the training.

import { CheckpointFolder } from "../../export/checkpoints.ts";
import type { Snapshot } from "../../train/checkpoint/snapshot.ts";
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
  #path: string | undefined;

  constructor(reporter: Reporter, setup: RunSetup) {
    this.#reporter = reporter;
    this.#setup = setup;
    this.#path = setup.values.start_checkpoint;
    this.#checkpoints = new CheckpointFolder(setup.folder, this.#path);
  }

  async event(event: TrainEvent): Promise<void> {
    if (event.type === "done") await this.#writing;
    if (event.type === "save" && event.ending === "diverged") await this.#noteLast();
    if (event.type !== "checkpoint") return;
    await this.#writing;
    const copied = event.snapshot();
    this.#writing = this.#write(copied, event.iteration);
    await copied.catch(() => {}); // a warning already
  }

  /** Writes a checkpoint. A failure is a warning: the run itself is well, and the next checkpoint may fit. */
  async #write(copied: Promise<Snapshot>, iteration: number): Promise<void> {
    try {
      this.#path = await this.#checkpoints.save(await copied, { config: recordedOptions(this.#setup) });
    } catch (error) {
      const { folder } = this.#setup;
      this.#reporter.warn(`No checkpoint of iteration ${iteration} in ${folder}: ${(error as Error).message}`);
    }
  }

  async #noteLast(): Promise<void> {
    await this.#writing;
    if (this.#path !== undefined) this.#reporter.note(`The last checkpoint, with finite numbers only: ${this.#path}`);
  }

  async end(): Promise<void> {
    await this.#writing;
  }
}
