/**
 * The options of a training run in the library, and their checks. Names, defaults and bounds are those of
 * option_table.ts.
 *
 * Defaults are those of Kerbl et al. 2023 with the changes of Mallick et al. 2024 (Taming 3DGS).
 *
 * @module
 */

import type { ExposureKind } from "../base/exposure.ts";
import { apiName, OptionError, resolveOptions } from "../base/option.ts";
import type { Scene } from "../base/scene.ts";
import type { TrainController } from "./controller.ts";
import { TRAIN_ROWS } from "./option_table.ts";
import { type Parity, type ParityPart, parityParts } from "./parity.ts";
import { type Preset, presetOptions } from "./presets.ts";
import { scaledSchedule } from "./scaled_schedule.ts";
import type { Strategy } from "./strategies/strategy.ts";
import { type StrategyName, strategyOptions } from "./strategy_options.ts";

/** How {@linkcode TrainOptions.budget} is read. */
export type BudgetMode = "multiplier" | "final_count";

/** Which Gaussians Adam updates; see {@linkcode TrainOptions.optimizerType}. */
export type OptimizerType = "default" | "sparse_adam";

/** Options of {@linkcode train}. */
export interface TrainOptions {
  /** A set of options. Options given explicitly override it. Default none. */
  preset?: Preset;
  /** Highest degree of the spherical harmonics, 0 to 3. Default 3. */
  shDegree?: number;
  /**
   * Training steps. If no option of the schedule and no `parity` is given, the schedule is scaled to them: each of
   * `densificationInterval` (at least 50), `densifyFromIter`, `densifyUntilIter`, `opacityResetInterval` (at least
   * 1000), `shDegreeInterval`, `hoIteration` and `positionLrMaxSteps` (at least 30000, or what the preset sets) is
   * multiplied by `iterations` / 30000, or by the ratio to the preset's iterations, and rounded. Default 30000.
   */
  iterations?: number;
  /** Learning rate of the means at the start, in scene extents, 0 to 1. Default 0.00016. */
  positionLrInit?: number;
  /**
   * Learning rate of the means from `positionLrMaxSteps` on, in scene extents, 0 to 1. The strategy absgrad sets
   * 0.000064. Default 0.0000016.
   */
  positionLrFinal?: number;
  /** Iterations over which the means' learning rate falls, exponentially. Default 30000. */
  positionLrMaxSteps?: number;
  /** Learning rate of the degree-0 colour coefficients, 0 to 10. Default 0.0025. */
  featureLr?: number;
  /** 20 times the learning rate of the higher spherical harmonics, 0 to 200. Default 0.005. */
  shfeatureLr?: number;
  /** Learning rate of the opacity logits, 0 to 10. Default 0.025. */
  opacityLr?: number;
  /** Learning rate of the log-scales, 0 to 10. Default 0.005. */
  scalingLr?: number;
  /** Learning rate of the quaternions, 0 to 10. Default 0.001. */
  rotationLr?: number;
  /** Weight of 1 - SSIM in the loss, 0 to 1. Default 0.2. */
  lambdaDssim?: number;
  /**
   * Weight, times the scene extent, of the mean difference |1/z - 1/d| between the render's depths z and those d of the
   * capture's points at the pixels where a photo shows them, 0 to 1000; 0.01 is usual. The loss and the `step` events
   * include it. Default 0.
   */
  lambdaDepth?: number;
  /**
   * What a run does that diverges: its loss or a Gaussian is no longer a finite number, or the mean loss of about 100
   * steps is above 1 and above twice the loss of the first step. `"stop"`: a `save` event, then a `DivergenceError`;
   * `"continue"`: a `warning`. Default `"stop"`.
   */
  onDivergence?: "stop" | "continue";
  /** Iterations between densification events. The strategy absgrad sets 1000. Default 100. */
  densificationInterval?: number;
  /** Densification events come after this iteration. Default 500. */
  densifyFromIter?: number;
  /**
   * Densification events and opacity resets come before this iteration. The strategy absgrad sets 24000, mcmc 25000.
   * Default 15000.
   */
  densifyUntilIter?: number;
  /** Iterations between opacity resets. Default 3000. */
  opacityResetInterval?: number;
  /** Iterations between increments of the degree of the spherical harmonics, from 0 up. Default 1000. */
  shDegreeInterval?: number;
  /** Gradient of the 2D mean that makes a Gaussian a candidate for densification. Default 0.0002. */
  densifyGradThreshold?: number;
  /** Size above which a candidate is split instead of cloned, in scene extents. Default 0.01. */
  percentDense?: number;
  /** Used opacity below which a Gaussian is weak, so that an event may prune it. Default 0.005. */
  minOpacity?: number;
  /** Training views scored at a densification event; -1 for all. Default 10. */
  cams?: number;
  /** Target count of Gaussians; its meaning depends on `mode`. Default 20. */
  budget?: number;
  /**
   * `"multiplier"`: the target is `budget` times the initial count, rounded down; `"final_count"`: it is `budget`.
   * Default `"multiplier"`.
   */
  mode?: BudgetMode;
  /**
   * If the run does not fit in the device's free memory, or in its `memoryLimit`, lower the budget to the largest that
   * does; a `warning` event states it. A run with that budget gives the same bits. Default false.
   */
  fit?: boolean;
  /**
   * Take the budget as an upper bound: an event grows candidates only. Otherwise, if there are too few, the Gaussians
   * with the next-highest gradients follow until the event's target count is reached. Default false.
   */
  budgetCap?: boolean;
  /**
   * Step the higher spherical harmonics every 16th iteration only, with the summed gradient. The strategy absgrad and
   * the presets "budget" and "big" set it. Default false.
   */
  shLower?: boolean;
  /**
   * From `hoIteration` on, train the used opacity min(|x|, 1) instead of its logit, so that opacities reach 1 (Mallick
   * et al. 2024). The moments of the opacities are zeroed there, and `opacityLr` is then the learning rate of x. Saved
   * Gaussians contain logits either way. Default false.
   */
  highOpacity?: boolean;
  /**
   * Iteration at which `highOpacity` starts; at least `densifyUntilIter`, since events and resets work on logits. The
   * strategy absgrad sets 24000. Default 15000.
   */
  hoIteration?: number;
  /**
   * `"reference"` trains as the implementation that the authors of Mallick et al. 2024 published, for comparisons; an
   * array selects parts of that. `"cameras"` depends on the scene: load it with `referenceCameras`. Renders of a model
   * that was trained with `"coverage"` should have it too: load their scene with that `coverage`. Default `"none"`.
   */
  parity?: Parity;
  /**
   * Trains for renders at any size and distance, with the filters of Yu et al. 2024 (Mip-Splatting): views are rendered
   * anti-aliased ({@linkcode Camera.antialiasing}), and no scale becomes smaller than what the training view with the
   * finest sampling of the Gaussian resolves. Saved Gaussians are marked, so that `render` and other tools show them anti-aliased. A run
   * that starts from marked Gaussians is anti-aliased as well. Default false.
   */
  antialiasing?: boolean;
  /** Render over white instead of black. Default false. */
  whiteBackground?: boolean;
  /** A new random background colour in every iteration. Default false. */
  randomBackground?: boolean;
  /**
   * `"default"`: Adam on all Gaussians in every step; `"sparse_adam"`: only on those visible in the step's views, and
   * without bias correction (Mallick et al. 2024). Default `"default"`.
   */
  optimizerType?: OptimizerType;
  /**
   * What is learnt for each training photo, so that exposure and white balance may differ between photos: `"gains"`, a
   * gain for each channel; `"affine"`, any affine change of colours; `"none"`; or `"auto"`, gains if the photos' EXIF data
   * or the colours of points that they share say that exposures differ. The `plan` event has the choice. The Gaussians
   * get the mean look, and {@linkcode SaveEvent.exposures} what each photo differs by. Default `"none"`.
   */
  exposure?: ExposureKind | "auto" | "none";
  /**
   * Learning rate of exposures, 0 to 1: logarithms of gains, or entries of the matrix. It rises from a hundredth until
   * `densifyFromIter`, and falls exponentially to a tenth over `positionLrMaxSteps`. Default 0.01.
   */
  exposureLr?: number;
  /** Views whose gradients are averaged for one step: 1, 2, 4, 8, 16, 32 or 64. Default 1. */
  viewsPerStep?: number;
  /**
   * Where photos are kept: `"cuda"` on the training device, `"cpu"` in host memory, `"disk"` in their files, decoded
   * whenever they are needed. The result is the same, bit for bit. Default `"cuda"`.
   */
  dataDevice?: "cuda" | "cpu" | "disk";
  /** With `dataDevice: "disk"`: maximum bytes of decoded photos in host memory. Default 2 GiB. */
  photoCache?: number;
  /**
   * Iterations that evaluate; -1 for never. Those after the last iteration are ignored. If absent, evaluation runs at
   * 7000, 30000 and, if the scene holds out views, the last iteration. Default none.
   */
  testIterations?: readonly number[];
  /** Iterations that yield a `save` event; the last iteration always does. Default 7000 and 30000. */
  saveIterations?: readonly number[];
  /** Iterations that yield a `preview` event; -1 for none. Those after the last iteration are ignored. Default none. */
  previewIterations?: readonly number[];
  /**
   * Iterations after which a `checkpoint` event comes, after the iteration's densification event; -1 for none. Default
   * none.
   */
  checkpointIterations?: readonly number[];
  /**
   * Seconds of the clock between two `checkpoint` events, beside those of `checkpointIterations`; -1 for no such events.
   * Where the caller takes longer than 3 % of that time for one, they come as much less often, and a `warning` says so.
   * Default 60.
   */
  checkpointSeconds?: number;
  /**
   * File of a checkpoint whose run is continued, as if it had not stopped: with the same scene and seed, and on the same
   * backend and library, the result is the same, bit for bit. The options are those of the checkpoint. Another one may
   * be given only if it cannot change the result (iterations of tests, saves, previews and checkpoints, `checkpointSeconds`,
   * `maxSeconds`, `dataDevice`, `photoCache`), or if it is a function that a file cannot hold (`strategy`). Default
   * none.
   */
  startCheckpoint?: string | URL;
  /**
   * Train for this many seconds: steps and densification events, without loading and evaluation. Before the first step
   * the run estimates how many iterations fill them, `iterations` at most, from discarded rehearsals that take about
   * 15 % of the time; the schedule is that of so many. After densification it decides the number. The `iterations` event
   * has it and the schedule; a run with these options gives the same bits. A run that is 5 % late is stopped, and
   * evaluates there if its last iteration would. If the time is too short for a rehearsal, a
   * `warning` says so, and the run is stopped where it ends. Default no limit.
   */
  maxSeconds?: number;
  /** Ends the run after the step in progress; the `done` event still comes. */
  signal?: AbortSignal;
  /** Pauses, resumes and stops the run, and requests saves and evaluations. Default none. */
  controller?: TrainController;
  /**
   * Pixels of the largest image that the caller renders while the run goes on, beyond the size of its views. The memory
   * plan has room for it, or for a smaller one if memory is short: `plan.renderPixels` of the `plan` event. Default 0.
   */
  renderPixels?: number;
  /**
   * Adds and removes Gaussians: `"taming"`, by scores (Mallick et al. 2024, Taming 3DGS; the reference's events with
   * parity part `selection`); `"absgrad"`, by absolute gradients (Ye et al. 2024) while opacities decay; `"mcmc"`, by
   * noise and by relocating faint Gaussians (Kheradmand et al. 2024, 3DGS as MCMC); `"adc"`, by gradients alone (Kerbl
   * et al. 2023); or a function that makes one. All of these end with exactly the budget, unless `budgetCap` is set.
   * Default `"taming"`.
   */
  strategy?: StrategyName | ((context: StrategyContext) => Strategy);
}

