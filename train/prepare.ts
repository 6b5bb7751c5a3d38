// Prepares a run: the budget, the strategy, the initial Gaussians, and the memory plan, which is compared with what is
// available.

import { formatBytes } from "../base/format.ts";
import type { Scene, View } from "../base/scene.ts";
import type { Device } from "../ffi/device.ts";
import type { Gaussians } from "../ffi/gaussians.ts";
import type { Library } from "../ffi/library.ts";
import { countInstances } from "../ffi/rasterizer.ts";
import { initGaussians, warmStart } from "../init/gaussians.ts";
import { budgetTarget, fittingTarget, largestCount } from "./budget.ts";
import { depthBytes } from "./depths.ts";
import type { ResolvedTrainOptions } from "./options.ts";
import { heldPhotoBytes } from "./photo_cache.ts";
import { checkMemory, fits, type MemoryPlan, planMemory, plannedPhoto } from "./plan.ts";
import { accumulatesSh } from "./schedule.ts";
import { strategyOf } from "./strategies/choose.ts";
import { limitedScales } from "./strategies/limited_scales.ts";
import type { Strategy } from "./strategies/strategy.ts";

/** Maximum number of views in which the plan counts the (tile, splat) pairs of the initial Gaussians. */
const COUNTED_VIEWS = 8;

/** The strategy of a run, and its counts of Gaussians. */
export interface RunStrategy {
  /** Adds and removes Gaussians. */
  strategy: Strategy;
  /** Count of Gaussians at the start. */
  start: number;
  /** Count after the last densification event. */
  target: number;
  /** The maximum number of Gaussians. */
  capacity: number;
}

/** A run before its first step. */
export interface PreparedRun extends RunStrategy {
  /** The initial Gaussians; the caller disposes them. */
  gaussians: Gaussians;
  /** The memory that the run needs. */
  plan: MemoryPlan;
  /** What the user should know, one sentence each. */
  warnings: string[];
}

/**
 * Makes the strategy of a run; with `antialiasing` it also bounds the scales.
 *
 * @param scene What to train on
 * @param options Resolved options
 * @param seed Seed of every random number
 * @param most Maximum target count. Default that of the options
 */
export function runStrategy(
  { splats, points, train, extent }: Scene,
  options: ResolvedTrainOptions,
  seed: number,
  most: number = Infinity,
): RunStrategy {
  const start = splats?.count ?? points.count;
  const target = Math.min(budgetTarget(start, options), most);
  const cameras = train.map(({ camera }) => camera);
  const chosen = strategyOf({ options, seed, extent, views: train.length, start, target });
  const strategy = options.antialiasing ? limitedScales(chosen, { cameras, ...options }) : chosen;
  return { strategy, start, target, capacity: largestCount({ start, target }, strategy.densification.length) };
}

/**
 * The bytes that a run may use on a device.
 *
 * @param device Open device, before anything of the run is on it
 */
export async function availableMemory(device: Device): Promise<number> {
  const { limit, live } = device.memory();
  return limit > 0 ? limit - live : await device.freeMemory();
}

/**
 * Makes the initial Gaussians, and plans the run's memory.
 *
 * @param device Open device
 * @param scene What to train on
 * @param options Resolved options
 * @param wanted The run's strategy and counts, before the budget is lowered to what fits
 * @param available Bytes that the run may use, its photos included
 * @returns See {@linkcode PreparedRun}
 * @throws {TameError} "out of memory" when memory does not suffice; all memory is then freed
 */
export async function prepareRun(
  device: Device,
  scene: Scene,
  options: ResolvedTrainOptions,
  wanted: RunStrategy,
  available: number,
): Promise<PreparedRun> {
  device.memory({ resetPeak: true });
  const planOf = (run: RunStrategy, firstInstances?: number): MemoryPlan =>
    planRun(device.library, scene, options, { ...run, firstInstances, limit: available });
  const runOf = (most: number): RunStrategy => runStrategy(scene, options, device.seed, most);
  const fitted = (run: RunStrategy, firstInstances?: number): RunStrategy => {
    if (!options.fit || fits(planOf(run, firstInstances))) return run;
    return runOf(fittingTarget(run.target, (most) => fits(planOf(runOf(most), firstInstances))));
  };

  let run = fitted(wanted);
  const advice = memoryAdvice(device, options);
  checkMemory(planOf(run), advice);
  const warnings: string[] = [];
  let gaussians = await firstGaussians(device, scene, options, run, (message) => void warnings.push(message));
  try {
    const firstInstances = await mostInstances(gaussians, scene.train);
    const unchanged = run;
    run = fitted(run, firstInstances);
    const plan = planOf(run, firstInstances);
    checkMemory(plan, advice);
    if (run !== unchanged) {
      gaussians[Symbol.dispose]();
      gaussians = await firstGaussians(device, scene, options, run);
    }
    if (run.target < wanted.target) warnings.push(fittedText(wanted, run, planOf(wanted, firstInstances)));
    warnings.push(...warningsOf(scene, options, run));
    return { ...run, gaussians, plan, warnings };
  } catch (error) {
    gaussians[Symbol.dispose]();
    throw error;
  }
}

