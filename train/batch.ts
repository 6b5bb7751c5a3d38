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
import {
  activeShDegree,
  densifiesAt,
  learningRates,
  resetsOpacity,
  stepFlags,
  switchesOpacity,
  updateMask,
} from "./schedule.ts";

/** Most steps in one native call. */
export const MAX_BATCH = 256;

/** Work of one native call: short enough for a live picture and for stopping, long against the cost of a call. */
const BATCH_MILLISECONDS = 50;

/**
 * Whether the Gaussians are handed to the caller, or evaluated, in the state before an iteration's own update. The last
 * iteration updates nothing, so its turn comes after it.
 *
 * @param iteration 1-based
 * @param options Resolved options
 */
export function pausesBefore(iteration: number, options: ResolvedTrainOptions): boolean {
  return iteration < options.iterations &&
    (options.saveIterations.includes(iteration) || options.testIterations.includes(iteration));
}

/**
 * The last iteration of a batch.
 *
 * @param first First iteration of the batch
 * @param size Steps wanted
 * @param options Resolved options
 * @returns At most `first + size - 1`; earlier where something happens between two steps, or the run ends
 */
export function batchEnd(first: number, size: number, options: ResolvedTrainOptions): number {
  let last = first;
  while (
    last < first + size - 1 && last < options.iterations && !resetsOpacity(last, options) &&
    !switchesOpacity(last, options) && !densifiesAt(last, options) && !pausesBefore(last + 1, options)
  ) last++;
  return last;
}

/**
 * How many steps to put in the next batch.
 *
 * @param milliseconds Time that the last batch took
 * @param steps Steps in it
 * @returns Steps that should take about 50 ms, 1 to {@linkcode MAX_BATCH}
 */
export function nextBatchSize(milliseconds: number, steps: number): number {
  const fitting = Math.floor(BATCH_MILLISECONDS * steps / Math.max(milliseconds, 1e-3));
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
  /** Degree of the spherical harmonics that the first Gaussians have already. Default 0. */
  startDegree?: number;
}

/**
 * The record of one iteration for the step plan.
 *
 * @param iteration 1-based
 * @param context Options, extent, seed and sampler of the run
 */
export function stepOf(iteration: number, context: StepContext): Step {
  const { options, extent, seed, sampler, startDegree } = context;
  const view = sampler.view(iteration);
  return {
    iteration,
    view,
    nextView: iteration < options.iterations ? sampler.view(iteration + 1) : undefined,
    shDegree: activeShDegree(iteration, options, startDegree),
    update: updateMask(iteration, options),
    flags: stepFlags(iteration, options),
    learningRates: learningRates(iteration, options, extent),
    background: background(iteration, options, seed),
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
