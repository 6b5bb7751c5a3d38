// What a training run's events go to: each sink makes one kind of output of them, and knows nothing of the loop.

import type { Scene } from "../../base/scene.ts";
import type { Device } from "../../ffi/device.ts";
import type { TrainEvent } from "../../train/events.ts";
import type { TrainValues } from "../train_options.ts";

/** Makes an output of a run's events. */
export interface Sink {
  /** Takes one event, in order; the run waits for it. */
  event(event: TrainEvent): void | Promise<void>;
  /** Called once when the run is over, also when it failed. */
  end?(): void;
}

/** What is known of a run before its first event. */
export interface RunSetup {
  values: TrainValues;
  device: Device;
  scene: Scene;
  /** Path of the model folder. */
  folder: string;
  /** Seconds from the start of the verb to the first event. */
  loadSeconds: number;
}
