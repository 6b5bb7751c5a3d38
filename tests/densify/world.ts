// The scene of the densification tests: half of the Gaussians in front of each of two opposite cameras, so that
// changing one half does not change the other camera's image.
import type { Image8 } from "../../base/scene.ts";
import type { Device } from "../../ffi/device.ts";
import { Gaussians, type SplatArrays } from "../../ffi/gaussians.ts";
import { Control, GROUP, SCORE, type Step, StepPlan, Trainer, type TrainerOptions } from "../../ffi/trainer.ts";
import { EVERYTHING, LEARNING_RATES, makeViews, type Photo } from "../gpu/training.ts";
import { Random } from "../reference/random.ts";
import { benignScene } from "../reference/scenes.ts";

/** All groups except the one whose values identify a row's source. */
export const BUT_NAMES = EVERYTHING & ~(1 << GROUP.shDc);

/** Weights of all terms that are not 0 where a Gaussian contributes. */
export const WEIGHTS: number[] = Array.from({ length: 12 }, (_, term) => term === SCORE.view ? 10 : 1);

/** A trainer and its Gaussians and views; disposes all. */
export interface World extends Disposable {
  gaussians: Gaussians;
  trainer: Trainer;
  splats: SplatArrays;
}

/**
 * Gaussians of SH degree 1; those of even index are in front of the first camera, those of odd index behind it and in
 * front of the second. The first coefficient of Gaussian i is i / 1000, which identifies it unless it is trained.
 */
export function twoSided(count: number, seed = 31): { splats: SplatArrays; photos: Photo[] } {
  const random = new Random(seed);
  const each = (length: number, value: (i: number) => number) =>
    Float32Array.from({ length: length * count }, (_, i) => value(i));
  const splats = {
    means: each(3, (i) => {
      const side = Math.floor(i / 3) % 2 === 0 ? 1 : -1;
      return i % 3 === 2 ? side * random.uniform(2, 6) : random.uniform(-1.2, 1.2);
    }),
    logScales: each(3, () => random.uniform(-4, -1.5)),
    quats: each(4, () => random.normal()),
    opacities: each(1, () => random.uniform(-2, 2)),
    sh: each(12, (i) => i % 12 === 0 ? i / 12 / 1000 : 0.4 * random.normal()),
    shDegree: 1,
  };
  const [width, height] = [40, 30];
  const photos = [1, -1].map((side): Photo => ({
    camera: {
      width,
      height,
      fx: 36,
      fy: 37,
      cx: 20.5,
      cy: 14.25,
      rotation: [side, 0, 0, 0, 1, 0, 0, 0, side],
      translation: [0.1, -0.05, 0],
    },
    image: photoOf(width, height, seed + side),
  }));
  return { splats, photos };
}

/** Three views of different sizes, 30 Gaussians of degree 2. */
export function threeViews(seed: number): { splats: SplatArrays; photos: Photo[] } {
  const { splats, camera } = benignScene({ seed, count: 30, shDegree: 2, width: 45, height: 37, sigmas: [0.8, 5] });
  const photos = [[45, 37], [38, 21], [33, 40]].map(([width, height], k): Photo => ({
    camera: {
      ...camera,
      width,
      height,
      cx: width / 2 + 1.5,
      translation: camera.translation.map((value, axis) => Math.fround(value + (axis === k ? 0.1 * k : 0))),
    },
    image: photoOf(width, height, seed + k),
  }));
  return { splats, photos };
}

/** Waves and noise, 8-bit. */
export function photoOf(width: number, height: number, seed: number): Image8 {
  const random = new Random(seed);
  const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => {
    const [channel, x, y] = [i % 3, Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    return Math.round(128 + 70 * Math.sin(0.3 * x + channel) * Math.cos(0.2 * y - seed) + random.uniform(-40, 40));
  });
  return { width, height, channels: 3, data };
}

/** Puts Gaussians with spare capacity, their photos and a trainer on a device. */
export function open(
  device: Device,
  problem: { splats: SplatArrays; photos: Photo[]; capacity?: number } & TrainerOptions,
): World {
  const { splats, photos, capacity = 4 * splats.opacities.length, ...options } = problem;
  const gaussians = Gaussians.create(device, {
    capacity,
    shDegree: splats.shDegree,
    count: splats.opacities.length,
  });
  for (const field of ["means", "logScales", "quats", "opacities", "sh"] as const) {
    gaussians.upload(field, splats[field]);
  }
  const views = makeViews(device, photos);
  const trainer = Trainer.create(gaussians, views, { shAccumulation: true, ...options });
  return {
    gaussians,
    trainer,
    splats,
    [Symbol.dispose]() {
      trainer[Symbol.dispose]();
      views[Symbol.dispose]();
      gaussians[Symbol.dispose]();
    },
  };
}

/** Takes steps; by default each is on view 0, at SH degree 1, of {@linkcode BUT_NAMES}. */
export async function steps(trainer: Trainer, list: Partial<Step>[]): Promise<void> {
  const plan = new StepPlan(list.length);
  list.forEach((step, i) =>
    plan.push({
      iteration: i + 1,
      view: 0,
      shDegree: 1,
      update: BUT_NAMES,
      learningRates: LEARNING_RATES,
      background: [0.2, 0.3, 0.4],
      ...step,
    })
  );
  await trainer.run(plan, new Control(list.length));
}

/** The index of each row's source. */
export function sources(gaussians: Gaussians): number[] {
  return [...gaussians.download("shDc")].filter((_, i) => i % 3 === 0).map((value) => Math.round(1000 * value));
}

/** Mean density gradients. */
export function meanGradients(trainer: Trainer): number[] {
  const { gradientSums, visibleSteps } = trainer.statistics();
  return Array.from(gradientSums, (sum, i) => visibleSteps[i] === 0 ? 0 : Math.fround(sum / visibleSteps[i]));
}

/** Longest axes. */
export function longestAxes({ logScales }: SplatArrays): number[] {
  return Array.from(
    { length: logScales.length / 3 },
    (_, i) => Math.exp(Math.max(...logScales.subarray(3 * i, 3 * i + 3))),
  );
}

/** The median of some values, between two of them if possible. */
export function middle(values: Iterable<number>): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = Math.floor(sorted.length / 2);
  return (sorted[at - 1] + sorted[at]) / 2;
}
