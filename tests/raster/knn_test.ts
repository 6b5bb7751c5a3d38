// meanDist2() against brute force: on every point of small clouds of many shapes, and on a sample of five million.
import { assert, assertEquals, assertGreater, assertLessOrEqual, assertRejects } from "@std/assert";
import { TameError } from "../../ffi/errors.ts";
import { meanDist2 } from "../../ffi/knn.ts";
import { meanDist2Reference } from "../reference/knn.ts";
import { Random } from "../reference/random.ts";
import { assertSameBits } from "./compare.ts";
import { deviceTest } from "../support/device.ts";

// Roundings of three differences, squares and sums in float32.
const RELATIVE_ERROR = 1e-6;
// What a search in batches may allocate per point, besides the caller's arrays.
const BYTES_PER_POINT = 32;

const CLOUDS: Record<string, Float32Array> = {
  "uniform": cloud(3000, (random) => [random.uniform(), random.uniform(), random.uniform()]),
  "far from the origin": cloud(
    500,
    (random) => [1000 + random.normal(), -3000 + random.normal(), 50 + random.normal()],
  ),
  "in clusters of very different sizes": cloud(3000, (random, i) => {
    const radius = 10 ** -(i % 4);
    return [100 * (i % 7) + radius * random.normal(), radius * random.normal(), radius * random.normal()];
  }),
  "with many duplicates": cloud(2000, (random) => [0, 1, 2].map(() => Math.floor(random.uniform(0, 6)))),
  "all in one place": cloud(700, () => [1, 2, 3]),
  "collinear": cloud(1500, (random) => [random.uniform(), 0, 0]),
  "collinear on a diagonal": cloud(1500, (_, i) => [i, 2 * i, -i]),
  "on a plane": cloud(1500, (random) => [random.normal(), random.normal(), 5]),
  "on a grid": cloud(1728, (_, i) => [i % 12, Math.floor(i / 12) % 12, Math.floor(i / 144)]),
  "one dense spot and an outlier": cloud(1200, (random, i) => i === 0 ? [1e6, 1e6, 1e6] : random.normals(3)),
};

for (const [name, points] of Object.entries(CLOUDS)) {
  deviceTest(`meanDist2() agrees with brute force when the points are ${name}`, async (device) => {
    for (const neighbours of [1, 3, 16]) {
      checkAll(points, await meanDist2(device, points, { neighbours }), neighbours);
    }
    checkAll(points, await meanDist2(device, points), 3);
  });
}

for (const count of [0, 1, 2, 3, 4, 5]) {
  deviceTest(`meanDist2() averages over all other points when there are only ${count}`, async (device) => {
    const points = cloud(count, (random) => random.normals(3));
    checkAll(points, await meanDist2(device, points), 3);
  });
}

deviceTest("meanDist2() gives the same bits in batches", async (device) => {
  const points = CLOUDS["in clusters of very different sizes"];
  const whole = await meanDist2(device, points);
  for (const batch of [1, 7, 1000, 2999, 3000, 10_000]) {
    assertSameBits(await meanDist2(device, points, { batch }), whole, `batches of ${batch}`);
  }
});

deviceTest("meanDist2() reports wanted bytes when the byte limit is too small", async (device) => {
  const points = CLOUDS["uniform"];
  const { live } = device.memory();
  const error = await assertRejects(() => meanDist2(device, points, { byteLimit: 100 }), TameError);
  assertEquals(error.status, "out of memory");
  assertGreater(error.bytesWanted, 100);
  assertEquals(device.memory().live, live);
});

deviceTest("meanDist2() stays within its memory bound for five million points", async (device) => {
  const count = 5_000_000;
  const random = new Random(9);
  // Half volume and half surface, similar to captures.
  const points = new Float32Array(3 * count);
  for (let i = 0; i < points.length; i += 3) {
    points[i] = random.uniform(-1, 1);
    points[i + 1] = random.uniform(-1, 1);
    points[i + 2] = i % 2 === 0 ? random.uniform(-1, 1) : 0.2 * Math.sin(5 * points[i]);
  }
  device.memory({ resetPeak: true });
  const before = device.memory().live;
  const byteLimit = BYTES_PER_POINT * count;
  const result = await meanDist2(device, points, { batch: 50_000, byteLimit });
  const { live, peak } = device.memory();
  assertLessOrEqual(peak - before, byteLimit);
  assertEquals(live, before);
  for (let sample = 0; sample < 40; sample++) {
    checkOne(points, result, Math.floor(random.uniform(0, count)), 3);
  }
}, { threads: 2 });

function cloud(count: number, point: (random: Random, i: number) => number[]): Float32Array {
  const random = new Random(count);
  return Float32Array.from(Array.from({ length: count }, (_, i) => point(random, i)).flat());
}

function checkAll(points: Float32Array, result: Float32Array, neighbours: number): void {
  assertEquals(result.length, points.length / 3);
  for (let i = 0; i < result.length; i++) checkOne(points, result, i, neighbours);
}

function checkOne(points: Float32Array, result: Float32Array, i: number, neighbours: number): void {
  const expected = meanDist2Reference(points, i, neighbours);
  assert(
    Math.abs(result[i] - expected) <= RELATIVE_ERROR * expected,
    `Point ${i}, ${neighbours} neighbours: ${result[i]}, brute force has ${expected}`,
  );
}
