// Photos that are loaded during training.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { DataError } from "../../base/errors.ts";
import type { Scene, View } from "../../base/scene.ts";
import { train } from "../../train/loop.ts";
import { ViewOrder } from "../../train/sampler.ts";
import { deviceTest } from "../support/device.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";
import { trained } from "../support/train_run.ts";

const OPTIONS = { iterations: 30, testIterations: [], saveIterations: [] };

/** The scene with another source for the photo of one view. */
function withPhoto(scene: Scene, index: number, photo: View["photo"]): Scene {
  return { ...scene, train: scene.train.map((view, i) => i === index ? { ...view, photo } : view) };
}

deviceTest("train() steps before every photo is decoded, with the same result, bit for bit", async (device) => {
  const scene = await syntheticScene(device);
  const last = new ViewOrder(device.seed, scene.train.length).view(scene.train.length);
  const stepped = Promise.withResolvers<void>();
  const late = withPhoto(scene, last, () => stepped.promise.then(() => scene.train[last].photo()));
  let first = 0;
  for await (const event of train(device, late, OPTIONS)) {
    if (event.type === "step" && first === 0) {
      first = event.iteration;
      stepped.resolve(); // a run that waits for all photos never gets here
    }
    if (event.type === "done") event.gaussians[Symbol.dispose]();
  }
  assert(first >= 1 && first < scene.train.length);
  const delayed = withPhoto(scene, last, async () => {
    await new Promise((resolve) => setTimeout(resolve, 30));
    return await scene.train[last].photo();
  });
  const [whole, slow] = [await trained(device, scene, OPTIONS), await trained(device, delayed, OPTIONS)];
  assertEquals(slow.losses, whole.losses);
  assertEquals(slow.rows, whole.rows);
});

deviceTest("train() ends with the photo's error when one cannot be read", async (device) => {
  const scene = await syntheticScene(device);
  const broken = withPhoto(scene, 1, () => Promise.reject(new DataError("Cannot decode it", { path: "1.png" })));
  await assertRejects(() => trained(device, broken, OPTIONS), DataError, "Cannot decode it");
});
