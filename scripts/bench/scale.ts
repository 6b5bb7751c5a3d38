// How a step's time grows: synthetic scenes with more and more Gaussians or pixels, or one with more and more threads.

import { type Device, openDevice } from "../../ffi/device.ts";
import { Gaussians } from "../../ffi/gaussians.ts";
import { Views } from "../../ffi/views.ts";
import type { Camera } from "../../load/camera.ts";
import { randomWords } from "../../train/random.ts";
import type { Part } from "./measure.ts";
import { type StepCounts, StepRunner } from "./steps.ts";

/** What grows. */
export const SCALES = ["gaussians", "pixels", "threads"] as const;

const GAUSSIANS = {
  cpu: [4_000, 12_000, 40_000, 120_000, 400_000],
  cuda: [50_000, 150_000, 500_000, 1_500_000, 5_000_000],
};
const WIDTHS = { cpu: [160, 320, 640, 1280], cuda: [320, 640, 1280, 2560] };
/** Where something else grows. */
const FIXED = { cpu: { gaussians: 40_000, width: 320 }, cuda: { gaussians: 500_000, width: 1280 } };
const VIEWS = 6;
const RANDOM_PURPOSE = 1001;

/** One size. */
export interface ScalePoint {
  gaussians: number;
  width: number;
  height: number;
  threads: number;
  counts: StepCounts;
  parts: Part[];
}

/** Profiles a step at each size; `threads`: of the CPU backend. */
export async function scale(device: Device, what: typeof SCALES[number], threads: number): Promise<ScalePoint[]> {
  const { backend } = device;
  const fixed = FIXED[backend];
  if (what === "gaussians") {
    return await each(GAUSSIANS[backend], (gaussians) => profileOf(device, { ...fixed, gaussians, threads }));
  }
  if (what === "pixels") return await each(WIDTHS[backend], (width) => profileOf(device, { ...fixed, width, threads }));
  return await each(
    [...new Set([1, 2, 4, 8, threads])].filter((n) => n <= threads).sort((a, b) => a - b),
    async (n) => {
      using other = await openDevice({ backend, threads: n });
      return await profileOf(other, { ...fixed, threads: n });
    },
  );
}

async function each<T>(values: T[], point: (value: T) => Promise<ScalePoint>): Promise<ScalePoint[]> {
  const points: ScalePoint[] = [];
  for (const value of values) points.push(await point(value));
  return points;
}

async function profileOf(
  device: Device,
  size: { gaussians: number; width: number; threads: number },
): Promise<ScalePoint> {
  const height = 3 * size.width / 4;
  using gaussians = cloud(device, size.gaussians);
  using runner = new StepRunner(gaussians, circle(device, size.width, height));
  return { ...size, height, ...await runner.profile() };
}

/** Gaussians spread evenly over a cube, each of about the size of its share, of degree 1. */
function cloud(device: Device, count: number): Gaussians {
  const uniform = (index: number): number =>
    randomWords({ seed: 0, purpose: RANDOM_PURPOSE, iteration: 0, index })[0] / 2 ** 32;
  const logScale = Math.log(0.6 * count ** (-1 / 3));
  return Gaussians.fromArrays(device, {
    means: Float32Array.from({ length: 3 * count }, (_, i) => 2 * uniform(i) - 1),
    logScales: Float32Array.from({ length: 3 * count }, (_, i) => logScale + uniform(3 * count + i) - 0.5),
    quats: Float32Array.from({ length: 4 * count }, (_, i) => uniform(6 * count + i) - 0.5),
    opacities: Float32Array.from({ length: count }, (_, i) => 4 * uniform(10 * count + i) - 2),
    sh: Float32Array.from({ length: 12 * count }, (_, i) => uniform(11 * count + i) - 0.5),
    shDegree: 1,
  });
}

/** Views from a circle, whose photos are stripes. */
function circle(device: Device, width: number, height: number): Views {
  const views = Views.create(device, { count: VIEWS });
  const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => i % 251);
  for (let k = 0; k < VIEWS; k++) {
    const angle = 2 * Math.PI * k / VIEWS;
    const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
    const camera: Camera = {
      width,
      height,
      fx: width,
      fy: width,
      cx: width / 2,
      cy: height / 2,
      rotation: [cos, 0, -sin, 0, 1, 0, sin, 0, cos], // rows: right, down, forward
      translation: [0, 0, 3],
    };
    views.set(k, camera, { width, height, channels: 3, data });
  }
  return views;
}

/** Straight line through some points: seconds against pairs, and the share of the variance that it explains. */
export function line(x: number[], y: number[]): { slope: number; offset: number; r2: number } {
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  const product = (a: number[], ma: number, b: number[], mb: number): number =>
    mean(a.map((value, i) => (value - ma) * (b[i] - mb)));
  const slope = product(x, mx, y, my) / product(x, mx, x, mx);
  return {
    slope,
    offset: my - slope * mx,
    r2: product(x, mx, y, my) ** 2 / (product(x, mx, x, mx) * product(y, my, y, my)),
  };
}
