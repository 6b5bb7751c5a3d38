/**
 * The options of a training run: names, defaults and the checks that turn a wrong one into words.
 *
 * Defaults are those of Kerbl et al. 2023 with the changes of Mallick et al. 2024 (Taming 3DGS).
 *
 * @module
 */

import type { TrainController } from "./controller.ts";
import { type Parity, PARITY_PARTS, type ParityPart, parityParts } from "./parity.ts";
import { type Preset, PRESETS } from "./presets.ts";
import type { Strategy } from "./strategies/strategy.ts";

/** How {@linkcode TrainOptions.budget} is read. */
export type BudgetMode = "multiplier" | "final_count";

/** Which Gaussians a step moves; see {@linkcode TrainOptions.optimizerType}. */
export type OptimizerType = "default" | "sparse_adam";

/** Options of {@linkcode train}. */
export interface TrainOptions {
  /** Options of one of the published settings, each of which an option given here wins over. Default none. */
  preset?: Preset;
  /** Highest degree of the spherical harmonics, 0 to 3. Default 3. */
  shDegree?: number;
  /** Training steps. Default 30000. */
  iterations?: number;
  /** Learning rate of the means at the start, in scene extents. Default 0.00016. */
  positionLrInit?: number;
  /** Learning rate of the means from `positionLrMaxSteps` on, in scene extents. Default 0.0000016. */
  positionLrFinal?: number;
  /** Iterations over which the means' learning rate falls, exponentially. Default 30000. */
  positionLrMaxSteps?: number;
  /** Learning rate of the degree-0 colour coefficients. Default 0.0025. */
  featureLr?: number;
  /** 20 times the learning rate of the higher spherical harmonics. Default 0.005. */
  shfeatureLr?: number;
  /** Learning rate of the opacity logits. Default 0.025. */
  opacityLr?: number;
  /** Learning rate of the log-scales. Default 0.005. */
  scalingLr?: number;
  /** Learning rate of the quaternions. Default 0.001. */
  rotationLr?: number;
  /** Weight of 1 - SSIM in the loss, 0 to 1. Default 0.2. */
  lambdaDssim?: number;
  /** Iterations between densification events. Default 100. */
  densificationInterval?: number;
  /** Densification events come after this iteration. Default 500. */
  densifyFromIter?: number;
  /** Densification events and opacity resets come before this iteration. Default 15000. */
  densifyUntilIter?: number;
  /** Iterations between opacity resets. Default 3000. */
  opacityResetInterval?: number;
  /** Gradient of the 2D mean that makes a Gaussian a candidate for densification. Default 0.0002. */
  densifyGradThreshold?: number;
  /** Size that parts cloning from splitting, in scene extents. Default 0.01. */
  percentDense?: number;
  /** Used opacity below which a Gaussian is weak, so that an event may prune it. Default 0.005. */
  minOpacity?: number;
  /** Training views scored at a densification event; -1 for all. Default 10. */
  cams?: number;
  /** Target count of Gaussians, as `mode` reads it. Default 20. */
  budget?: number;
  /** `"multiplier"`: the target is `budget` times the first count, rounded down; `"final_count"`: it is `budget`. */
  mode?: BudgetMode;
  /**
   * Take the budget as an upper bound: an event grows candidates only, where by default it also takes the Gaussians of
   * the next-highest gradients until its share of the budget is reached. Default false.
   */
  budgetCap?: boolean;
  /** Step the higher spherical harmonics every 16th iteration only, with the summed gradient. Default false. */
  shLower?: boolean;
  /**
   * From `hoIteration` on train the opacity that is used, min(|x|, 1), instead of its logit, so that opacities reach 1
   * (Mallick et al. 2024); moments of the opacities begin anew there, and saved Gaussians hold logits all the same.
   * `opacityLr` then is the step of x. Default false.
   */
  highOpacity?: boolean;
  /**
   * Iteration from which `highOpacity` holds; at least `densifyUntilIter`, since events and resets work on logits.
   * Default 15000.
   */
  hoIteration?: number;
  /**
   * `"reference"` trains as the implementation that the authors of Mallick et al. 2024 published, where the two differ,
   * for comparisons; some parts of that can be named instead. `"cameras"` is up to the scene: load it with
   * `referenceCameras`. Default `"none"`.
   */
  parity?: Parity;
  /** Render over white instead of black. Default false. */
  whiteBackground?: boolean;
  /** A new random background colour in every iteration. Default false. */
  randomBackground?: boolean;
  /**
   * `"default"`: Adam on all Gaussians in every step; `"sparse_adam"`: only on those visible in the step's view, without
   * bias correction (Mallick et al. 2024). Default `"default"`.
   */
  optimizerType?: OptimizerType;
  /**
   * Where photos stay: `"cuda"` on the training device, `"cpu"` in host memory, `"disk"` in their files, to be decoded
   * anew as they are needed. What is learnt is the same to the bit. Default `"cuda"`.
   */
  dataDevice?: "cuda" | "cpu" | "disk";
  /** With `dataDevice: "disk"`: bytes of decoded photos in host memory at most. Default 2 GiB. */
  photoCache?: number;
  /** Iterations that evaluate; -1 for never, those after the last iteration are ignored. Default 7000 and 30000. */
  testIterations?: number[];
  /** Iterations that yield a `save` event; the last iteration always does. Default 7000 and 30000. */
  saveIterations?: number[];
  /** Stop after this many seconds of training steps (loading and evaluation not counted). Default no limit. */
  maxSeconds?: number;
  /** Ends the run after the step in progress; the `done` event still comes. */
  signal?: AbortSignal;
  /** Pauses, resumes and stops the run, and asks it for saves and evaluations. Default none. */
  controller?: TrainController;
  /**
   * Makes the strategy that adds and removes Gaussians. Default the one of Mallick et al. 2024, or the reference's with
   * parity of the part `selection`.
   */
  strategy?: (context: StrategyContext) => Strategy;
}

