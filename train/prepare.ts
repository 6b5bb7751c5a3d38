// Prepares a run: the budget, the strategy, the initial Gaussians, and the memory plan, which is compared with what is
// available.

import type { Scene, View } from "../base/scene.ts";
import type { Device } from "../ffi/device.ts";
import type { Gaussians } from "../ffi/gaussians.ts";
import { countInstances } from "../ffi/rasterizer.ts";
import { initGaussians, warmStart } from "../init/gaussians.ts";
import { budgetTarget, largestCount } from "./budget.ts";
import type { ResolvedTrainOptions } from "./options.ts";
import { heldPhotoBytes } from "./photo_cache.ts";
import { checkMemory, type MemoryPlan, planMemory, plannedPhoto } from "./plan.ts";
import { accumulatesSh } from "./schedule.ts";
import { strategyOf } from "./strategies/choose.ts";
import { limitedScales } from "./strategies/limited_scales.ts";
import type { Strategy } from "./strategies/strategy.ts";

/** Maximum number of views in which the plan counts the (tile, splat) pairs of the initial Gaussians. */
const COUNTED_VIEWS = 8;

/** A run before its first step. */
export interface PreparedRun {
  /** The initial Gaussians; the caller disposes them. */
  gaussians: Gaussians;
  /** The memory that the run needs. */
  plan: MemoryPlan;
  /** What the user should know, one sentence each. */
  warnings: string[];
}

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

/**
 * Makes the strategy of a run; with `antialiasing` it also bounds the scales.
 *
 * @param scene What to train on
 * @param options Resolved options
 * @param seed Seed of every random number
 */
export function runStrategy(
  { splats, points, train, extent }: Scene,
  options: ResolvedTrainOptions,
  seed: number,
): RunStrategy {
  const start = splats?.count ?? points.count;
  const target = budgetTarget(start, options);
  const chosen = strategyOf({ options, seed, extent, views: train.length, start, target });
  const cameras = train.map(({ camera }) => camera);
  const strategy = options.antialiasing ? limitedScales(chosen, { cameras, ...options }) : chosen;
  return { strategy, start, target, capacity: largestCount({ start, target }, strategy.densification.length) };
}

/**
 * Makes the initial Gaussians, and plans the run's memory.
 *
 * @param device Open device
 * @param scene What to train on
 * @param options Resolved options
 * @param chosen The run's strategy and counts
 * @returns See {@linkcode PreparedRun}
 * @throws {TameError} "out of memory" when memory does not suffice; all memory is then freed
 */
export async function prepareRun(
  device: Device,
  scene: Scene,
  options: ResolvedTrainOptions,
  chosen: RunStrategy,
): Promise<PreparedRun> {
  device.memory({ resetPeak: true });
  const { splats } = scene;
  const { shDegree } = options;
  const { strategy, start, target, capacity } = chosen;
  const events = strategy.densification.length;
  const { limit, live } = device.memory();
  const available = limit > 0 ? limit - live : await device.freeMemory();
  const counts = { capacity, densifies: events > 0, trainerState: strategy.trainerState };
  checkMemory(planRun(device, scene, { ...options, ...counts }, available));

  const warnings: string[] = [];
  const onFallback = (message: string) => void warnings.push(message);
  const gaussians = splats === undefined
    ? await initGaussians(device, scene.points, { shDegree, capacity, onFallback, ...strategy.initial })
    : await warmStart(device, splats, { shDegree, capacity });
  try {
    const firstInstances = await mostInstances(gaussians, scene.train);
    const plan = planRun(device, scene, { ...options, ...counts, firstInstances }, available);
    checkMemory(plan);
    warnings.push(...warningsOf(scene, options, { start, target, events }));
    return { gaussians, plan, warnings };
  } catch (error) {
    gaussians[Symbol.dispose]();
    throw error;
  }
}

function warningsOf(
  { splats }: Scene,
  options: ResolvedTrainOptions,
  { start, target, events }: { start: number; target: number; events: number },
): string[] {
  const warnings: string[] = [];
  if (splats !== undefined && splats.shDegree > options.shDegree) {
    warnings.push(
      `The initial Gaussians have spherical harmonics of degree ${splats.shDegree}; only those up to degree ` +
        `${options.shDegree} are kept`,
    );
  }
  if (events === 0 && target !== start) {
    warnings.push(
      `This run has no densification events: the count stays ${start} and ignores the budget of ${target}`,
    );
  }
  if (options.highOpacity && options.hoIteration >= options.iterations) {
    warnings.push(
      `highOpacity has no effect: the run ends before iteration ${options.hoIteration}, at which it would start`,
    );
  }
  return warnings;
}

/** The memory plan of the run, with the bytes that it may use. */
function planRun(
  device: Device,
  scene: Scene,
  options: ResolvedTrainOptions & Pick<Strategy, "trainerState"> & {
    capacity: number;
    densifies: boolean;
    firstInstances?: number;
  },
  limit: number,
): MemoryPlan {
  return planMemory({
    library: device.library,
    photos: scene.train.map(plannedPhoto),
    photosOnDevice: options.dataDevice === "cuda",
    heldPhotoBytes: options.dataDevice === "disk" ? heldPhotoBytes(options.photoCache) : undefined,
    count: options.capacity,
    shDegree: options.shDegree,
    shAccumulation: accumulatesSh(options),
    viewsPerStep: options.viewsPerStep,
    ...options.trainerState,
    densifies: options.densifies,
    evaluates: options.testIterations.length > 0,
    firstInstances: options.firstInstances,
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
