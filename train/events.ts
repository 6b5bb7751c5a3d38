/**
 * The events of a training run: tagged messages for the command line, a notebook or a viewer.
 *
 * @module
 */

import type { Exposures } from "../base/exposure.ts";
import type { Gaussians } from "../ffi/gaussians.ts";
import type { CorrectedScores, ViewScores } from "../measure/evaluate.ts";
import type { Snapshot } from "./checkpoint/snapshot.ts";
import type { ExposureChoice } from "./exposure/choice.ts";
import type { MemoryPlan } from "./plan.ts";
import type { EventOutcome } from "./strategies/strategy.ts";
import type { TimePlan } from "./time_plan.ts";

/** What every event has. */
export interface TrainEventBase {
  /**
   * The last finished iteration, 0 before the first step; for `save`, `preview`, `view` and `evaluate` the iteration
   * under which they are reported.
   */
  iteration: number;
  /** The Gaussians in training. They belong to the caller, who may render and save them, and must dispose them. */
  gaussians: Gaussians;
}

/**
 * First event: the memory that the run needs, and its schedule. In a run that is resumed, the iteration is that of the
 * checkpoint, but the Gaussians are still the initial ones.
 */
export interface PlanEvent extends TrainEventBase {
  /** The event's tag. */
  type: "plan";
  /** Bytes by purpose, exact or estimated. */
  plan: MemoryPlan;
  /** The iteration at which the run ends, unless it is stopped. */
  iterations: number;
  /** The target count of Gaussians. */
  target: number;
  /** The iterations at which densification is due. */
  densification: number[];
  /** What the run learns for each photo, and why: a sentence, if `auto` had something to decide by. */
  exposure: Pick<ExposureChoice, "exposure" | "reason">;
  /** About how many iterations the run takes to fill `maxSeconds`; null if that was not planned. */
  timePlan: TimePlan | null;
  /** The options of the schedule by name, if they were scaled to `iterations`. */
  scaled?: Readonly<Record<string, number>>;
}

/** The iterations that fill `maxSeconds` are decided, once in a run that has a plan of its time. */
export interface IterationsEvent extends TrainEventBase {
  /** The event's tag. */
  type: "iterations";
  /** The iteration at which the run ends. */
  iterations: number;
  /** The plan, with this number. */
  timePlan: TimePlan;
  /** The options of the schedule by name: with them and `iterations`, a run has the same result. */
  schedule: Readonly<Record<string, number>>;
}

/** More photos are in memory. Not with `dataDevice: "disk"`, where not all photos stay in memory. */
export interface PhotoEvent extends TrainEventBase {
  /** The event's tag. */
  type: "photo";
  /** Photos in memory. */
  loaded: number;
  /** All photos of the training views. */
  total: number;
}

/**
 * Some iterations are done: a batch of 1 to 256, as many as one native call ran. Its length depends on the speed of the
 * machine, on `batchMilliseconds` of the controller, and on what is due; it never changes the result. A program that
 * does something every N iterations looks at all of them, since `iteration` passes over most numbers.
 *
 * @example
 * ```ts
 * import type { StepEvent } from "./events.ts";
 *
 * // The iterations of an event that are multiples of a number, each with its loss.
 * function everyNth({ first, losses }: Pick<StepEvent, "first" | "losses">, n: number): [number, number][] {
 *   return Array.from(losses, (loss, i): [number, number] => [first + i, loss]).filter(([iteration]) => iteration % n === 0);
 * }
 *
 * console.log(everyNth({ first: 98, losses: new Float32Array([0.5, 0.25, 0.125, 0.0625]) }, 100)); // [[100, 0.125]]
 * ```
 */
export interface StepEvent extends TrainEventBase {
  /** The event's tag. */
  type: "step";
  /** First iteration of this event; `iteration` is its last. */
  first: number;
  /** Losses of the iterations `first` to `iteration`, in their order. */
  losses: Float32Array;
  /** Exponential moving average of the loss: 0.4 of the new loss, 0.6 of the old average. */
  loss: number;
  /** Number of Gaussians. */
  count: number;
  /** Seconds of training so far, without loading, evaluation and the caller's own work. */
  seconds: number;
  /** Bytes that the device holds now. */
  memory: number;
}

/** Gaussians are about to be pruned, cloned and split; `densify` follows. */
export interface DensifyingEvent extends TrainEventBase {
  /** The event's tag. */
  type: "densifying";
  /** 1-based number of the densification event. */
  event: number;
  /** Number of densification events of the run. */
  events: number;
}

/** Gaussians were pruned, cloned and split. */
export interface DensifyEvent extends TrainEventBase, EventOutcome {
  /** The event's tag. */
  type: "densify";
  /** Gaussians with a parameter that is not a finite number; 0 unless the run diverges. */
  nonFinite: number;
  /** Seconds of training so far, as in `step`, with this event. */
  seconds: number;
}

