// Optional features of captures: alpha, masks, off-centre principal points, photos of several sizes. Each trains to its
// PSNR on held-out views, and to a lower one when the feature is ignored.
import { assert, assertGreater, assertLessOrEqual } from "@std/assert";
import type { Scene, View } from "../../base/scene.ts";
import type { Device } from "../../ffi/device.ts";
import { render } from "../../ffi/rasterizer.ts";
import { loadScene } from "../../load/scene.ts";
import { evaluate } from "../../measure/evaluate.ts";
import { flattened } from "../../measure/pixels.ts";
import { train } from "../../train/loop.ts";
import type { TrainOptions } from "../../train/options.ts";
import { withFolder } from "../load/fixtures.ts";
import { deviceTest } from "../support/device.ts";
import { type Feature, writeFeaturedCapture } from "../support/featured_capture.ts";

const OPTIONS: TrainOptions = {
  iterations: 400,
  shDegree: 0,
  budget: 1,
  densifyUntilIter: 0,
  testIterations: [-1],
};

interface Case {
  /** PSNR of the held-out views that training reaches, and does not reach without the feature, in dB. */
  reached: number;
  missed: number;
  options?: TrainOptions;
  /** Removes the feature from a training view. */
  without: (view: View) => View;
}

const CASES: Record<Feature, Case> = {
  alpha: {
    reached: 25.5,
    missed: 15,
    options: { whiteBackground: true },
    without: (view) => ({
      ...view,
      photo: async () => {
        const { width, height, data } = await view.photo();
        return { width, height, channels: 3, data: data.filter((_, i) => i % 4 < 3) };
      },
    }),
  },
  masks: {
    reached: 23.5,
    missed: 22,
    without: (view) => ({ ...view, photo: async () => ({ ...await view.photo(), mask: undefined }) }),
  },
  "principal point": {
    reached: 24,
    missed: 18,
    without: (view) => ({ ...view, camera: { ...view.camera, cx: view.camera.width / 2, cy: view.camera.height / 2 } }),
  },
  sizes: {
    reached: 24,
    missed: 20,
    // As if all photos had the focal lengths of the smallest.
    without: (view) => ({ ...view, camera: { ...view.camera, fx: 45, fy: 46 } }),
  },
};

for (const [feature, { reached, missed, options, without }] of Object.entries(CASES)) {
  deviceTest(`train() makes use of the capture's ${feature}`, async (device) => {
    await withFolder(async (folder) => {
      await writeFeaturedCapture(device, folder, feature as Feature);
      const scene = await loadScene(folder, { eval: true });
      const all = { ...OPTIONS, ...options };
      const psnr = await heldOut(device, scene, all);
      const worse = await heldOut(device, { ...scene, train: scene.train.map(without) }, all);
      assert(psnr > reached && worse < missed, `${psnr} dB, and ${worse} dB without`);
    });
  });
}

deviceTest("train() learns no haze where photos are transparent, with any background", async (device) => {
  await withFolder(async (folder) => {
    await writeFeaturedCapture(device, folder, "alpha");
    const scene = await loadScene(folder, { eval: true });
    const onBlack = scene.train.map((view) => ({ ...view, photo: async () => flattened(await view.photo()) }));
    for (const background of [{ randomBackground: true }, { whiteBackground: true }]) {
      const options = { ...OPTIONS, ...background };
      assertLessOrEqual(await haze(device, scene, options), 0.02);
      assertGreater(await haze(device, { ...scene, train: onBlack }, options), 0.2);
    }
  });
});

/** Mean opacity, after training, of the empty pixels of a held-out view. */
function haze(device: Device, scene: Scene, options: TrainOptions): Promise<number> {
  return trainAnd(device, scene, options, async (gaussians) => {
    const { alpha } = await render(gaussians, scene.test[0].camera);
    const { data } = await scene.test[0].photo();
    const clear = [...alpha!].filter((_, pixel) => data[4 * pixel + 3] === 0);
    return clear.reduce((sum, value) => sum + value, 0) / clear.length;
  });
}

/** PSNR of the held-out views after training, over the background that was trained with. */
function heldOut(device: Device, scene: Scene, options: TrainOptions): Promise<number> {
  const background: [number, number, number] = options.whiteBackground ? [1, 1, 1] : [0, 0, 0];
  return trainAnd(
    device,
    scene,
    options,
    async (gaussians) => (await evaluate(gaussians, scene.test, { background })).psnr,
  );
}

async function trainAnd<T>(
  device: Device,
  scene: Scene,
  options: TrainOptions,
  use: (gaussians: Parameters<typeof evaluate>[0]) => Promise<T>,
): Promise<T> {
  for await (const event of train(device, scene, options)) {
    if (event.type !== "done") continue;
    using gaussians = event.gaussians;
    return await use(gaussians);
  }
  throw new Error("Training ended without its last event");
}
