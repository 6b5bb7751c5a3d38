// Photos on disk: the same training with a cache that holds a few of them, within its limit.
import { assert, assertEquals, assertLessOrEqual, assertRejects } from "@std/assert";
import { DataError } from "../../base/errors.ts";
import type { Scene } from "../../base/scene.ts";
import { resolveTrainOptions, type TrainOptions } from "../../train/options.ts";
import { heldPhotoBytes, PhotoCache } from "../../train/photo_cache.ts";
import { ViewOrder, ViewSampler } from "../../train/sampler.ts";
import { deviceTest } from "../support/device.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";
import { trained } from "../support/train_run.ts";

const PHOTO = 50 * 37 * 3; // bytes of one of the scene's photos
const OPTIONS: TrainOptions = {
  exposure: "none", // which decodes no photos by itself
  iterations: 60,
  shDegree: 1,
  budget: 1.2,
  densifyFromIter: 10,
  densifyUntilIter: 50,
  densificationInterval: 20,
  cams: 3,
  randomBackground: true,
  testIterations: [-1],
};

/** The scene with counts of its decodes: in total, and at once. */
function counted(scene: Scene): { scene: Scene; decoded: () => number; most: () => number } {
  let [decoded, now, most] = [0, 0, 0];
  const train = scene.train.map((view) => ({
    ...view,
    photo: async () => {
      decoded++;
      most = Math.max(most, ++now);
      await new Promise((resolve) => setTimeout(resolve, 1));
      now--;
      return await view.photo();
    },
  }));
  return { scene: { ...scene, train }, decoded: () => decoded, most: () => most };
}

Deno.test("ViewOrder returns the sampler's views, and the next iteration of each", () => {
  const [sampler, order] = [new ViewSampler(5, 7), new ViewOrder(5, 7)];
  for (let t = 1; t <= 40; t++) {
    assertEquals(order.view(t), sampler.view(t));
    for (let view = 0; view < 7; view++) {
      let next = t;
      while (sampler.view(next) !== view) next++;
      assertEquals(order.nextIteration(view, t), next);
    }
  }
});

deviceTest("train() gives the same bits wherever the photos are kept", async (device) => {
  const scene = await syntheticScene(device, { views: 12 });
  const expected = await trained(device, scene, OPTIONS);
  for (const [held, options] of [[12, { dataDevice: "cpu" }], [12, {}], [4, {}], [3, {}]] as const) {
    const photoCache = Math.ceil(held * PHOTO / 0.75);
    const counting = counted(scene);
    const { losses, rows } = await trained(device, counting.scene, {
      ...OPTIONS,
      dataDevice: "disk",
      photoCache,
      ...options,
    });
    assertEquals(losses, expected.losses);
    assertEquals(rows, expected.rows);
    if (held === 12) assertEquals(counting.decoded(), 12);
    else assert(counting.decoded() > 20 && counting.decoded() < 60, `${counting.decoded()} photos decoded`);
  }
});

deviceTest("PhotoCache stays within its limit and decodes a few photos ahead", async (device) => {
  const scene = await syntheticScene(device, { views: 12 });
  const counting = counted(scene);
  const photoCache = 8 * PHOTO;
  const options = resolveTrainOptions({ ...OPTIONS, dataDevice: "disk", photoCache });
  using cache = PhotoCache.open(device, counting.scene.train, options);
  let iteration = 0;
  let ahead = 0;
  while (iteration < 60) {
    device.memory({ resetPeak: true });
    const before = counting.decoded();
    const last = await cache.ready(iteration + 1, iteration + 50);
    assert(last > iteration);
    assertLessOrEqual(last, iteration + 50);
    iteration = last;
    if (device.backend === "cpu") {
      assertLessOrEqual(device.memory().byPurpose.photos.peak, heldPhotoBytes(photoCache) + 12 * 64);
    }
    ahead += counting.decoded() - before;
  }
  assertLessOrEqual(counting.most(), 3, "two ahead, and one that is needed at once");
  assert(ahead > 12);
});

deviceTest("PhotoCache evicts the photo that is needed last", async (device) => {
  const scene = await syntheticScene(device, { views: 10 });
  const decodes = async (held: number): Promise<number> => {
    const counting = counted(scene);
    const options = resolveTrainOptions({
      iterations: 200,
      dataDevice: "disk",
      photoCache: Math.ceil(held * PHOTO / 0.75),
    });
    using cache = PhotoCache.open(device, counting.scene.train, options);
    for (let t = 1; t <= 200; t++) await cache.ready(t, t);
    return counting.decoded();
  };
  assertEquals(await decodes(10), 10);
  // Evicting the least recently used photo would decode about 0.6 photos per iteration with half of them held.
  assertLessOrEqual(await decodes(5), 0.55 * 200);
});

deviceTest("train() rejects a cache that is too small, with the numbers", async (device) => {
  const scene = await syntheticScene(device);
  const run = (options: TrainOptions) => trained(device, scene, { ...OPTIONS, ...options, dataDevice: "disk" });
  await assertRejects(() => run({ photoCache: 2 * PHOTO }), RangeError, "3 photos at once take 16");
  await assertRejects(() => run({ photoCache: 2 * PHOTO }), RangeError, "or lower cams");
  const none = { densifyFromIter: 100 };
  await assertRejects(() => run({ ...none, photoCache: 2 * PHOTO }), RangeError, "2 photos at once take 10");
  await run({ ...none, photoCache: 3 * PHOTO });
});

deviceTest(
  "train() rejects with the photo's error when one on disk is damaged, and ends when aborted",
  async (device) => {
    const scene = await syntheticScene(device);
    const broken = { ...scene, train: scene.train.map((view) => ({ ...view })) };
    broken.train[3].photo = () => Promise.reject(new DataError("Photo cannot be read", { path: "3.jpg" }));
    const options: TrainOptions = { ...OPTIONS, dataDevice: "disk", photoCache: 5 * PHOTO };
    await assertRejects(() => trained(device, broken, options), DataError, "3.jpg");

    const controller = new AbortController();
    const slow = { ...scene, train: scene.train.map((view) => ({ ...view })) };
    for (const view of slow.train.slice(1)) {
      view.photo = async () => {
        controller.abort();
        return await scene.train[1].photo();
      };
    }
    const { result } = await trained(device, slow, { ...options, signal: controller.signal });
    assert(result.aborted);
  },
);