/** The Gaussians were compared with one photo; `evaluate` follows with the means. */
export interface ViewEvent extends TrainEventBase, ViewScores {
  /** The event's tag. */
  type: "view";
  /** Whether the view is held out, or one of a few training views. */
  set: "test" | "train";
}

/** The Gaussians were compared with photos. */
export interface EvaluateEvent extends TrainEventBase {
  /** The event's tag. */
  type: "evaluate";
  /** Held-out views, or a few training views. */
  set: "test" | "train";
  /** Number of views. */
  views: number;
  /** Mean over the views, in dB. */
  psnr: number;
  /** Mean over the views. */
  ssim: number;
  /** Mean absolute difference, mean over the views. */
  l1: number;
  /** Mean scores of the renders with their colours corrected; only in a run that learns exposures. */
  corrected?: CorrectedScores;
  /** Gaussians with a parameter that is not a finite number, which are not rendered; 0 unless the run diverges. */
  nonFinite: number;
}

/**
 * A save is due, and the caller may save `gaussians`: at an iteration of `saveIterations`, after the controller's
 * `save()`, or when a run ends early. An iteration may be saved twice; the later state replaces the earlier one.
 */
export interface SaveEvent extends TrainEventBase {
  /** The event's tag. */
  type: "save";
  /**
   * Why this save is the last one of the run; absent while the run continues. After `"failed"` and `"diverged"` the run
   * throws its error.
   */
  ending?: RunEnding;
  /**
   * Gaussians with a parameter that is not a finite number, which `savePly` leaves out; 0 unless the run diverges. Absent
   * if the device has failed.
   */
  nonFinite?: number;
  /** The exposures of the views; absent if the run learns none. */
  exposures?: Exposures;
}

/** A preview is due, at an iteration of `previewIterations`: the caller may render `gaussians`. */
export interface PreviewEvent extends TrainEventBase {
  /** The event's tag. */
  type: "preview";
  /** The exposures of the views; absent if the run learns none. */
  exposures?: Exposures;
}

/**
 * A checkpoint is due: at an iteration of `checkpointIterations`, after `checkpointSeconds`, or when a run ends early.
 * The iteration's densification event is done; its evaluation and save follow, and are repeated by a run that is
 * resumed. None comes after a loss that is not a finite number, or while a parameter or a value of the optimiser is not
 * one.
 */
export interface CheckpointEvent extends TrainEventBase {
  /** The event's tag. */
  type: "checkpoint";
  /**
   * Copies the complete state of the run to host memory; the run goes on when the copy is complete. It can be written
   * later. Throws if the first call comes after the next event was requested.
   */
  snapshot(): Promise<Snapshot>;
}

/** Why a run ends: at its last iteration, or before it. */
export type RunEnding = "finished" | "aborted" | "timedOut" | "failed" | "diverged";

/** Something the caller should know; the run continues. */
export interface WarningEvent extends TrainEventBase {
  /** The event's tag. */
  type: "warning";
  /** One sentence. */
  message: string;
}

/** The controller paused the run, until it resumes or stops it. */
export interface PauseEvent extends TrainEventBase {
  /** The event's tag. */
  type: "pause";
}

/** The controller resumed the run. */
export interface ResumeEvent extends TrainEventBase {
  /** The event's tag. */
  type: "resume";
}

/** How a run ended. */
export interface TrainResult {
  /** The last finished iteration. */
  iteration: number;
  /** Number of Gaussians. */
  count: number;
  /** Exponential moving average of the loss; NaN when no iteration was finished. */
  loss: number;
  /** Seconds of training: steps, events, and the rehearsals for `maxSeconds`. */
  seconds: number;
  /** Seconds of preparation: initial Gaussians, and waiting for photos. */
  loadSeconds: number;
  /** Seconds of evaluation. */
  evaluationSeconds: number;
  /** Peak of the bytes that the device held since the run began. */
  peakMemory: number;
  /** Peak of the bytes of host memory beside the device's, for photos that are not on it; 0 on the CPU backend. */
  peakHostMemory: number;
  /** Whether `signal` or the controller ended the run early. */
  aborted: boolean;
  /** Whether `maxSeconds` ended the run early. */
  timedOut: boolean;
}

/** Last event, unless the run threw. */
export interface DoneEvent extends TrainEventBase {
  /** The event's tag. */
  type: "done";
  /** How the run ended. */
  result: TrainResult;
  /** The exposures of the views; absent if the run learns none. */
  exposures?: Exposures;
}

/** An event of {@linkcode train}: a union discriminated by `type`. The last one is `done`. */
export type TrainEvent =
  | PlanEvent
  | IterationsEvent
  | PhotoEvent
  | StepEvent
  | DensifyingEvent
  | DensifyEvent
  | ViewEvent
  | EvaluateEvent
  | SaveEvent
  | PreviewEvent
  | CheckpointEvent
  | PauseEvent
  | ResumeEvent
  | WarningEvent
  | DoneEvent;