/** What a strategy is made for: one run. */
export interface StrategyContext {
  /** All options of the run. */
  options: ResolvedTrainOptions;
  /** Seed of every random number. */
  seed: number;
  /** Scene extent in world units. */
  extent: number;
  /** Number of training views. */
  views: number;
  /** Count of Gaussians at the start. */
  start: number;
  /** Count that the budget asks for after the last densification event. */
  target: number;
}

/** {@linkcode TrainOptions} with every default filled in and checked. */
export type ResolvedTrainOptions =
  & Required<Omit<TrainOptions, "preset" | "parity" | "signal" | "controller" | "strategy">>
  & Pick<TrainOptions, "preset" | "signal" | "controller" | "strategy">
  & { parity: readonly ParityPart[] };

/** Options that have no default value. */
const UNSET = ["preset", "signal", "controller", "strategy"] as const;

const DEFAULTS: Required<Omit<TrainOptions, (typeof UNSET)[number]>> = {
  shDegree: 3,
  iterations: 30000,
  positionLrInit: 0.00016,
  positionLrFinal: 0.0000016,
  positionLrMaxSteps: 30000,
  featureLr: 0.0025,
  shfeatureLr: 0.005,
  opacityLr: 0.025,
  scalingLr: 0.005,
  rotationLr: 0.001,
  lambdaDssim: 0.2,
  densificationInterval: 100,
  densifyFromIter: 500,
  densifyUntilIter: 15000,
  opacityResetInterval: 3000,
  densifyGradThreshold: 0.0002,
  percentDense: 0.01,
  minOpacity: 0.005,
  cams: 10,
  budget: 20,
  mode: "multiplier",
  budgetCap: false,
  shLower: false,
  highOpacity: false,
  hoIteration: 15000,
  parity: "none",
  whiteBackground: false,
  randomBackground: false,
  optimizerType: "default",
  dataDevice: "cuda",
  photoCache: 2 ** 31,
  testIterations: [7000, 30000],
  saveIterations: [7000, 30000],
  maxSeconds: Infinity,
};

/** Iterations are unsigned 32-bit integers in the step plan. */
const MAX_ITERATION = 2 ** 32 - 1;

/** Lowest and highest allowed value of each whole-number option. */
const INTEGER_RANGES = {
  shDegree: [0, 3],
  iterations: [1, MAX_ITERATION],
  positionLrMaxSteps: [1, MAX_ITERATION],
  densificationInterval: [1, MAX_ITERATION],
  densifyFromIter: [0, MAX_ITERATION],
  densifyUntilIter: [0, MAX_ITERATION],
  opacityResetInterval: [1, MAX_ITERATION],
  hoIteration: [0, MAX_ITERATION],
  cams: [-1, MAX_ITERATION],
} as const;

/** Lowest and highest allowed value of each real option. */
const NUMBER_RANGES = {
  positionLrInit: [0, Number.MAX_VALUE],
  positionLrFinal: [0, Number.MAX_VALUE],
  featureLr: [0, Number.MAX_VALUE],
  shfeatureLr: [0, Number.MAX_VALUE],
  opacityLr: [0, Number.MAX_VALUE],
  scalingLr: [0, Number.MAX_VALUE],
  rotationLr: [0, Number.MAX_VALUE],
  lambdaDssim: [0, 1],
  densifyGradThreshold: [0, Number.MAX_VALUE],
  percentDense: [0, Number.MAX_VALUE],
  minOpacity: [0, 1],
  budget: [Number.MIN_VALUE, Number.MAX_VALUE],
  photoCache: [0, Number.MAX_VALUE],
  maxSeconds: [Number.MIN_VALUE, Infinity],
} as const;

