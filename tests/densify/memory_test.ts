// Memory over many events: scoring and edits free or reuse the memory that they allocate in addition to training's.
import { assertEquals, assertGreater, assertRejects } from "@std/assert";
import { TameError } from "../../ffi/errors.ts";
import { STEP } from "../../ffi/trainer.ts";
import { grow } from "../../train/strategies/grow.ts";
import { prune } from "../../train/strategies/prune.ts";
import { deviceTest } from "../support/device.ts";
import { open, steps, twoSided, WEIGHTS } from "./world.ts";

const COUNT = 400;
/**
 * Four bytes for each of 23 parameters, 46 moments, 9 running sums and 3 statistics of a row, and scratch of edits of
 * about 40 000 rows: 8 bytes per row on the CPU with two threads, 9 on a GPU.
 */
const LIMIT = 60_000 * (23 + 46 + 9 + 3) * 4 + 400_000;

deviceTest("Device.memory() does not grow over many events", async (device) => {
  const { splats, photos } = twoSided(COUNT);
  // All identical, so that rendering needs the same scratch whichever rows are copied or removed.
  splats.means.forEach((_, i) => splats.means[i] = i % 3 === 2 ? 3 : 0);
  splats.logScales.fill(-2);
  splats.opacities.fill(0);
  using world = open(device, { splats, photos, capacity: 2 * COUNT });
  const { trainer } = world;
  const event = async (iteration: number) => {
    await steps(trainer, [0, 1].map((view) => ({ view, flags: STEP.statistics, learningRates: new Array(6).fill(0) })));
    await trainer.score([0, 1], WEIGHTS, { shDegree: 1, background: [0, 0, 0] });
    const growth = { iteration, round: 0, gradientThreshold: 1e30, sizeThreshold: 1e30, fill: true };
    await grow(trainer, { ...growth, target: 2 * COUNT });
    assertEquals(world.gaussians.count, 2 * COUNT);
    await prune(trainer, { iteration, target: COUNT, minOpacity: 0, maxScale: 1e30, share: 1 });
    assertEquals(world.gaussians.count, COUNT);
    trainer.resetStatistics();
  };
  await event(1);
  const first = device.memory();
  for (let iteration = 2; iteration < 12; iteration++) await event(iteration);
  const after = device.memory();
  assertEquals(after.live, first.live);
  assertEquals(after.peak, first.peak);
});

deviceTest("grow() changes nothing when it runs out of memory", async (device) => {
  const { splats, photos } = twoSided(COUNT);
  using world = open(device, { splats, photos, capacity: 60_000 });
  const options = { iteration: 1, gradientThreshold: 0, sizeThreshold: 0.05, fill: true };
  // One float per row: reading a wider field would itself need too much memory on a GPU.
  let before = world.gaussians.download("opacities");
  const error = await assertRejects(async () => {
    for (let round = 0; world.gaussians.count < 60_000; round++) {
      before = world.gaussians.download("opacities");
      await grow(world.trainer, { ...options, round, target: 60_000 });
    }
  }, TameError);
  assertEquals(error.status, "out of memory");
  const { count } = world.gaussians;
  assertGreater(count, COUNT);
  assertEquals(world.gaussians.download("opacities"), before);
  assertEquals(world.trainer.scores().length, count);
  await prune(world.trainer, { iteration: 1, target: COUNT, minOpacity: 0, maxScale: 1e30, share: 1 });
  assertEquals(world.gaussians.count, COUNT);
}, { memoryLimit: LIMIT, threads: 2 });
