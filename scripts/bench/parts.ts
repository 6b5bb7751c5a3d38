// The parts of a training run, each timed by itself, in the order in which a run has them.

import { randomWords } from "../../base/random.ts";
import type { Scene, View } from "../../base/scene.ts";
import { count } from "../../cli/format.ts";
import type { Device } from "../../ffi/device.ts";
import type { Gaussians } from "../../ffi/gaussians.ts";
import { imageLoss } from "../../ffi/metrics.ts";
import { rasterize, render } from "../../ffi/rasterizer.ts";
import { SCORE, Trainer } from "../../ffi/trainer.ts";
import { Views } from "../../ffi/views.ts";
import { initGaussians } from "../../init/gaussians.ts";
import { knnMeanDist2 } from "../../init/knn.ts";
import { loadPhotos } from "../../load/images.ts";
import { loadScene } from "../../load/scene.ts";
import { toFloat } from "../../measure/pixels.ts";
import { train } from "../../train/loop.ts";
import { measure, type Part, partOf } from "./measure.ts";
import type { Training } from "./report.ts";
import { type StepCounts, type StepProfile, StepRunner } from "./steps.ts";

const KNN_POINTS = 1_000_000;
/** As many as a densification event scores. */
const SCORE_VIEWS = 10;
/** Stream of these random numbers, not used in training. */
const RANDOM_STREAM = 1000;

/** Times everything on a loaded scene; `images` is the folder of its photos. */
export async function bench(
  device: Device,
  scene: Scene,
  options: { images: string; iterations: number },
): Promise<{ parts: Part[]; counts: StepCounts; training: Training }> {
  const parts = [...await loading(scene, options.images), ...await starting(device, scene)];
  const { gaussians, part, training } = await trained(device, scene, options.iterations);
  using _ = gaussians;
  const steps = await stepParts(gaussians, scene.train);
  return {
    parts: [
      ...parts,
      part,
      ...steps.parts,
      ...await images(gaussians, scene),
      ...await scoring(gaussians, scene.train),
    ],
    counts: steps.counts,
    training,
  };
}

/** Steps with parts left out, and the phases of a whole one. */
async function stepParts(gaussians: Gaussians, photographed: View[]): Promise<StepProfile> {
  using views = await photoViews(gaussians.device, photographed);
  using runner = new StepRunner(gaussians, views);
  const kinds = await runner.time();
  const { parts, counts } = await runner.profile();
  return { parts: [...kinds, ...parts.filter(({ name }) => name.startsWith("phase"))], counts };
}

/** The scores of all Gaussians over ten views, as in a densification event. */
async function scoring(gaussians: Gaussians, photographed: View[]): Promise<Part[]> {
  using views = await photoViews(gaussians.device, photographed);
  using trainer = Trainer.create(gaussians, views);
  const indices = Array.from({ length: SCORE_VIEWS }, (_, i) => i % photographed.length);
  const weights = Object.values(SCORE).map(() => 1);
  const options = { shDegree: gaussians.shDegree, background: [0, 0, 0] };
  const run = () => trainer.score(indices, weights, options);
  return await measure({ name: "score", work: `${SCORE_VIEWS} views`, run });
}

/** The photos of some views on a device. */
async function photoViews(device: Device, photographed: View[]): Promise<Views> {
  const views = Views.create(device, { count: photographed.length });
  await loadPhotos(photographed, {
    onPhoto: (index, photo) => views.set(index, photographed[index].camera, photo),
  });
  return views;
}

async function loading(scene: Scene, images: string): Promise<Part[]> {
  const work = `${scene.train.length} views`;
  return [
    ...await measure({
      name: "read the capture",
      work,
      run: async () => {
        await loadScene(scene.source, { images });
      },
    }),
    ...await measure({ name: "decode the photos", work, run: () => loadPhotos(scene.train) }),
  ];
}

async function starting(device: Device, scene: Scene): Promise<Part[]> {
  const points = uniformPoints(KNN_POINTS);
  return [
    ...await measure({
      name: "3 nearest neighbours",
      work: `${count(KNN_POINTS)} points`,
      run: async () => {
        await knnMeanDist2(device, points);
      },
    }),
    ...await measure({
      name: "first Gaussians",
      work: `${count(scene.points.count)} points`,
      run: () => initGaussians(device, scene.points),
    }),
  ];
}

/** Points spread evenly over the unit cube, the same in every run. */
function uniformPoints(points: number): Float32Array {
  const coordinates = new Float32Array(3 * points);
  for (let i = 0; i < points; i++) {
    const words = randomWords({ seed: 0, stream: RANDOM_STREAM, iteration: 0, index: i });
    for (let axis = 0; axis < 3; axis++) coordinates[3 * i + axis] = words[axis] / 2 ** 32;
  }
  return coordinates;
}

/** A whole run without densification; its Gaussians are the caller's. */
async function trained(
  device: Device,
  scene: Scene,
  iterations: number,
): Promise<{ gaussians: Gaussians; part: Part; training: Training }> {
  const times: number[] = [];
  let seconds = 0;
  for await (const event of train(device, scene, { iterations, testIterations: [-1], densifyUntilIter: 0 })) {
    if (event.type === "step") {
      times.push((event.seconds - seconds) / event.losses.length);
      seconds = event.seconds;
    }
    if (event.type !== "done") continue;
    const { gaussians, result } = event;
    return {
      gaussians,
      part: partOf("training iteration", `${count(gaussians.count)} Gaussians`, times),
      training: {
        iterations,
        gaussians: gaussians.count,
        shDegree: gaussians.shDegree,
        seconds: result.seconds,
        iterationsPerSecond: iterations / result.seconds,
        loss: result.loss,
      },
    };
  }
  throw new Error("Training ended without its last event");
}

/** The calls of notebooks and evaluation, on the first view: float images in caller memory. */
async function images(gaussians: Gaussians, scene: Scene): Promise<Part[]> {
  const { device } = gaussians;
  const [view] = scene.train;
  const { camera } = view;
  const work = `${camera.width} x ${camera.height}`;
  const splats = gaussians.toArrays();
  const photo = toFloat(await view.photo());
  const image = await render(gaussians, camera);
  const { gradient } = imageLoss(device, image, photo);
  using rasterization = rasterize(device, splats, camera);
  return await measure(
    {
      name: "render",
      work,
      run: async () => {
        await render(gaussians, camera);
      },
    },
    { name: "rasterize, forward", work, run: () => rasterize(device, splats, camera) },
    {
      name: "rasterize, backward",
      work,
      run: () => {
        rasterization.backward(gradient);
      },
    },
    {
      name: "image loss and gradient",
      work,
      run: () => {
        imageLoss(device, image, photo);
      },
    },
  );
}
