/**
 * The schedule: learning rates, the active degree of the spherical harmonics, and which parameters step. Pure functions
 * of the iteration (1-based), the options, and the terms of the run's strategy.
 *
 * Schedules of Kerbl et al. 2023; `shLower` of Mallick et al. 2024 (Taming 3DGS).
 *
 * @module
 */

import { PARAMETERS } from "../ffi/abi.ts";
import { GROUP, STEP } from "../ffi/trainer.ts";
import type { ResolvedTrainOptions } from "./options.ts";
import { follows } from "./parity.ts";
import type { StepTerms } from "./strategies/strategy.ts";

/** Iterations between steps of the higher spherical harmonics with `shLower`. */
const SH_REST_INTERVAL = 16;
/** `shfeatureLr` is divided by this. */
const SH_REST_RATIO = 20;
/** Share of a run, at its end, in which all learning rates decay to 0. */
export const FINAL_DECAY_SHARE = 0.1;

/** The bit of each parameter in a mask of parameters. */
export const GROUP_BIT: Readonly<Record<keyof typeof GROUP, number>> = Object.fromEntries(
  Object.entries(GROUP).map(([name, group]) => [name, 1 << group]),
) as Record<keyof typeof GROUP, number>;
/** The mask of all parameters. */
export const ALL_GROUPS: number = Object.values(GROUP_BIT).reduce((mask, bit) => mask | bit, 0);

/**
 * Learning rate of the means: log-linear from `positionLrInit` to `positionLrFinal`, times the scene extent.
 *
 * @param iteration 1-based
 * @param options Resolved options
 * @param extent Scene extent in world units
 * @returns Learning rate in world units
 */
export function positionLearningRate(iteration: number, options: ResolvedTrainOptions, extent: number): number {
  const { positionLrInit, positionLrFinal, positionLrMaxSteps } = options;
  if (positionLrInit === 0 || extent === 0) return 0;
  const progress = Math.min(Math.max(iteration / positionLrMaxSteps, 0), 1);
  return Math.exp((1 - progress) * Math.log(positionLrInit * extent) + progress * Math.log(positionLrFinal * extent));
}

/**
 * The factor of all learning rates: 1, and in the last tenth of the run linearly down to 0. At a constant rate the
 * parameters keep following the views of the last few steps; the decay averages over them. The reference's rates stay
 * constant, as with parity part `rates`.
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
 * Learning rates of all parameters at an iteration, in the order of `GROUP`, with {@linkcode finalDecay}.
 *
 * @param iteration 1-based
 * @param options Resolved options
 * @param extent Scene extent in world units
 * @returns One rate for each parameter; parameters without an option have the rate in cuda/tame.h
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

/** Factor of the learning rate of exposures from which it rises, and to which it falls. */
const EXPOSURE_START = 0.01, EXPOSURE_END = 0.1;

/**
 * Learning rate of the exposures: a linear warm-up, as in PPISP (arXiv 2601.18336), to the iteration where densification
 * begins; an exponential decay to a tenth over `positionLrMaxSteps`; {@linkcode finalDecay}.
 *
 * @param iteration 1-based
 * @param options Resolved options
 * @returns Learning rate of log-gains, or of entries of the matrix
 */
export function exposureLearningRate(iteration: number, options: ResolvedTrainOptions): number {
  const { exposureLr, densifyFromIter, densifyUntilIter, positionLrMaxSteps } = options;
  const warm = Math.min(densifyFromIter, densifyUntilIter);
  const warmth = warm === 0 ? 1 : EXPOSURE_START + (1 - EXPOSURE_START) * iteration / warm;
  const decay = EXPOSURE_END ** Math.min(iteration / positionLrMaxSteps, 1);
  return exposureLr * Math.min(warmth, 1) * decay * finalDecay(iteration, options);
}

/**
 * The degree of the spherical harmonics that an iteration renders with.
 *
 * @param iteration 1-based
 * @param options Resolved options
 * @param start Degree of the initial Gaussians; 0 for those made from points
 * @returns The number of full `shDegreeInterval`s, at least `start` and at most `shDegree`
 */
export function activeShDegree(iteration: number, options: ResolvedTrainOptions, start = 0): number {
  return Math.min(Math.max(Math.floor(iteration / options.shDegreeInterval), start), options.shDegree);
}

function stepsShRest(iteration: number, options: ResolvedTrainOptions): boolean {
  return options.shDegree > 0 && (!accumulatesSh(options) || iteration % SH_REST_INTERVAL === 0);
}

/**
 * Which parameters an iteration updates.
 *
 * @param iteration 1-based
 * @param options Resolved options
 * @param frozen Mask of the parameters that the strategy freezes
 * @returns A mask of `GROUP_BIT`: nothing at the last iteration; else all that are not frozen, the higher spherical
 * harmonics only at multiples of 16 with `shLower`
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
 * The `STEP` flags of an iteration: those of the strategy, of the summed gradient with `shLower`, and of sparse Adam.
 *
 * @param iteration 1-based
 * @param options Resolved options
 * @param terms The strategy's flags and frozen parameters
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
  if (trainsExposure(options)) flags |= STEP.transform;
  if (accumulatesSh(options)) {
    flags |= STEP.shAccumulate;
    // The sum is dropped while the parameter is frozen: it would be out of date at the next step.
    if (stepsShRest(iteration, options) || (terms.frozen & GROUP_BIT.shRest) !== 0) flags |= STEP.shApply;
  }
  return flags;
}

/**
 * Whether a run trains the exposures of its photos.
 *
 * @param options Resolved options, after `"auto"` was decided
 */
export function trainsExposure({ exposure }: Pick<ResolvedTrainOptions, "exposure">): boolean {
  return exposure === "gains" || exposure === "affine";
}

/**
 * Whether a run sums the gradients of the higher spherical harmonics, which takes memory for one more copy of them.
 *
 * @param options Resolved options
 * @returns True with `shLower` at degree 1 or more, unless sparse Adam steps them in every iteration
 */
export function accumulatesSh(options: ResolvedTrainOptions): boolean {
  return options.shLower && options.shDegree > 0 && options.optimizerType === "default";
}