/** The run that a strategy is made for. */
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
  /** Target count after the last densification event. */
  target: number;
}

/** {@linkcode TrainOptions} with every default filled in and checked. */
export type ResolvedTrainOptions =
  & Required<Omit<TrainOptions, "preset" | "parity" | "signal" | "controller" | "renderPixels" | "startCheckpoint">>
  & Pick<TrainOptions, "preset" | "signal" | "controller" | "renderPixels" | "startCheckpoint">
  & { parity: readonly ParityPart[] };

/** Iterations that evaluate if the caller gives none, beside the last one. */
const USUAL_TESTS: readonly number[] = [7000, 30_000];

/** Options that are not rows of the table, since they have no flags. */
const WITHOUT_ROW: readonly string[] = ["signal", "controller", "renderPixels"];

/** Iterations from 1 on, ascending, each once; -1 means "none" and is dropped. */
function iterationList(values: readonly number[]): number[] {
  return [...new Set(values)].filter((value) => value > 0).sort((a, b) => a - b);
}

function rejectUnknown(options: TrainOptions): void {
  const known = [...TRAIN_ROWS.map(apiName), ...WITHOUT_ROW];
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new OptionError(() => `Unknown option "${unknown}" of train()`);
}

/** Rejects a preset that leaves the budget to the caller, who gave none. */
function checkBudget({ preset, mode, budget }: TrainOptions): void {
  if (preset === undefined || mode !== "final_count" || budget !== undefined) return;
  throw new OptionError((option) =>
    `Missing ${option("budget")}: ${option("preset")} ${preset} trains to a final count of Gaussians, such as 1000000`
  );
}

