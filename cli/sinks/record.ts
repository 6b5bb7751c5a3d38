// Writes the record of a run, `config.json`: its options, with which it can be repeated, and its result.

import { type RunConfig, writeRunConfig } from "../../export/model_folder.ts";
import type { TrainEvent } from "../../train/events.ts";
import type { TimePlan } from "../../train/time_plan.ts";
import { userPath } from "../paths.ts";
import type { FolderSink } from "./folder.ts";
import type { RunSetup, Sink } from "./sink.ts";

/** Writes `config.json` when the run has started its folder, after every save and at the end. */
export class RecordSink implements Sink {
  readonly essential = true;
  readonly #setup: RunSetup;
  readonly #folder: FolderSink;
  #begun = false;
  #timePlan: TimePlan | null = null;
  #seconds = { load: 0, train: 0, total: 0 };

  /** `folder` takes each event before this sink. */
  constructor(setup: RunSetup, { folder }: { folder: FolderSink }) {
    this.#setup = setup;
    this.#folder = folder;
  }

  /** Wall-clock seconds of the run, available at its end. */
  get seconds(): Required<RunConfig>["seconds"] {
    return this.#seconds;
  }

  async event(event: TrainEvent): Promise<void> {
    if (event.type === "plan" || event.type === "iterations") this.#timePlan = event.timePlan;
    if (event.type === "done") {
      const { result } = event;
      this.#seconds = {
        load: this.#setup.loadSeconds + result.loadSeconds,
        train: result.seconds,
        total: performance.now() / 1000,
      };
      if (this.#folder.begun) await this.#write({ result, seconds: this.#seconds });
    } else if (this.#folder.begun && (!this.#begun || event.type === "save" || event.type === "iterations")) {
      this.#begun = true;
      await this.#write({});
    }
  }

  async #write(ending: Pick<RunConfig, "result" | "seconds">): Promise<void> {
    const { run, device: { backend, name, reason, seed }, scene, folder } = this.#setup;
    const timePlan = this.#timePlan;
    await writeRunConfig(folder, {
      run,
      // Repeated with --config, a run whose iterations are decided takes as many again, not the same time.
      options: { ...recordedOptions(this.#setup), ...(timePlan?.decided ? { max_seconds: null } : {}) },
      ...(timePlan === null ? {} : { timePlan }),
      device: { backend, name, reason, seed },
      capture: {
        source: scene.source,
        train: scene.train.length,
        test: scene.test.length,
        points: scene.points.count,
        extent: scene.extent,
      },
      ...ending,
    });
  }
}

/** All options by name, so that `--config` repeats the run from anywhere, and from its beginning. */
export function recordedOptions({ values, scene, folder }: RunSetup): Record<string, unknown> {
  const recorded: Record<string, unknown> = { ...values, source_path: scene.source, model_path: folder };
  for (const name of ["config", "resume", "start_checkpoint"]) delete recorded[name];
  if (values.init !== undefined) recorded.init = userPath(values.init);
  for (const name of Object.keys(recorded)) recorded[name] ??= null;
  return recorded;
}
