// The depths of the capture's points in the loss of a run: what they change, when they have no effect, their memory.
import { assert, assertAlmostEquals, assertEquals, assertLess, assertLessOrEqual } from "@std/assert";
import type { Scene } from "../../base/scene.ts";
import type { Gaussians } from "../../ffi/gaussians.ts";
import { render } from "../../ffi/rasterizer.ts";
import type { PlanEvent } from "../../train/events.ts";
import { train } from "../../train/loop.ts";
import type { TrainOptions } from "../../train/options.ts";
import { assertSameBits } from "../raster/compare.ts";
import { deviceTest } from "../support/device.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";
import { trained } from "../support/train_run.ts";

const OPTIONS: TrainOptions = { testIterations: [-1], densifyUntilIter: 0, budget: 1, iterations: 300 };

/** The mean difference of inverse depths at the points that the training views show. */
async function depthError(gaussians: Gaussians, { train }: Scene): Promise<number> {
  let sum = 0, count = 0;
  for (const { camera, depths } of train) {
    const { depth, alpha } = await render(gaussians, camera);
    const points = depths!();
    for (let k = 0; k < points.length; k += 4) {
      const pixel = Math.floor(points[k + 1]) * camera.width + Math.floor(points[k]);
      if (alpha![pixel] < 0.5) continue;
      sum += Math.abs(1 / depth![pixel] - 1 / points[k + 2]);
      count++;
    }
  }
  return sum / count;
}

deviceTest("train() brings depths nearer to those of the points with lambdaDepth", async (device) => {
  const scene = await syntheticScene(device);
  const errors: number[] = [];
  const first: number[] = [];
  for (const lambdaDepth of [0, 1]) {
    for await (const event of train(device, scene, { ...OPTIONS, lambdaDepth })) {
      if (event.type === "step" && event.first === 1) first.push(event.losses[0]);
      if (event.type !== "done") continue;
      using gaussians = event.gaussians;
      errors.push(await depthError(gaussians, scene));
    }
  }
  assertLess(errors[1], 0.9 * errors[0]);
  assertLess(first[0], first[1]);
});

deviceTest("train() gives the same bits when lambdaDepth is 0 or views have no points, and says so", async (device) => {
  const scene = await syntheticScene(device);
  const options = { ...OPTIONS, iterations: 30 };
  const bare = { ...scene, train: scene.train.map(({ depths: _, ...view }) => view) };
  const [plain, without, none] = [
    await trained(device, scene, options),
    await trained(device, bare, options),
    await trained(device, bare, { ...options, lambdaDepth: 1 }),
  ];
  for (const other of [without, none]) {
    assertSameBits(other.rows, plain.rows, "Gaussians");
    assertEquals(other.losses, plain.losses);
  }
  const warnings = none.events.flatMap((event) => event.type === "warning" ? event.message : []);
  assertEquals(warnings, ["lambdaDepth has no effect: the capture has no points, whose depths it would use"]);
});

deviceTest("train() plans at least the memory that lambdaDepth takes", async (device) => {
  const scene = await syntheticScene(device);
  const memory = await Array.fromAsync([0, 0.01], async (lambdaDepth) => {
    const { events, result } = await trained(device, scene, { ...OPTIONS, iterations: 40, lambdaDepth });
    return { plan: (events[0] as PlanEvent).plan, peak: result.peakMemory };
  });
  const more = memory[1].peak - memory[0].peak;
  assert(more > 0, `${more} bytes`);
  assertLessOrEqual(more, memory[1].plan.total - memory[0].plan.total);
  const photos = memory[1].plan.items.find(({ purpose }) => purpose === "photos")!;
  const points = scene.train.reduce((sum, { depths }) => sum + depths!().length / 4, 0);
  assert(points > 60, `${points} points`);
  assertAlmostEquals(photos.bytes, 24 * points + 3 * scene.train.length * 50 * 37, 1e-9);
});
