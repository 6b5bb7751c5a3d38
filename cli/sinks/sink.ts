// Sinks of a training run's events. Each sink writes one kind of output.

import type { Scene } from "../../base/scene.ts";
import type { Device } from "../../ffi/device.ts";
import type { RunIdentity } from "../../load/run_config.ts";
import type { TrainEvent } from "../../train/events.ts";
import type { TrainValues } from "../train_options.ts";

/** Writes an output from a run's events. */
export interface Sink {
  /** Whether a model lacks something if this output of the end of its run is missing. Default false. */
  readonly essential?: boolean;
  /** Takes one event, in order; the run waits for it. */
  event(event: TrainEvent): void | Promise<void>;
  /** Called once at the end of the run, also if it failed. */
  end?(): void | Promise<void>;
}

/** A run before its first event. */
export interface RunSetup {
  /** All options, also those that were not given. With --max_seconds, its plan settles them before the first event. */
  values: TrainValues;
  device: Device;
  scene: Scene;
  /** Path of the model folder. */
  folder: string;
  /** The run, as its files name it, with what it has saved so far. */
  run: RunIdentity;
  /** Seconds from the start of the verb to the first event. */
  loadSeconds: number;
}
