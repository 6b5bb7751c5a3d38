/**
 * Cuts the iterations into the batches that native code runs in one call. Where a batch ends never changes what is
 * computed: everything in a step is a function of its iteration.
 *
 * @module
 */

import { randomColor } from "../base/random.ts";
import { ABI } from "../ffi/abi.ts";
import type { Step } from "../ffi/trainer.ts";
import type { ResolvedTrainOptions } from "./options.ts";
import { follows } from "./parity.ts";
import type { ViewSampler } from "./sampler.ts";
import { activeShDegree, learningRates, stepFlags, updateMask } from "./schedule.ts";
import type { Due } from "./state.ts";
import type { Strategy } from "./strategies/strategy.ts";

/** Most steps in one native call. */
export const MAX_BATCH = 256;

/**
 * What is due after the step of an iteration, before the next one.
 *
 * The Gaussians are saved or evaluated in the state before an iteration's own update. The last iteration updates
 * nothing, so its turn comes after it.
 *
 * @param iteration The last finished iteration; 0 before the first step
 * @param options Resolved options
 * @param strategy Names the events
 * @returns In the order in which it is to be done
 */
export function dueAfter(iteration: number, options: ResolvedTrainOptions, strategy: Strategy): Due[] {
  const { iterations, testIterations, saveIterations } = options;
  const due: Due[] = [];
  if (iteration > 0 && strategy.isEvent(iteration)) due.push("event");
  const turn = reportedIteration(iteration, options);
  if (turn === iterations && iteration < iterations) return due;
  if (testIterations.includes(turn)) due.push("evaluate");
  if (saveIterations.includes(turn)) due.push("save");
  return due;
}

/**
 * The iteration that evaluations and saves after a finished iteration belong to.
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
 * @param size Steps wanted
 * @param options Resolved options
 * @param strategy Names the events
 * @returns At most `first + size - 1`; earlier where something is due between two steps, or the run ends
 */
export function batchEnd(first: number, size: number, options: ResolvedTrainOptions, strategy: Strategy): number {
  let last = first;
  while (last < first + size - 1 && last < options.iterations && dueAfter(last, options, strategy).length === 0) last++;
  return last;
}

/**
 * How many steps to put in the next batch.
 *
 * @param milliseconds Time that the last batch took
 * @param steps Steps in it
 * @param wanted Milliseconds that the next one should take
 * @returns 1 to {@linkcode MAX_BATCH}
 */
export function nextBatchSize(milliseconds: number, steps: number, wanted: number): number {
  const fitting = Math.floor(wanted * steps / Math.max(milliseconds, 1e-3));
  return Math.min(Math.max(fitting, 1), MAX_BATCH);
}

/** What a step needs to know beside its iteration. */
export interface StepContext {
  /** Resolved options. */
  options: ResolvedTrainOptions;
  /** Scene extent in world units. */
  extent: number;
  /** Seed of the run. */
  seed: number;
  /** Chooses the view. */
  sampler: ViewSampler;
  /** Says what the step gathers and leaves alone. */
  strategy: Strategy;
  /** Degree of the spherical harmonics that the first Gaussians have already. Default 0. */
  startDegree?: number;
}

/**
 * The record of one iteration for the step plan.
 *
 * @param iteration 1-based
 * @param context What belongs to the run
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
