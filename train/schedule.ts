/**
 * What each iteration does: learning rates, the active degree of the spherical harmonics, which parameter groups step,
 * opacity resets and densification events. Pure functions of the iteration (1-based) and the options.
 *
 * Schedules of Kerbl et al. 2023; the rarer steps of the higher harmonics of Mallick et al. 2024 (Taming 3DGS).
 *
 * @module
 */

import { GROUP, STEP } from "../ffi/trainer.ts";
import type { ResolvedTrainOptions } from "./options.ts";
import { follows, freezesOpacity } from "./parity.ts";

/** The degree of the spherical harmonics rises by one every this many iterations. */
const SH_DEGREE_INTERVAL = 1000;
/** With `shLower`, the higher spherical harmonics step every this many iterations. */
const SH_REST_INTERVAL = 16;
/** `shfeatureLr` is divided by this. */
const SH_REST_RATIO = 20;
/** Share of a run, at its end, in which all learning rates fall. */
const SETTLING_SHARE = 0.1;
/** An opacity reset lowers every opacity to at most this. */
export const RESET_OPACITY = 0.01;

/**
 * Learning rate of the means: log-linear from `positionLrInit` to `positionLrFinal`, times the scene extent.
 *
 * @param iteration 1-based
 * @param options Resolved options
 * @param extent Scene extent in world units
 * @returns World units a step
 */
export function positionLearningRate(iteration: number, options: ResolvedTrainOptions, extent: number): number {
  const { positionLrInit, positionLrFinal, positionLrMaxSteps } = options;
  if (positionLrInit === 0 || extent === 0) return 0;
  const progress = Math.min(Math.max(iteration / positionLrMaxSteps, 0), 1);
  return Math.exp((1 - progress) * Math.log(positionLrInit * extent) + progress * Math.log(positionLrFinal * extent));
}

/**
 * What all learning rates are multiplied by: 1, and in the last tenth of the run linearly down to 0. A step at a constant
 * rate leaves the parameters as far from where they were going as the last few views pulled them; the fall averages that
 * out. The reference's rates stay constant, which `parity` in the part `rates` follows.
 *
 * @param iteration 1-based
 * @param options Resolved options
 * @returns 1 to 0; 0 at the last iteration, which has no step
 */
export function settling(iteration: number, options: ResolvedTrainOptions): number {
  if (follows(options, "rates")) return 1;
  return Math.min((options.iterations - iteration) / (SETTLING_SHARE * options.iterations), 1);
}

/**
 * Learning rates of all six parameter groups, in the order of `GROUP`, at an iteration: see {@linkcode settling}.
 *
 * @param iteration 1-based
 * @param options Resolved options
 * @param extent Scene extent in world units
 * @returns Six learning rates
 */
export function learningRates(iteration: number, options: ResolvedTrainOptions, extent: number): number[] {
  const rates = new Array<number>(6);
  rates[GROUP.means] = positionLearningRate(iteration, options, extent);
  rates[GROUP.shDc] = options.featureLr;
  rates[GROUP.shRest] = options.shfeatureLr / SH_REST_RATIO;
  rates[GROUP.opacities] = options.opacityLr;
  rates[GROUP.logScales] = options.scalingLr;
  rates[GROUP.quats] = options.rotationLr;
  const factor = settling(iteration, options);
  return rates.map((rate) => factor * rate);
}

/**
 * The degree of the spherical harmonics that an iteration renders with.
 *
 * @param iteration 1-based
 * @param options Resolved options
 * @param start Degree that the first Gaussians have already; 0 for those made of points
 * @returns `start` first, one more from each multiple of 1000 that exceeds it on, at most `shDegree`
 */
export function activeShDegree(iteration: number, options: ResolvedTrainOptions, start = 0): number {
  return Math.min(Math.max(Math.floor(iteration / SH_DEGREE_INTERVAL), start), options.shDegree);
}

/**
 * Whether all opacities are lowered to at most 0.01 in an iteration.
 *
 * @param iteration 1-based
 * @param options Resolved options
 * @returns True at multiples of `opacityResetInterval` before `densifyUntilIter`, with a white background also at
 * `densifyFromIter`; never at the last iteration, after which nothing could raise them again
 */
export function resetsOpacity(iteration: number, options: ResolvedTrainOptions): boolean {
  if (iteration >= options.densifyUntilIter || iteration >= options.iterations) return false;
  return iteration % options.opacityResetInterval === 0 ||
    (options.whiteBackground && iteration === options.densifyFromIter);
}

