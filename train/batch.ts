/**
 * Divides the iterations into batches, each of which native code runs in one call. Batch boundaries never change the
 * result: everything in a step is a function of its iteration.
 *
 * @module
 */

import { randomColor } from "../base/random.ts";
import { ABI } from "../ffi/abi.ts";
import type { Step } from "../ffi/trainer.ts";
import type { ResolvedTrainOptions } from "./options.ts";
import { follows } from "./parity.ts";
import type { ViewSampler } from "./sampler.ts";
import {
  activeShDegree,
  exposureLearningRate,
  learningRates,
  stepFlags,
  trainsExposure,
  updateMask,
} from "./schedule.ts";
import type { Due, RunState } from "./state.ts";
import type { Strategy } from "./strategies/strategy.ts";

/** Maximum steps in one native call. */
export const MAX_BATCH = 256;

/**
 * What is due after the step of an iteration, before the next one.
 *
 * The Gaussians of an iteration are saved or evaluated before that iteration's own update. The last iteration updates
 * nothing; its save and evaluation follow it.
 *
 * @param iteration The last finished iteration; 0 before the first step
 * @param options Resolved options
 * @param strategy Defines the events
 * @returns What is due, in the order of execution
 */
export function dueAfter(iteration: number, options: ResolvedTrainOptions, strategy: Strategy): Due[] {
  const { iterations, testIterations, saveIterations, previewIterations, checkpointIterations } = options;
  const due: Due[] = [];
  if (iteration > 0 && strategy.isEvent(iteration)) due.push("event");
  if (checkpointIterations.includes(iteration)) due.push("checkpoint");
  const reported = reportedIteration(iteration, options);
  if (reported === iterations && iteration < iterations) return due;
  if (saveIterations.includes(reported)) due.push("save"); // before an evaluation, which may fail
  if (previewIterations.includes(reported)) due.push("preview");
  if (testIterations.includes(reported)) due.push("evaluate");
  return due;
}

/**
 * What is due before the first step of a run, or of the rest of a resumed one. A checkpoint is taken before the
 * evaluation and the save of its place, which are repeated. Its event is done, unless the run ended while it waited.
 *
 * @param state The state at the start
 * @param options Resolved options
 * @param strategy Defines the events
 * @returns What is due, in the order of execution
 */
export function dueAtStart(
  { iteration, pending }: Pick<RunState, "iteration" | "pending">,
  options: ResolvedTrainOptions,
  strategy: Strategy,
): Due[] {
  return dueAfter(iteration, options, strategy).filter((due) => due !== "event" || pending.includes("event"));
}

/**
 * The iteration under which evaluations and saves after a finished iteration are reported.
 *
 * @param iteration The last finished iteration
 * @param options Resolved options
 * @returns The next one; the last one at the end of the run
 */
export function reportedIteration(iteration: number, { iterations }: ResolvedTrainOptions): number {
  return Math.min(iteration + 1, iterations);
}

/**
 * The last iteration of a batch.
 *
 * @param first First iteration of the batch
 * @param size Wanted number of steps
 * @param options Resolved options
 * @param strategy Defines the events
 * @returns At most `first + size - 1`; less if something is due between two steps, or the run ends
 */
export function batchEnd(first: number, size: number, options: ResolvedTrainOptions, strategy: Strategy): number {
  let last = first;
  while (last < first + size - 1 && last < options.iterations && dueAfter(last, options, strategy).length === 0) last++;
  return last;
}

/**
 * The number of steps of the next batch.
 *
 * @param milliseconds Duration of the last batch
 * @param steps Steps in it
 * @param wanted Wanted duration of the next batch in milliseconds
 * @returns 1 to {@linkcode MAX_BATCH}
 */
export function nextBatchSize(milliseconds: number, steps: number, wanted: number): number {
  const fitting = Math.floor(wanted * steps / Math.max(milliseconds, 1e-3));
  return Math.min(Math.max(fitting, 1), MAX_BATCH);
}

/** What a step depends on besides its iteration. */
export interface StepContext {
  /** Resolved options. */
  options: ResolvedTrainOptions;
  /** Scene extent in world units. */
  extent: number;
  /** Seed of the run. */
  seed: number;
  /** Chooses the view. */
  sampler: ViewSampler;
  /** Says what the step gathers, and which parameters it does not step. */
  strategy: Strategy;
  /** Degree of the spherical harmonics of the initial Gaussians. Default 0. */
  startDegree?: number;
}

/**
 * The record of one iteration for the step plan.
 *
 * @param iteration 1-based
 * @param context The run
 */
export function stepOf(iteration: number, context: StepContext): Step {
  const { options, extent, seed, sampler, strategy, startDegree } = context;
  const { viewsPerStep } = options;
  const { flags, frozen, ...added } = strategy.stepTerms(iteration);
  return {
    iteration,
    view: sampler.viewsOf(iteration, viewsPerStep),
    nextView: iteration < options.iterations ? sampler.view(iteration * viewsPerStep + 1) : undefined,
    shDegree: activeShDegree(iteration, options, startDegree),
    update: updateMask(iteration, options, frozen),
    flags: stepFlags(iteration, options, { flags, frozen }),
    learningRates: learningRates(iteration, options, extent),
    background: background(iteration, options, seed),
    depthWeight: options.lambdaDepth * extent,
    ...(trainsExposure(options) ? { transformRate: exposureLearningRate(iteration, options) } : {}),
    ...added,
  };
}

/**
 * The background colour of an iteration.
 *
 * @param iteration 1-based
 * @param options Resolved options
 * @param seed Seed of the run
 */
export function background(iteration: number, options: ResolvedTrainOptions, seed: number): [number, number, number] {
  if (options.randomBackground) {
    const drawn = follows(options, "background") ? 0 : iteration;
    return randomColor({ seed, stream: ABI.STREAM_BACKGROUND, iteration: drawn });
  }
  return options.whiteBackground ? [1, 1, 1] : [0, 0, 0];
}
