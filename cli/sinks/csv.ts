// Writes the log of a run, `train.csv`, into its model folder.

import { join } from "@std/path";
import { TrainLog } from "../../export/train_log.ts";
import { MODEL_FILES } from "../../load/model_folder.ts";
import type { TrainEvent } from "../../train/events.ts";
import type { FolderSink } from "./folder.ts";
import type { RunSetup, Sink } from "./sink.ts";

/** Collects the rows of `train.csv`, and writes them at every save and checkpoint, and at the end. */
export class CsvSink implements Sink {
  readonly #folder: FolderSink;
  readonly #log: TrainLog;

  /** `folder` takes each event before this sink. */
  constructor(setup: RunSetup, { folder }: { folder: FolderSink }) {
    this.#folder = folder;
    this.#log = new TrainLog(join(setup.folder, MODEL_FILES.log));
  }

  async event(event: TrainEvent): Promise<void> {
    switch (event.type) {
      case "plan":
        if (event.iteration > 0) await this.#log.resume(event.iteration);
        break;
      case "step":
        this.#log.add(event);
        break;
      case "densify":
        this.#log.densified(event);
        break;
      case "evaluate":
        this.#log.evaluated(event);
        break;
      case "save":
        this.#log.saved(event);
        if (this.#folder.begun) await this.#log.write();
        break;
      case "checkpoint":
      case "done":
        if (this.#folder.begun) await this.#log.write();
        break;
    }
  }
}