const CHOICES = {
  mode: ["multiplier", "final_count"],
  optimizerType: ["default", "sparse_adam"],
  dataDevice: ["cuda", "cpu", "disk"],
} as const;

function rangeInWords(low: number, high: number): string {
  const lowest = low === Number.MIN_VALUE ? "greater than 0" : `at least ${low}`;
  return high >= Number.MAX_VALUE ? lowest : `${lowest} and at most ${high}`;
}

function refuse(name: string, value: unknown, expected: string): never {
  throw new RangeError(`Cannot train with ${name} ${JSON.stringify(value)}: it must be ${expected}`);
}

/** Whole numbers from 1 on, ascending, each once; -1 stands for "none". */
function iterationList(name: string, values: number[]): number[] {
  for (const value of values) {
    if (value !== -1 && !(Number.isInteger(value) && value >= 1)) {
      refuse(name, value, "a list of whole numbers from 1 on, or -1 for never");
    }
  }
  return [...new Set(values)].filter((value) => value > 0).sort((a, b) => a - b);
}

function presetOptions({ preset, budget }: TrainOptions): TrainOptions {
  if (preset === undefined) return {};
  if (!Object.hasOwn(PRESETS, preset)) {
    refuse("preset", preset, Object.keys(PRESETS).map((name) => `"${name}"`).join(" or "));
  }
  const { budget: usual = budget, ...options } = PRESETS[preset];
  if (usual === undefined) refuse("preset", preset, "given with a budget, the final count of Gaussians");
  return { ...options, budget: usual };
}

/** From `hoIteration` on opacities are no logits, or none that the reference still trains. */
function checkOpacities({ highOpacity, parity, hoIteration, densifyUntilIter }: ResolvedTrainOptions): void {
  const freezes = parity.includes("opacity");
  if (highOpacity && freezes) {
    refuse("highOpacity", true, "left out with parity, since the reference leaves opacities alone from hoIteration on");
  }
  if ((highOpacity || freezes) && hoIteration < densifyUntilIter) {
    refuse("hoIteration", hoIteration, `at least densifyUntilIter, ${densifyUntilIter}`);
  }
}

/**
 * Fills in defaults and checks every option.
 *
 * @param options What the caller gave
 * @returns All options; `saveIterations` ends with the last iteration, both lists hold only iterations that happen
 * @throws {RangeError} When an option is unknown or out of range; the message names it and says what is allowed
 */
export function resolveTrainOptions(options: TrainOptions = {}): ResolvedTrainOptions {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as TrainOptions;
  for (const name of Object.keys(given)) {
    if (!(name in DEFAULTS) && !(UNSET as readonly string[]).includes(name)) {
      throw new RangeError(`Cannot train with the option "${name}": there is none of this name`);
    }
  }
  const named = { ...DEFAULTS, ...presetOptions(given), ...given };
  const parity = parityParts(named.parity);
  if (parity === undefined) {
    refuse("parity", named.parity, `"none", "reference", or some of ${PARITY_PARTS.join(", ")}`);
  }
  const resolved: ResolvedTrainOptions = { ...named, parity };

  for (const [name, [low, high]] of Object.entries(INTEGER_RANGES)) {
    const value = resolved[name as keyof typeof INTEGER_RANGES];
    if (!Number.isInteger(value) || value < low || value > high) {
      refuse(name, value, `a whole number ${rangeInWords(low, high === MAX_ITERATION ? Infinity : high)}`);
    }
  }
  for (const [name, [low, high]] of Object.entries(NUMBER_RANGES)) {
    const value = resolved[name as keyof typeof NUMBER_RANGES];
    if (!(value >= low && value <= high)) refuse(name, value, `a number ${rangeInWords(low, high)}`);
  }
  for (const [name, choices] of Object.entries(CHOICES)) {
    const value = resolved[name as keyof typeof CHOICES];
    if (!(choices as readonly string[]).includes(value)) {
      refuse(name, value, choices.map((choice) => `"${choice}"`).join(" or "));
    }
  }
  if ((resolved.positionLrInit === 0) !== (resolved.positionLrFinal === 0)) {
    refuse(
      "positionLrFinal",
      resolved.positionLrFinal,
      "0 exactly when positionLrInit is 0 (the decay is exponential)",
    );
  }

  checkOpacities(resolved);

  const happens = (iteration: number): boolean => iteration <= resolved.iterations;
  resolved.testIterations = iterationList("testIterations", resolved.testIterations).filter(happens);
  resolved.saveIterations = iterationList("saveIterations", [...resolved.saveIterations, resolved.iterations])
    .filter(happens);
  return resolved;
}
