// The memory of images that are rendered while a run goes on belongs to its plan.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { OptionError } from "../../base/option.ts";
import { render } from "../../ffi/rasterizer.ts";
import { resizeCamera } from "../../load/camera.ts";
import { train } from "../../train/loop.ts";
import { resolveTrainOptions } from "../../train/options.ts";
import type { MemoryPlan } from "../../train/plan.ts";
import { deviceTest } from "../support/device.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";

const ACROSS = 1024;

deviceTest("a run in which large images are rendered keeps within a plan that has room for them", async (device) => {
  const scene = await syntheticScene(device);
  const camera = resizeCamera(scene.train[0].camera, { width: ACROSS, height: ACROSS });
  /** Trains and looks between any two steps; resolves to the plan and the peak. */
  const watched = async (renderPixels?: number): Promise<{ plan: MemoryPlan; peak: number }> => {
    let plan: MemoryPlan | undefined;
    const options = { iterations: 12, densifyFromIter: 2, densificationInterval: 4, densifyUntilIter: 11, budget: 2 };
    for await (const event of train(device, scene, { ...options, renderPixels })) {
      if (event.type === "plan") plan = event.plan;
      if (event.type === "step") await render(event.gaussians, camera);
      if (event.type !== "done") continue;
      event.gaussians[Symbol.dispose]();
      return { plan: plan!, peak: event.result.peakMemory };
    }
    throw new Error("The run has no last event");
  };
  const without = await watched();
  assert(without.peak > without.plan.total, "the test can fail");
  assertEquals(without.plan.renderPixels, undefined);
  const { plan, peak } = await watched(ACROSS ** 2);
  assertEquals(plan.renderPixels, ACROSS ** 2);
  assert(peak <= plan.total, `${peak} of ${plan.total}`);
});

Deno.test("renderPixels is a whole number", () => {
  assertEquals(resolveTrainOptions({ renderPixels: 99 }).renderPixels, 99);
  for (const renderPixels of [-1, 0.5, NaN]) {
    assertThrows(
      () => resolveTrainOptions({ renderPixels }),
      OptionError,
      "as renderPixels: it must be a whole number",
    );
  }
});
