// A problem whose Gaussians are smaller than what its views resolve, and its state after bounds of their scales.
import type { Camera } from "../../base/scene.ts";
import type { Device } from "../../ffi/device.ts";
import { Gaussians, type SplatArrays } from "../../ffi/gaussians.ts";
import { Control, STEP, type Step, StepPlan, Trainer, type TrainerOptions } from "../../ffi/trainer.ts";
import { twoSided } from "../densify/world.ts";
import { makeViews, type Photo } from "../gpu/training.ts";
import { type State, stateOf, stepOf } from "./world.ts";

/** Smallest scale in pixels. */
export const PIXELS = 0.45;

/** Steps in both views, with rates that move log-scales by about 0.05. */
export const STEPS: Partial<Step>[] = [0, 1, 0, 1].map((view) => ({
  view,
  shDegree: 1,
  learningRates: [1e-4, 1e-3, 1e-3, 1e-2, 5e-2, 1e-3],
}));

/** 80 Gaussians around the bounds; the last five are beside, above or too close to all cameras, or without a place. */
export function limitedProblem(): { splats: SplatArrays; photos: Photo[]; cameras: Camera[] } {
  const { splats, photos } = twoSided(80);
  splats.logScales.forEach((value, i) => splats.logScales[i] = value - 1.2);
  splats.means.set([30, 0, 2, -30, 0, -2, 0, 30, 2, 5, 0, 0.1, NaN, 0, 2], 3 * 75);
  const cameras = photos.map(({ camera }) => camera);
  // One more, farther away with a longer lens, that no step uses.
  const tele = { ...cameras[0], fx: 150, fy: 90, translation: [0, 0, 3] };
  return { splats, photos, cameras: [...cameras, tele] };
}

/** The state after `limitScales` and some steps. */
export async function limitedState(
  device: Device,
  steps: readonly Partial<Step>[],
  options: TrainerOptions & { flags?: number } = {},
): Promise<State> {
  const { flags = STEP.statistics, ...trainerOptions } = options;
  const { splats, photos, cameras } = limitedProblem();
  using gaussians = Gaussians.fromArrays(device, splats);
  using views = makeViews(device, photos);
  using trainer = Trainer.create(gaussians, views, { smallestScales: true, ...trainerOptions });
  await trainer.limitScales(cameras, PIXELS);
  if (steps.length > 0) {
    const plan = new StepPlan(steps.length);
    steps.forEach((step, i) => plan.push(stepOf({ flags, ...step }, i + 1)));
    await trainer.run(plan, new Control(steps.length));
  }
  return await stateOf(trainer);
}
