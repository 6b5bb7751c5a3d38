// Means of the children of a split, drawn from the parent's normal distribution.
import { assertEquals, assertLessOrEqual } from "@std/assert";
import type { Device } from "../../ffi/device.ts";
import type { SplatArrays } from "../../ffi/gaussians.ts";
import { rotationFromQuaternion } from "../../load/camera.ts";
import { grow } from "../../train/strategies/grow.ts";
import { assertSameBits } from "../raster/compare.ts";
import { deviceTest, testDevice } from "../support/device.ts";
import { open, twoSided } from "./world.ts";

const COUNT = 4000;

deviceTest("grow() draws both children of a split from N(mean, covariance) of the parent", async (device) => {
  const { before, after } = await splitAll(device, 500, 0);
  const draws = [0, 1].flatMap((child) => {
    const standard = Array.from(
      { length: COUNT },
      (_, i) => standardised(before, i, after.means.subarray(3 * (i + child * COUNT))),
    );
    return [0, 1, 2].map((axis) => standard.map((xi) => xi[axis]));
  });
  // Six independent series, the axes of both children, each with mean 0 and variance 1.
  const within = 4 / Math.sqrt(COUNT);
  draws.forEach((values, k) => {
    assertNear(mean(values), 0, within, `Mean of series ${k}`);
    assertNear(mean(values.map((x) => x * x)), 1, within * Math.SQRT2, `Variance of series ${k}`);
    assertNear(mean(values.map((x) => x ** 4)), 3, within * Math.sqrt(96), `Fourth moment of series ${k}`);
    assertNear(mean(values.map((x) => x ** 3)), 0, within * Math.sqrt(15), `Third moment of series ${k}`);
    for (let l = 0; l < k; l++) {
      assertNear(mean(values.map((x, i) => x * draws[l][i])), 0, within, `Correlation of series ${k} and ${l}`);
    }
    const neighbours = values.slice(1).map((x, i) => x * values[i]);
    assertNear(mean(neighbours), 0, within, `Correlation of neighbours in series ${k}`);
  });
});

deviceTest("grow() draws other children in another iteration or round", async (device) => {
  const means = [];
  for (const [iteration, round] of [[1, 0], [1, 0], [1, 1], [2, 0]]) {
    means.push((await splitAll(device, iteration, round)).after.means);
  }
  const [first, again, otherRound, otherIteration] = means;
  assertSameBits(again, first, "means");
  for (const other of [otherRound, otherIteration]) assertLessOrEqual(share(other, first), 1e-3);
});

Deno.test("grow() draws other children with another seed of the device", async () => {
  const means = [];
  for (const seed of [5, 5, 6]) {
    using device = await testDevice({ seed });
    means.push((await splitAll(device, 1, 0)).after.means);
  }
  assertSameBits(means[1], means[0], "means");
  assertLessOrEqual(share(means[2], means[0]), 1e-3);
});

/** Splits all Gaussians, with a threshold of 0. */
async function splitAll(
  device: Device,
  iteration: number,
  round: number,
): Promise<{ before: SplatArrays; after: SplatArrays }> {
  using world = open(device, { ...twoSided(COUNT), capacity: 2 * COUNT });
  const options = { iteration, round, target: 2 * COUNT, gradientThreshold: 0, sizeThreshold: 0, fill: false };
  const result = await grow(world.trainer, options);
  assertEquals(result, { candidates: COUNT, cloned: 0, split: COUNT, filled: 0, count: 2 * COUNT });
  return { before: world.splats, after: world.gaussians.toArrays() };
}

/** The child's position in the parent's axes, in standard deviations. */
function standardised({ means, quats, logScales }: SplatArrays, i: number, child: ArrayLike<number>): number[] {
  const quat = quats.subarray(4 * i, 4 * i + 4);
  const length = Math.hypot(...quat);
  const rotation = rotationFromQuaternion(Array.from(quat, (value) => value / length));
  return [0, 1, 2].map((axis) => {
    const along = [0, 1, 2].reduce((sum, k) => sum + rotation[3 * k + axis] * (child[k] - means[3 * i + k]), 0);
    return along / Math.exp(logScales[3 * i + axis]);
  });
}

/** Share of equal values. */
function share(a: Float32Array, b: Float32Array): number {
  return a.filter((value, i) => value === b[i]).length / a.length;
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function assertNear(actual: number, expected: number, bound: number, what: string): void {
  assertLessOrEqual(Math.abs(actual - expected), bound, `${what} is ${actual}, expected ${expected} within ${bound}`);
}
