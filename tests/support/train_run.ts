// Whole training runs as one value: their events, losses and Gaussians.
import { assertEquals } from "@std/assert";
import type { Scene } from "../../base/scene.ts";
import type { Device } from "../../ffi/device.ts";
import type { Gaussians } from "../../ffi/gaussians.ts";
import type { TrainEvent, TrainResult } from "../../train/events.ts";
import { train } from "../../train/loop.ts";
import type { TrainOptions } from "../../train/options.ts";

/** A run that has ended. */
export interface Trained {
  /** All events, in order; the Gaussians they refer to are disposed of. */
  events: TrainEvent[];
  /** Losses of all iterations. */
  losses: number[];
  /** All rows of the Gaussians as they would be saved. */
  rows: Float32Array;
  /** How the run ended. */
  result: TrainResult;
}

/** All rows of the Gaussians as they would be saved. */
export function rows(gaussians: Gaussians): Float32Array {
  return gaussians.plyRows(0, gaussians.count);
}

/** Trains to the end and frees the Gaussians; `onEvent` sees each event while they live. */
export async function trained(
  device: Device,
  scene: Scene,
  options: TrainOptions,
  onEvent?: (event: TrainEvent) => void,
): Promise<Trained> {
  const events: TrainEvent[] = [];
  for await (const event of train(device, scene, options)) {
    events.push(event);
    onEvent?.(event);
  }
  const done = events[events.length - 1];
  if (done.type !== "done") throw new Error(`The last event is "${done.type}"`);
  using gaussians = done.gaussians;
  assertEquals(gaussians.count, done.result.count);
  const losses = events.flatMap((event) => event.type === "step" ? [...event.losses] : []);
  return { events, losses, rows: rows(gaussians), result: done.result };
}