/** Rejects a strategy beside a preset whose schedule is for another one. */
function checkPreset({ preset, strategy }: TrainOptions): void {
  const own = presetOptions(preset).strategy;
  if (own === undefined || typeof strategy !== "string" || strategy === own) return;
  throw new OptionError((option) =>
    `Cannot use ${option("strategy")} ${strategy} with ${option("preset")} ${preset}, which is for ${own}`
  );
}

/** Rejects options that the strategy cannot follow. */
function checkStrategy({ strategy, highOpacity, minOpacity, parity }: ResolvedTrainOptions): void {
  if (typeof strategy === "function" || strategy === "taming") return;
  const part = parity.find((part) => part === "curve" || part === "selection");
  if (part !== undefined) {
    throw new OptionError((option) =>
      `Cannot use ${option("parity")} ${part} with ${option("strategy")} ${strategy}: it changes the events of taming`
    );
  }
  if (strategy !== "mcmc") return;
  if (highOpacity) {
    throw new OptionError((option) =>
      `Cannot use ${option("highOpacity")} with ${option("strategy")} mcmc, which needs the logits of opacities`
    );
  }
  if (parity.includes("opacity")) {
    throw new OptionError((option) =>
      `Cannot use ${option("parity")} opacity with ${option("strategy")} mcmc, which trains opacities to the end`
    );
  }
  if (minOpacity === 1) {
    throw new OptionError((option) =>
      `Cannot use 1 as ${option("minOpacity")} with ${option("strategy")} mcmc: it must be less than 1`
    );
  }
}