/**
 * Whether opacities are trained as they are used, no longer as logits, from after the step of an iteration on.
 *
 * @param iteration 1-based
 * @param options Resolved options
 * @returns True at `hoIteration` with `highOpacity`; never at the last iteration, which nothing follows
 */
export function switchesOpacity(iteration: number, options: ResolvedTrainOptions): boolean {
  return options.highOpacity && iteration === options.hoIteration && iteration < options.iterations;
}

function stepsShRest(iteration: number, options: ResolvedTrainOptions): boolean {
  return options.shDegree > 0 && (!accumulatesSh(options) || iteration % SH_REST_INTERVAL === 0);
}

/**
 * Which parameter groups an iteration updates.
 *
 * @param iteration 1-based
 * @param options Resolved options
 * @returns One bit a group, bit numbers as in `GROUP`: none at the last iteration and where densification follows, all
 * but the opacities where they are reset, the higher spherical harmonics at multiples of 16 only when `shLower` is set
 */
export function updateMask(iteration: number, options: ResolvedTrainOptions): number {
  if (iteration >= options.iterations || densifiesAt(iteration, options)) return 0;
  let mask = 1 << GROUP.means | 1 << GROUP.shDc | 1 << GROUP.logScales | 1 << GROUP.quats;
  if (!resetsOpacity(iteration, options) && !freezesOpacity(iteration, options)) mask |= 1 << GROUP.opacities;
  if (stepsShRest(iteration, options)) mask |= 1 << GROUP.shRest;
  return mask;
}

/**
 * The `STEP` flags of an iteration: density statistics while an event is still to come, the way the gradient of the
 * higher spherical harmonics is summed with `shLower`, and sparse Adam.
 *
 * @param iteration 1-based
 * @param options Resolved options
 * @returns Bits of `STEP`
 */
export function stepFlags(iteration: number, options: ResolvedTrainOptions): number {
  let flags = 0;
  if (iteration <= lastDensification(options)) flags |= STEP.statistics;
  if (iteration >= options.iterations) return flags;
  if (options.optimizerType === "sparse_adam") flags |= STEP.visible | STEP.noBias;
  if (accumulatesSh(options)) {
    flags |= STEP.shAccumulate;
    // Where densification follows no group steps, and what was summed for the old Gaussians is dropped.
    if (stepsShRest(iteration, options) || densifiesAt(iteration, options)) flags |= STEP.shApply;
  }
  return flags;
}

/**
 * Whether a run sums the gradients of the higher spherical harmonics, which takes memory for one more copy of them.
 *
 * @param options Resolved options
 * @returns True with `shLower` at degree 1 or more; sparse Adam steps them in every iteration
 */
export function accumulatesSh(options: ResolvedTrainOptions): boolean {
  return options.shLower && options.shDegree > 0 && options.optimizerType === "default";
}

/**
 * The iterations at which densification is due.
 *
 * @param options Resolved options
 * @returns Multiples of `densificationInterval` after `densifyFromIter`, before `densifyUntilIter`, within the run
 */
export function densificationEvents(options: ResolvedTrainOptions): number[] {
  const { densificationInterval: interval, densifyFromIter, densifyUntilIter, iterations } = options;
  const events: number[] = [];
  for (let t = (Math.floor(densifyFromIter / interval) + 1) * interval; t < densifyUntilIter && t <= iterations;) {
    events.push(t);
    t += interval;
  }
  return events;
}

/**
 * Whether densification follows the step of an iteration.
 *
 * @param iteration 1-based
 * @param options Resolved options
 * @returns True for the iterations of {@linkcode densificationEvents}
 */
export function densifiesAt(iteration: number, options: ResolvedTrainOptions): boolean {
  return iteration > options.densifyFromIter && iteration < options.densifyUntilIter &&
    iteration <= options.iterations && iteration % options.densificationInterval === 0;
}

/** The iteration of the last densification event; 0 when there is none. */
function lastDensification(options: ResolvedTrainOptions): number {
  const { densificationInterval: interval, densifyFromIter, densifyUntilIter, iterations } = options;
  const last = Math.floor(Math.min(densifyUntilIter - 1, iterations) / interval) * interval;
  return last > densifyFromIter ? last : 0;
}
