// The state that the parts of one run share, and the end of a run.

import type { Exposures } from "../base/exposure.ts";
import type { Scene } from "../base/scene.ts";
import type { Device } from "../ffi/device.ts";
import type { Gaussians } from "../ffi/gaussians.ts";
import type { CheckpointCadence } from "./checkpoint/cadence.ts";
import type { RunOrigin } from "./checkpoint/manifest.ts";
import type { RunExposures } from "./exposure/exposures.ts";
import type { TrainController } from "./controller.ts";
import type { RunEnding, TrainEvent, TrainResult } from "./events.ts";
import type { ResolvedTrainOptions } from "./options.ts";
import { type RunState, timed } from "./state.ts";
import type { Strategy } from "./strategies/strategy.ts";

/** A sign of divergence: a loss that is not finite, Gaussians that are not, or a loss far above its start. */
export type DivergenceSign = "loss" | "gaussians" | "height";

/** A run in progress. */
export interface Run {
  /** The device. */
  device: Device;
  /** What it trains on. */
  scene: Scene;
  /** Resolved options; `signal` is that of the controller, which also fires when the caller's does. */
  options: ResolvedTrainOptions & { signal: AbortSignal };
  /** The Gaussians in training. */
  gaussians: Gaussians;
  /** Adds and removes Gaussians. */
  strategy: Strategy;
  /** Gives the run another number of iterations and the same schedule; absent where none are to be decided. */
  withIterations?: (iterations: number) => Pick<Run, "options" | "strategy" | "origin">;
  /** The caller's requests. */
  controller: TrainController;
  /** What its checkpoints state about it. */
  origin: RunOrigin;
  /** When checkpoints are due. */
  cadence: CheckpointCadence;
  /** Everything else that changes during the run. */
  state: RunState;
  /** The exposures of its views, if it learns them. */
  exposures?: RunExposures;
  /** The signs of divergence that the caller was warned of. */
  signs: Set<DivergenceSign>;
  /** Why the run ends before its last iteration, if it does. */
  ended?: EarlyEnding;
}

type EarlyEnding = Exclude<RunEnding, "finished">;

/** Records why the run ends before its last iteration, and lets the caller save the Gaussians. */
export async function* endEarly(run: Run, why: EarlyEnding): AsyncGenerator<TrainEvent, void, void> {
  const { gaussians, state: { iteration } } = run;
  run.ended = why;
  if (iteration === 0) return;
  // A device that has failed cannot count; the error of the run is what its caller must see.
  const nonFinite = await gaussians.countNonFinite().catch(() => undefined);
  yield { type: "save", iteration, gaussians, ending: why, nonFinite, ...exposuresOf(run) };
}

/** The exposures of a run as a part of its events. */
export function exposuresOf({ exposures }: Run): { exposures?: Exposures } {
  return exposures === undefined ? {} : { exposures: exposures.current };
}

/** Degree of the spherical harmonics of the initial Gaussians. */
export function startDegree({ splats }: Scene): number {
  return splats?.shDegree ?? 0;
}

/** How a run ended. */
export function resultOf({ device, state, ended }: Run): TrainResult {
  const { peak, host } = device.memory();
  return {
    iteration: state.iteration,
    count: state.count,
    loss: state.loss ?? NaN,
    seconds: state.seconds,
    loadSeconds: state.loadSeconds,
    evaluationSeconds: state.evaluationSeconds,
    peakMemory: peak,
    peakHostMemory: host.peak,
    aborted: ended === "aborted",
    timedOut: ended === "timedOut",
  };
}

/** Awaits work; resolves to undefined if the signal ended it. */
export async function untilAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted && error === signal.reason) return undefined;
    throw error;
  }
}

/** Waits for photos; resolves to undefined if the signal ended the wait. */
export function loading<T>({ state, options }: Run, work: () => Promise<T>): Promise<T | undefined> {
  return timed(state, "loadSeconds", () => untilAborted(options.signal, work));
}