/** Rejects exposures beside a parity without. */
function checkExposure({ exposure, parity }: ResolvedTrainOptions): void {
  if (exposure === "auto" || exposure === "none" || !parity.includes("exposure")) return;
  throw new OptionError((option) =>
    `Cannot use ${option("exposure")} ${exposure} with ${option("parity")}: the reference trains no exposures`
  );
}

/** Rejects options that contradict each other. */
function checkTogether(options: ResolvedTrainOptions): void {
  checkStrategy(options);
  checkExposure(options);
  const { positionLrInit, positionLrFinal, highOpacity, parity, hoIteration, densifyUntilIter, renderPixels = 0 } =
    options;
  if ((positionLrInit === 0) !== (positionLrFinal === 0)) {
    throw new OptionError((option) =>
      `Cannot use ${positionLrFinal} as ${option("positionLrFinal")}: it must be 0 if and only if ` +
      `${option("positionLrInit")} is 0, since the decay is exponential`
    );
  }
  // From hoIteration on, opacities are not logits, or the reference does not train them.
  const freezes = parity.includes("opacity");
  if (highOpacity && freezes) {
    throw new OptionError((option) =>
      `Cannot use ${option("highOpacity")} with ${option("parity")}: the reference does not train opacities from ` +
      `${option("hoIteration")} on`
    );
  }
  if (!Number.isSafeInteger(renderPixels) || renderPixels < 0) {
    throw new OptionError((option) =>
      `Cannot use ${renderPixels} as ${option("renderPixels")}: it must be a whole number, 0 or more`
    );
  }
  if ((highOpacity || freezes) && hoIteration < densifyUntilIter) {
    throw new OptionError((option) =>
      `Cannot use ${hoIteration} as ${option("hoIteration")}: it must be at least ${option("densifyUntilIter")}, ` +
      `${densifyUntilIter}`
    );
  }
}

/**
 * Fills in defaults and checks every option.
 *
 * @param options What the caller gave
 * @param scene What is trained on. Default: one that holds out no views
 * @returns All options; the schedule is scaled, the lists of iterations are limited to the run, and `saveIterations`
 * includes the last one
 * @throws {OptionError} When an option is unknown or out of range; the message names it and says what is allowed
 */
export function resolveTrainOptions(
  options: TrainOptions = {},
  { test }: Pick<Scene, "test"> = { test: [] },
): ResolvedTrainOptions {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as TrainOptions;
  rejectUnknown(given);
  const preset = presetOptions(given.preset);
  const { parity: wanted, strategy: chosen, ...named }: TrainOptions = {
    ...strategyOptions(given.strategy ?? preset.strategy),
    ...preset,
    ...scaledSchedule(given),
    ...given,
  };
  checkBudget(named);
  checkPreset(given);
  const parity = Array.isArray(wanted) ? wanted.join(",") || "none" : wanted as "none" | "reference" | undefined;
  const [own, name] = typeof chosen === "function" ? [chosen] : [undefined, chosen];
  const checked = resolveOptions(TRAIN_ROWS, { ...named, parity, strategy: name });
  const { iterations } = checked;
  const { testIterations = [...USUAL_TESTS, ...(test.length > 0 ? [iterations] : [])] } = checked;
  const { checkpointIterations = [], previewIterations = [] } = checked;
  const happening = (values: readonly number[]) => iterationList(values).filter((iteration) => iteration <= iterations);
  const resolved: ResolvedTrainOptions = {
    ...checked,
    parity: parityParts(checked.parity)!, // the row's check rejects unknown parts
    strategy: own ?? checked.strategy,
    testIterations: happening(testIterations),
    saveIterations: happening([...checked.saveIterations, iterations]),
    previewIterations: happening(previewIterations),
    checkpointIterations: happening(checkpointIterations),
    signal: given.signal,
    controller: given.controller,
    renderPixels: given.renderPixels,
  };
  checkTogether(resolved);
  return resolved;
}
