/**
 * The state of a run besides its native state: plain data that can be written as JSON. Together with the native state,
 * the scene and the options it determines the rest of the run.
 *
 * @module
 */

import type { ExposureKind } from "../base/exposure.ts";
import type { TimePlan } from "./time_plan.ts";

/** What can be due between two steps, in the order of execution. */
export type Due = "warning" | "event" | "checkpoint" | "save" | "preview" | "evaluate";

/** Names of a run's clocks. */
export type Clock = "seconds" | "loadSeconds" | "evaluationSeconds";

/** The state of a run. */
export interface RunState extends Record<Clock, number> {
  /** Seed of every random number. */
  seed: number;
  /** The last finished iteration; 0 before the first step. */
  iteration: number;
  /** What is due before the next step. */
  pending: Due[];
  /** Count of Gaussians at the start. */
  start: number;
  /** Count after the last densification event. */
  target: number;
  /** Count of Gaussians. */
  count: number;
  /** Exponential moving average of the loss; null before the first step. */
  loss: number | null;
  /** The first iteration whose loss is not a finite number; null if there is none. */
  nonFiniteAt: number | null;
  /** Loss of the first step; null before it. */
  firstLoss: number | null;
  /** Mean of the losses of about the last 100 steps; null before the first. */
  meanLoss: number | null;
  /** The first iteration at which that mean is far above the first loss; null if there is none. */
  highAt: number | null;
  /** What is learnt for each photo. */
  exposure: ExposureKind | "none";
  /** How many iterations fill `maxSeconds`; null if it is not asked for, or too short to plan. */
  timePlan: TimePlan | null;
  /** Seconds of training steps and events, those of rehearsals included. */
  seconds: number;
  /** Seconds of preparation, and of waiting for photos. */
  loadSeconds: number;
  /** Seconds of evaluation. */
  evaluationSeconds: number;
}

/** Weight of the newest loss in the moving average. */
const LOSS_SMOOTHING = 0.4;
/** Weight of the newest loss in the mean of about 100 steps. */
const MEAN_SMOOTHING = 0.01;
/** The largest loss of an image of one colour: mean differences are at most 1, and its SSIM is at least 0. */
const EMPTY_IMAGE_LOSS = 1;

/**
 * The mean loss from which a run has diverged: twice its first loss, but at least 1. No healthy run has it, whatever
 * its events do: a reset of all opacities leaves the background, an image of one colour.
 *
 * @param first Loss of the first step
 */
export function lossLimit(first: number): number {
  return Math.max(2 * first, EMPTY_IMAGE_LOSS);
}

/**
 * The state before the first step.
 *
 * @param seed Seed of the run
 * @param counts Number of Gaussians at the start, and after the last densification event
 * @param timePlan From which the number of iterations follows, if there is one
 */
export function newState(
  seed: number,
  { start, target }: { start: number; target: number },
  timePlan: TimePlan | null = null,
): RunState {
  return {
    seed,
    iteration: 0,
    pending: [],
    start,
    target,
    count: start,
    loss: null,
    nonFiniteAt: null,
    firstLoss: null,
    meanLoss: null,
    highAt: null,
    exposure: "none",
    timePlan,
    seconds: timePlan?.rehearsalSeconds ?? 0,
    loadSeconds: 0,
    evaluationSeconds: 0,
  };
}

/**
 * Records finished steps. The moving average is 0.4 of the new loss plus 0.6 of the old average; it restarts after NaN.
 * In the mean of about 100 steps a loss counts as at most twice {@linkcode lossLimit}, so that no single step moves it
 * far.
 *
 * @param state The state before the steps
 * @param losses Their losses, in order
 * @returns Whether they have the first loss that is not finite, or the first mean above the limit
 */
export function addLosses(state: RunState, losses: Float32Array): boolean {
  const { nonFiniteAt, highAt } = state;
  for (const loss of losses) {
    state.iteration++;
    const begins = state.loss === null || Number.isNaN(state.loss);
    state.loss = begins ? loss : LOSS_SMOOTHING * loss + (1 - LOSS_SMOOTHING) * (state.loss as number);
    if (!Number.isFinite(loss)) state.nonFiniteAt ??= state.iteration;
    else addToMean(state, loss);
  }
  return state.nonFiniteAt !== nonFiniteAt || state.highAt !== highAt;
}

function addToMean(state: RunState, loss: number): void {
  state.firstLoss ??= loss;
  const limit = lossLimit(state.firstLoss);
  const before = state.meanLoss ?? loss;
  state.meanLoss = before + MEAN_SMOOTHING * (Math.min(loss, 2 * limit) - before);
  if (state.meanLoss > limit) state.highAt ??= state.iteration;
}

/**
 * Removes something from the list of what is due.
 *
 * @param state The state with the list
 * @param due What to remove
 * @returns Whether it was on the list
 */
export function take(state: RunState, due: Due): boolean {
  const found = state.pending.includes(due);
  state.pending = state.pending.filter((other) => other !== due);
  return found;
}

/**
 * Adds the duration of some work to one of the clocks.
 *
 * @param state The state with the clocks
 * @param clock Which one
 * @param work What to wait for
 * @returns What the work resolves to
 */
export async function timed<T, C extends Clock>(
  state: Record<C, number>,
  clock: C,
  work: () => Promise<T>,
): Promise<T> {
  const start = performance.now();
  try {
    return await work();
  } finally {
    (state as Record<Clock, number>)[clock] += (performance.now() - start) / 1000;
  }
}
