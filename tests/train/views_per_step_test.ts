// Several views a step: whole runs, densification included, and what the memory plan says of them.
import { assert, assertEquals, assertLess, assertNotEquals } from "@std/assert";
import type { PlanEvent } from "../../train/events.ts";
import type { TrainOptions } from "../../train/options.ts";
import { deviceTest, testDevice } from "../support/device.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";
import { trained } from "../support/train_run.ts";

const OPTIONS: TrainOptions = {
  iterations: 40,
  viewsPerStep: 4,
  budget: 1.5,
  densifyFromIter: 10,
  densifyUntilIter: 35,
  densificationInterval: 10,
  cams: 3,
  testIterations: [-1],
};

deviceTest(
  "train() with several views a step gives the same bits wherever photos stay, on any threads",
  async (device) => {
    const scene = await syntheticScene(device, { views: 9 });
    const options = { ...OPTIONS, randomBackground: true };
    const expected = await trained(device, scene, options);
    assertEquals(expected.losses.length, 40);
    for (const dataDevice of ["cpu", "disk"] as const) {
      // The smallest cache for this scene: fewer photos than two steps look at.
      const other = await trained(device, scene, { ...options, dataDevice, photoCache: 37_000 });
      assertEquals(other.losses, expected.losses, dataDevice);
      assertEquals(other.rows, expected.rows, dataDevice);
    }
    if (device.backend !== "cpu") return;
    for (const threads of [1, 3]) {
      using other = await testDevice({ threads });
      assertEquals((await trained(other, scene, options)).rows, expected.rows, `${threads} threads`);
    }
  },
);

deviceTest("train() with several views a step names the gradients in its plan, and learns", async (device) => {
  const scene = await syntheticScene(device, { views: 8 });
  const plan = ({ events }: Awaited<ReturnType<typeof trained>>) =>
    events.find((event): event is PlanEvent => event.type === "plan")!.plan;
  const one = await trained(device, scene, { ...OPTIONS, viewsPerStep: 1 });
  const four = await trained(device, scene, OPTIONS);
  assertEquals(plan(one).items.some(({ purpose }) => purpose === "gradients"), false);
  assert(plan(four).items.find(({ purpose }) => purpose === "gradients")!.bytes > 0);
  assertNotEquals(four.rows, one.rows);
  assertLess(four.losses.at(-1)!, 0.8 * four.losses[0]);
});
