// The upper bound of scales, and distances to points, against those computed one by one.
import { assertAlmostEquals, assertEquals, assertGreater, assertLess } from "@std/assert";
import type { Camera } from "../../base/scene.ts";
import { cameraCenter } from "../../load/camera.ts";
import { absgradStrategy } from "../../train/strategies/absgrad.ts";
import { boundLargestScales } from "../../train/strategies/largest_scales.ts";
import { resolveTrainOptions } from "../../train/options.ts";
import { Random } from "../reference/random.ts";
import { deviceTest } from "../support/device.ts";
import { open, twoSided } from "./world.ts";

const COUNT = 700;
const EXTENT = 3;

/** Cameras in random places. */
function camerasOf(count: number): Camera[] {
  const random = new Random(5);
  const { camera } = twoSided(0).photos[0];
  return Array.from(
    { length: count },
    () => ({ ...camera, translation: [0, 1, 2].map(() => random.uniform(-6, 6)) }),
  );
}

/** The distance of each mean to the nearest camera. */
function distancesOf(means: Float32Array, cameras: readonly Camera[]): number[] {
  return Array.from({ length: means.length / 3 }, (_, i) => {
    const distances = cameras.map((camera) =>
      Math.hypot(...cameraCenter(camera).map((value, axis) => means[3 * i + axis] - value))
    );
    return Math.min(...distances);
  });
}

/** The bound of each Gaussian's scales. */
function boundsOf(means: Float32Array, cameras: readonly Camera[]): number[] {
  return distancesOf(means, cameras).map((distance) => 0.5 * Math.max(distance, 0.01 * EXTENT));
}

deviceTest("distances() are to the nearest point; not finite for a mean that is not", async (device) => {
  const scene = twoSided(COUNT);
  scene.splats.means[0] = NaN;
  using made = open(device, scene);
  const cameras = camerasOf(5);
  await made.trainer.columns.distances("far", cameras.map(cameraCenter));
  const far = made.trainer.columns.read("far");
  const expected = distancesOf(scene.splats.means, cameras);
  assertEquals(far[0], Infinity);
  for (let i = 1; i < COUNT; i++) assertAlmostEquals(far[i], expected[i], 1e-5);
});

for (const [count, measured] of [[1, 1], [64, 1], [150, 3]]) {
  deviceTest(`scales are at most half the distance to the nearest of ${count} cameras`, async (device) => {
    const scene = twoSided(COUNT);
    const random = new Random(6);
    scene.splats.logScales.forEach((_, i) => scene.splats.logScales[i] = random.uniform(-3, 3));
    const cameras = camerasOf(count);
    scene.splats.means.set(cameraCenter(cameras[0])); // the first Gaussian is at a camera
    using made = open(device, scene);
    const before = made.gaussians.toArrays();
    const bounds = boundsOf(before.means, cameras.filter((_, i) => i % measured === 0));
    await boundLargestScales(made.trainer.columns, { cameras, extent: EXTENT });
    const after = made.gaussians.toArrays();
    let lowered = 0;
    after.logScales.forEach((value, i) => {
      const bound = Math.log(bounds[Math.floor(i / 3)]);
      assertAlmostEquals(value, Math.min(before.logScales[i], bound), 1e-4);
      if (before.logScales[i] > bound) lowered++;
      else assertEquals(value, before.logScales[i]);
    });
    assertGreater(lowered, COUNT / 10);
    assertEquals({ ...after, logScales: before.logScales }, before);
  });
}

deviceTest("absgrad bounds the scales in its events", async (device) => {
  const scene = twoSided(COUNT);
  scene.splats.logScales.fill(4);
  const cameras = scene.photos.map(({ camera }) => camera);
  const options = resolveTrainOptions({ strategy: "absgrad", iterations: 3000 });
  const context = { options, seed: 0, extent: EXTENT, views: 2, cameras, start: COUNT, target: COUNT };
  const strategy = absgradStrategy(context);
  using made = open(device, { ...scene, fragments: true });
  const [iteration] = strategy.densification;
  await strategy.apply(made.trainer, { iteration, event: 1, events: 1, shDegree: 1, background: [0, 0, 0] });
  const { means, logScales } = made.gaussians.toArrays();
  const bounds = boundsOf(means, cameras);
  logScales.forEach((value, i) => assertLess(value, Math.log(bounds[Math.floor(i / 3)]) + 1e-4));
});
