// A small training problem with every kind of step, and its result: shared by the tests that compare two runs.
import type { Camera, Image8 } from "../../base/scene.ts";
import type { Device } from "../../ffi/device.ts";
import { Gaussians, type SplatArrays } from "../../ffi/gaussians.ts";
import { Control, STEP, type Step, StepPlan, Trainer } from "../../ffi/trainer.ts";
import { type Residency, Views } from "../../ffi/views.ts";
import { Random } from "../reference/random.ts";
import { benignScene } from "../reference/scenes.ts";

/** A camera and its photo. */
export interface Photo {
  camera: Camera;
  image: Image8;
  /** x, y, depth and weight of each depth that the view should have. */
  depths?: Float32Array<ArrayBuffer>;
}

/** The input of a run. */
export interface Problem {
  splats: SplatArrays;
  photos: Photo[];
}

/** The result of a run. */
export interface Outcome {
  losses: Float32Array;
  splats: SplatArrays;
  gradientSums: Float32Array;
  visibleSteps: Uint32Array;
  maxRadii: Float32Array;
}

/** Learning rates in the order of the groups: large enough that 60 steps change every parameter. */
export const LEARNING_RATES: readonly number[] = [2e-3, 2.5e-3, 1.25e-4, 2.5e-2, 5e-3, 1e-3];

/** All groups. */
export const EVERYTHING = 63;

/** How {@linkcode runProblem} trains. */
export interface RunOptions {
  steps: number;
  residency?: Residency;
  /** Changes a step's record before it is used. */
  alter?: (step: Step) => Step;
  lambdaDssim?: number;
  /** Changes the views before the first step. */
  prepare?: (views: Views) => void;
  passClampedGradient?: boolean;
  fullGradientDepth?: number;
  transform?: "none" | "gains" | "affine";
  unfused?: boolean;
  viewsPerStep?: number;
}

/**
 * Gaussians of SH degree 2 and four photos of them from the same side, each with a different size and shifted by a few
 * pixels. The photos are drawn here rather than rendered, so that they are the same for every backend.
 *
 * @param count Number of Gaussians.
 */
export function trainingProblem(count = 200): Problem {
  const { splats, camera } = benignScene({ seed: 901, count, shDegree: 2, width: 70, height: 53, sigmas: [1, 8] });
  const sizes = [[70, 53], [35, 27], [64, 48], [81, 33]];
  const photos = sizes.map(([width, height], k): Photo => {
    const translation = camera.translation.map((value, axis) => value + (axis === k % 3 ? 0.05 * k : 0));
    const seen = { ...camera, width, height, translation };
    return {
      camera: { ...seen, cx: width / 2 + 1.25, cy: height / 2 - 0.75, fx: camera.fx * width / 70 },
      image: { width, height, channels: 3, data: drawing(width, height, k) },
    };
  });
  return { splats, photos };
}

/** Trains a problem on a device and reads everything back. */
export async function runProblem(device: Device, { splats, photos }: Problem, options: RunOptions): Promise<Outcome> {
  const { steps, residency, alter = (step) => step, prepare, ...trainerOptions } = options;
  using gaussians = Gaussians.fromArrays(device, splats);
  using views = makeViews(device, photos, residency);
  prepare?.(views);
  using trainer = Trainer.create(gaussians, views, { shAccumulation: true, ...trainerOptions });
  const control = new Control(steps);
  await trainer.run(planOf(steps, { views: photos.length, viewsPerStep: options.viewsPerStep, alter }), control);
  return { losses: control.losses(), splats: gaussians.toArrays(), ...trainer.statistics() };
}

/** Views with the photos set. */
export function makeViews(device: Device, photos: readonly Photo[], residency?: Residency): Views {
  const views = Views.create(device, { count: photos.length, residency });
  photos.forEach(({ camera, image, depths }, i) => {
    views.set(i, camera, image);
    if (depths !== undefined) views.setDepths(i, image, depths);
  });
  return views;
}

/**
 * Steps that cycle through the views, `viewsPerStep` (default 1) in each, with statistics, rising SH degrees and, from
 * step 20 on, SH accumulation applied every fourth step.
 */
export function planOf(
  steps: number,
  { views, viewsPerStep = 1, alter = (step) => step }: {
    views: number;
    viewsPerStep?: number;
    alter?: (step: Step) => Step;
  },
): StepPlan {
  const plan = new StepPlan(steps, viewsPerStep);
  for (let i = 0; i < steps; i++) {
    const accumulate = i < 20 ? 0 : STEP.shAccumulate | (i % 4 === 3 ? STEP.shApply : 0);
    plan.push(alter({
      iteration: i + 1,
      view: Array.from({ length: viewsPerStep }, (_, k) => (i * viewsPerStep + k) % views),
      nextView: ((i + 1) * viewsPerStep) % views,
      shDegree: Math.min(2, Math.floor(i / 5)),
      update: EVERYTHING,
      flags: STEP.statistics | accumulate,
      learningRates: LEARNING_RATES,
      background: [0.1, 0.2, 0.3],
    }));
  }
  return plan;
}

/** Waves in every channel with some noise: 8-bit pixels that do not depend on a backend. */
function drawing(width: number, height: number, seed: number): Uint8Array {
  const random = new Random(910 + seed);
  return Uint8Array.from({ length: 3 * width * height }, (_, i) => {
    const [channel, x, y] = [i % 3, Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    const wave = Math.sin(0.11 * (channel + 1) * x + 0.07 * y + seed) * Math.cos(0.09 * y - 0.05 * channel * x);
    return Math.round(Math.min(255, Math.max(0, 128 + 90 * wave + 12 * random.normal())));
  });
}