/** The initial Gaussians: those of the scene, or one for each of its points. */
async function firstGaussians(
  device: Device,
  { splats, points, frame }: Scene,
  { shDegree }: ResolvedTrainOptions,
  { capacity, strategy }: RunStrategy,
  onFallback?: (message: string) => void,
): Promise<Gaussians> {
  return splats === undefined
    ? await initGaussians(device, points, { shDegree, capacity, frame, onFallback, ...strategy.initial })
    : await warmStart(device, splats, { shDegree, capacity, frame });
}

/** What makes a run smaller, of what it does not do already. */
function memoryAdvice({ backend }: Device, { fit, dataDevice }: ResolvedTrainOptions): string {
  const ways = [fit ? "Start from fewer points or Gaussians (--init)" : "Lower the budget (--fit takes what fits)"];
  ways.push("use smaller photos (-r 2, 4 or 8)");
  if (backend === "cuda" && dataDevice === "cuda") ways.push("keep photos in host memory (--data_device cpu)");
  if (backend === "cpu" && dataDevice !== "disk") ways.push("keep photos in their files (--data_device disk)");
  return [...ways, "or raise the memory limit if one was set"].join(", ");
}

function fittedText(wanted: RunStrategy, run: RunStrategy, { total, limit }: MemoryPlan): string {
  return `The budget is lowered from ${wanted.target} to ${run.target} Gaussians: with ${wanted.target} the run needs ` +
    `about ${formatBytes(total)}, and ${formatBytes(limit)} are available. The final count ${run.target} as the ` +
    `budget gives the same result again`;
}

function warningsOf(
  { splats, train }: Scene,
  options: ResolvedTrainOptions,
  { start, target, strategy }: RunStrategy,
): string[] {
  const warnings: string[] = [];
  if (splats !== undefined && splats.shDegree > options.shDegree) {
    warnings.push(
      `The initial Gaussians have spherical harmonics of degree ${splats.shDegree}; only those up to degree ` +
        `${options.shDegree} are kept`,
    );
  }
  if (strategy.densification.length === 0 && target !== start) {
    warnings.push(
      `This run has no densification events: the count stays ${start} and ignores the budget of ${target}`,
    );
  }
  if (options.lambdaDepth > 0 && train.every(({ depths }) => depths === undefined)) {
    warnings.push("lambdaDepth has no effect: the capture has no points, whose depths it would use");
  }
  if (options.highOpacity && options.hoIteration >= options.iterations) {
    warnings.push(
      `highOpacity has no effect: the run ends before iteration ${options.hoIteration}, at which it would start`,
    );
  }
  return warnings;
}

/** What a run's plan depends on beside its scene and options. */
export interface PlannedRun extends Pick<RunStrategy, "strategy" | "capacity"> {
  /** Maximum of the (tile, splat) pairs of a view at the start, if they were counted. */
  firstInstances?: number;
  /** Bytes that the run may use. Default Infinity. */
  limit?: number;
}

/**
 * The memory plan of a run.
 *
 * @param library The library that computes
 * @param scene What to train on
 * @param options Resolved options
 * @param run Its strategy and maximum count
 */
export function planRun(
  library: Library,
  scene: Scene,
  options: ResolvedTrainOptions,
  { strategy, capacity, firstInstances, limit }: PlannedRun,
): MemoryPlan {
  return planMemory({
    library,
    photos: scene.train.map(plannedPhoto),
    photosOnDevice: options.dataDevice === "cuda",
    depthBytes: options.lambdaDepth > 0 ? depthBytes(scene.train) : 0,
    heldPhotoBytes: options.dataDevice === "disk" ? heldPhotoBytes(options.photoCache) : undefined,
    count: capacity,
    shDegree: options.shDegree,
    shAccumulation: accumulatesSh(options),
    viewsPerStep: options.viewsPerStep,
    transform: options.exposure === "auto" ? "none" : options.exposure,
    ...strategy.trainerState,
    densifies: strategy.densification.length > 0,
    evaluates: options.testIterations.length > 0,
    renderPixels: options.renderPixels,
    firstInstances,
  }, limit);
}

/** The maximum of the (tile, splat) pairs of some views, evenly spaced among all. */
async function mostInstances(gaussians: Gaussians, views: View[]): Promise<number> {
  let most = 0;
  for (let i = 0; i < views.length; i += Math.ceil(views.length / COUNTED_VIEWS)) {
    most = Math.max(most, await countInstances(gaussians, views[i].camera));
  }
  return most;
}
