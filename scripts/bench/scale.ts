// Measures how a step's time and memory grow: with the Gaussians or pixels of synthetic scenes, or with the threads.

import { type Device, type DeviceOptions, type MemoryUse, openDevice } from "../../ffi/device.ts";
import { TameError } from "../../ffi/errors.ts";
import { Gaussians } from "../../ffi/gaussians.ts";
import type { Backend } from "../../ffi/library.ts";
import { Views } from "../../ffi/views.ts";
import type { Part } from "./measure.ts";
import { type StepCounts, StepRunner } from "./steps.ts";
import { circleCameras, cloudArrays, stripes } from "./synthetic.ts";

/** What grows. */
export const SCALES = ["gaussians", "pixels", "threads"] as const;

/** One of {@linkcode SCALES}. */
export type Scale = typeof SCALES[number];

const GAUSSIANS = {
  cpu: [4_000, 12_000, 40_000, 120_000, 400_000],
  cuda: [50_000, 150_000, 500_000, 1_500_000, 5_000_000],
};
/** Widths of images of 4 : 3, from 0.02 to 1.2 and from 0.1 to 8 megapixels. */
const WIDTHS = { cpu: [160, 320, 640, 1280], cuda: [368, 736, 1472, 2304, 3264] };
const THREADS = [1, 2, 4, 8];
/** The fixed sizes while something else grows. */
const FIXED = {
  cpu: { gaussians: 40_000, width: 320, shDegree: 1 },
  cuda: { gaussians: 500_000, width: 1280, shDegree: 3 },
};
const VIEWS = 6;

/** A scene's size, and the threads of the CPU backend. */
export interface ScaleSize {
  gaussians: number;
  /** Degree of the spherical harmonics. */
  shDegree: number;
  width: number;
  height: number;
  threads: number;
}

/** Time and memory of a step of one size. */
export interface ScalePoint extends ScaleSize {
  counts: StepCounts;
  /** The whole step, then its phases. */
  parts: Part[];
  /** Bytes that the device holds after the steps. */
  memory: number;
  /** Bytes of parameters, optimizer and statistics for each Gaussian. */
  trainingState: number;
}

/**
 * The sizes that a backend is measured at; `threads` is the largest number, and the one used while something else
 * grows.
 */
export function sizesOf(what: Scale, backend: Backend, threads: number): ScaleSize[] {
  const fixed = { ...FIXED[backend], threads };
  return valuesOf(what, backend, threads).map((value) => {
    const { gaussians, width, ...rest } = { ...fixed, [what === "pixels" ? "width" : what]: value };
    return { gaussians, width, height: 3 * width / 4, ...rest };
  });
}

function valuesOf(what: Scale, backend: Backend, threads: number): number[] {
  if (what === "gaussians") return GAUSSIANS[backend];
  if (what === "pixels") return WIDTHS[backend];
  return [...new Set([...THREADS, threads])].filter((n) => n <= threads).sort((a, b) => a - b);
}

/** The amount of the growing quantity in a size. */
export function amountOf(what: Scale, { gaussians, width, height, threads }: ScaleSize): number {
  return { gaussians, pixels: width * height, threads }[what];
}

/** Profiles a step at each size, each on its own device; sizes that do not fit into the memory are left out. */
export async function scale(
  sizes: readonly ScaleSize[],
  options: DeviceOptions,
): Promise<{ points: ScalePoint[]; leftOut: ScaleSize[] }> {
  const points: ScalePoint[] = [];
  const leftOut: ScaleSize[] = [];
  for (const size of sizes) {
    try {
      using device = await openDevice({ ...options, threads: size.threads });
      points.push(await profileOf(device, size));
    } catch (error) {
      if (!(error instanceof TameError) || error.status !== "out of memory") throw error;
      leftOut.push(size);
    }
  }
  return { points, leftOut };
}

async function profileOf(device: Device, size: ScaleSize): Promise<ScalePoint> {
  using gaussians = Gaussians.fromArrays(device, cloudArrays(size.gaussians, size.shDegree));
  using views = Views.create(device, { count: VIEWS });
  const photo = stripes(size);
  circleCameras(VIEWS, size).forEach((camera, view) => views.set(view, camera, photo));
  using runner = new StepRunner(gaussians, views);
  const profile = await runner.profile();
  const memory = device.memory();
  return { ...size, ...profile, memory: memory.live, trainingState: trainingState(memory) / size.gaussians };
}

function trainingState({ byPurpose: { parameters, optimizer, statistics } }: MemoryUse): number {
  return parameters.live + optimizer.live + statistics.live;
}
