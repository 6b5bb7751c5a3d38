/**
 * What each iteration does: learning rates, the active degree of the spherical harmonics, and which parameter groups
 * step. Pure functions of the iteration (1-based), the options, and what the run's strategy asks of the step.
 *
 * Schedules of Kerbl et al. 2023; the rarer steps of the higher harmonics of Mallick et al. 2024 (Taming 3DGS).
 *
 * @module
 */

import { PARAMETERS } from "../ffi/abi.ts";
import { GROUP, STEP } from "../ffi/trainer.ts";
import type { ResolvedTrainOptions } from "./options.ts";
import { follows } from "./parity.ts";
import type { StepTerms } from "./strategies/strategy.ts";

/** The degree of the spherical harmonics rises by one every this many iterations. */
const SH_DEGREE_INTERVAL = 1000;
/** With `shLower`, the higher spherical harmonics step every this many iterations. */
const SH_REST_INTERVAL = 16;
/** `shfeatureLr` is divided by this. */
const SH_REST_RATIO = 20;
/** Share of a run, at its end, in which all learning rates fall. */
const FINAL_DECAY_SHARE = 0.1;

/** The bit of each parameter group in a mask of groups. */
export const GROUP_BIT: Readonly<Record<keyof typeof GROUP, number>> = Object.fromEntries(
  Object.entries(GROUP).map(([name, group]) => [name, 1 << group]),
) as Record<keyof typeof GROUP, number>;
/** The mask of all parameter groups. */
export const ALL_GROUPS: number = Object.values(GROUP_BIT).reduce((mask, bit) => mask | bit, 0);

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
export function finalDecay(iteration: number, options: ResolvedTrainOptions): number {
  if (follows(options, "rates")) return 1;
  return Math.min((options.iterations - iteration) / (FINAL_DECAY_SHARE * options.iterations), 1);
}

/**
 * Learning rates of all parameter groups, in the order of `GROUP`, at an iteration: see {@linkcode finalDecay}.
 *
 * @param iteration 1-based
 * @param options Resolved options
 * @param extent Scene extent in world units
 * @returns A rate for each group; that of a group without an option is the table's in cuda/tame.h
 */
export function learningRates(iteration: number, options: ResolvedTrainOptions, extent: number): number[] {
  const rates: number[] = PARAMETERS.map(({ rate }) => rate);
  rates[GROUP.means] = positionLearningRate(iteration, options, extent);
  rates[GROUP.shDc] = options.featureLr;
  rates[GROUP.shRest] = options.shfeatureLr / SH_REST_RATIO;
  rates[GROUP.opacities] = options.opacityLr;
  rates[GROUP.logScales] = options.scalingLr;
  rates[GROUP.quats] = options.rotationLr;
  const factor = finalDecay(iteration, options);
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

function stepsShRest(iteration: number, options: ResolvedTrainOptions): boolean {
  return options.shDegree > 0 && (!accumulatesSh(options) || iteration % SH_REST_INTERVAL === 0);
}

/**
 * Which parameter groups an iteration updates.
 *
 * @param iteration 1-based
 * @param options Resolved options
 * @param terms What the strategy leaves alone
 * @returns A mask of `GROUP_BIT`: none at the last iteration; the higher spherical harmonics at multiples of 16 only
 * when `shLower` is set; none of those that hold still
 */
export function updateMask(
  iteration: number,
  options: ResolvedTrainOptions,
  frozen: number,
): number {
  if (iteration >= options.iterations) return 0;
  return ALL_GROUPS & ~frozen & (stepsShRest(iteration, options) ? ALL_GROUPS : ~GROUP_BIT.shRest);
}

/**
 * The `STEP` flags of an iteration: those of the strategy, the way the gradient of the higher spherical harmonics is
 * summed with `shLower`, and sparse Adam.
 *
 * @param iteration 1-based
 * @param options Resolved options
 * @param terms What the strategy gathers and leaves alone
 * @returns Bits of `STEP`
 */
export function stepFlags(
  iteration: number,
  options: ResolvedTrainOptions,
  terms: Pick<StepTerms, "flags" | "frozen">,
): number {
  let { flags } = terms;
  if (iteration >= options.iterations) return flags;
  if (options.optimizerType === "sparse_adam") flags |= STEP.visible | STEP.noBias;
  if (accumulatesSh(options)) {
    flags |= STEP.shAccumulate;
    // What was summed for a group that holds still is dropped: it is out of date when the group steps again.
    if (stepsShRest(iteration, options) || (terms.frozen & GROUP_BIT.shRest) !== 0) flags |= STEP.shApply;
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
