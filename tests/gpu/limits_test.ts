// Extreme inputs on the GPU: no Gaussians, one pixel, all splats on one tile, more than 2^16 tiles; and runs that are
// stopped, or during which other calls arrive.
import { assert, assertEquals, assertGreater, assertLess, assertLessOrEqual } from "@std/assert";
import type { Camera } from "../../base/scene.ts";
import type { Device } from "../../ffi/device.ts";
import { Gaussians, type SplatArrays } from "../../ffi/gaussians.ts";
import { rasterize, render } from "../../ffi/rasterizer.ts";
import { Control, Trainer } from "../../ffi/trainer.ts";
import { Views } from "../../ffi/views.ts";
import { assertGradientsAgree } from "../raster/compare.ts";
import { Random } from "../reference/random.ts";
import { gpuTest, pairTest } from "./devices.ts";
import { makeViews, planOf, runProblem, trainingProblem } from "./training.ts";

function frontal(width: number, height: number): Camera {
  const rotation = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  return { width, height, fx: width, fy: width, cx: width / 2, cy: height / 2, rotation, translation: [0, 0, 0] };
}

/** Splats of about `sigma` pixels at given pixels of a frontal camera. */
function splatsAt(places: [x: number, y: number][], camera: Camera, sigma: number, logit: number): SplatArrays {
  const count = places.length;
  const depth = (i: number) => 2 + i / count;
  return {
    means: Float32Array.from(places.flatMap(([x, y], i) => [
      depth(i) * (x - camera.cx) / camera.fx,
      depth(i) * (y - camera.cy) / camera.fy,
      depth(i),
    ])),
    logScales: Float32Array.from(
      { length: 3 * count },
      (_, i) => Math.log(sigma * depth(Math.floor(i / 3)) / camera.fx),
    ),
    quats: Float32Array.from({ length: 4 * count }, (_, i) => i % 4 === 0 ? 1 : 0),
    opacities: new Float32Array(count).fill(logit),
    sh: Float32Array.from({ length: 3 * count }, (_, i) => Math.sin(i)),
    shDegree: 0,
  };
}

pairTest("rasterize(), render() and Trainer.run() work when there are no Gaussians", async ({ gpu, cpu }) => {
  const { photos, splats } = trainingProblem();
  const none: SplatArrays = {
    means: new Float32Array(0),
    logScales: new Float32Array(0),
    quats: new Float32Array(0),
    opacities: new Float32Array(0),
    sh: new Float32Array(0),
    shDegree: splats.shDegree,
  };
  const background: [number, number, number] = [0.25, 0.5, 0.75];
  for (const device of [gpu, cpu]) {
    using nothing = rasterize(device, none, photos[0].camera, { background });
    assert(nothing.image.every((value, i) => value === background[i % 3]));
    assert(nothing.alpha.every((value) => value === 0) && nothing.depth.every((value) => value === 0));
    assertEquals(nothing.backward(nothing.image.slice()).means.length, 0);
    assertEquals(nothing.radii().length, 0);
    using gaussians = Gaussians.create(device, { capacity: 8, shDegree: 2 });
    assertEquals((await render(gaussians, photos[0].camera, { background })).rgb, nothing.image);
  }
  const [ours, theirs] = [gpu, cpu].map((device) => runProblem(device, { splats: none, photos }, { steps: 8 }));
  const [{ losses }, { losses: expected }] = [await ours, await theirs];
  losses.forEach((loss, i) => assertLessOrEqual(Math.abs(loss - expected[i]), 1e-5));
});

pairTest(
  "rasterize() renders the background and its gradients are 0 when all Gaussians are behind the camera",
  ({ gpu }) => {
    const camera = frontal(33, 17);
    const splats = splatsAt([[3, 3], [20, 9], [30, 12]], camera, 2, 1);
    splats.means.forEach((value, i) => splats.means[i] = i % 3 === 2 ? -value : value);
    using result = rasterize(gpu, splats, camera);
    assert(result.image.every((value) => value === 0));
    const gradients = result.backward(new Float32Array(result.image.length).fill(1));
    for (const values of Object.values(gradients)) assert(values.every((value: number) => value === 0));
    assertEquals([...result.radii()], [0, 0, 0]);
  },
);

pairTest("Trainer.run() agrees with the CPU when a photo is one pixel", async ({ gpu, cpu }) => {
  const camera = frontal(1, 1);
  const photos = [[200, 10, 90], [0, 255, 128]].map((data) => ({
    camera,
    image: { width: 1, height: 1, channels: 3 as const, data: Uint8Array.from(data) },
  }));
  const problem = { splats: splatsAt([[0.5, 0.4], [0.3, 0.6], [0.9, 0.1]], camera, 0.6, 0.5), photos };
  const alter = <S extends object>(step: S): S => ({ ...step, shDegree: 0 });
  const [ours, theirs] = [
    await runProblem(gpu, problem, { steps: 10, alter }),
    await runProblem(cpu, problem, { steps: 10, alter }),
  ];
  ours.losses.forEach((loss, i) => assertLessOrEqual(Math.abs(loss - theirs.losses[i]), 1e-4 * theirs.losses[i]));
});

for (const logit of [-4, 2]) {
  pairTest(`rasterize() agrees with the CPU when 20 000 splats of logit ${logit} are on one tile`, ({ gpu, cpu }) => {
    const random = new Random(961);
    const camera = frontal(16, 16);
    const places = Array.from(
      { length: 20_000 },
      (): [number, number] => [random.uniform(1, 15), random.uniform(1, 15)],
    );
    const splats = splatsAt(places, camera, 0.8, logit);
    comparePair({ gpu, cpu }, splats, camera, 2e-3);
  });
}

pairTest("rasterize() agrees with the CPU when there are more than 2^16 tiles", ({ gpu, cpu }) => {
  const camera = frontal(4112, 4112); // 257 x 257 tiles
  const corners: [number, number][] = [[5, 5], [4100, 8], [12, 4101], [4108, 4107], [2056, 2056], [4096, 4096]];
  const splats = splatsAt(corners, camera, 6, 2);
  comparePair({ gpu, cpu }, splats, camera, 2e-4);
});

pairTest("render() agrees with the CPU when one splat covers 1024 tiles", async ({ gpu, cpu }) => {
  const camera = frontal(512, 512);
  const splats = splatsAt([[250, 260], [100, 400]], camera, 150, 3);
  const [ours, theirs] = [await rgbOf(gpu), await rgbOf(cpu)];
  ours.forEach((value, i) => assertLessOrEqual(Math.abs(value - theirs[i]), 2e-4));

  async function rgbOf(device: Device): Promise<Float32Array> {
    using gaussians = Gaussians.fromArrays(device, splats);
    return (await render(gaussians, camera)).rgb;
  }
});

gpuTest("Trainer.run() stops after a whole step when cancelled, and continues from there", async (gpu) => {
  const { splats, photos } = trainingProblem();
  using gaussians = Gaussians.fromArrays(gpu, splats);
  using views = makeViews(gpu, photos);
  using trainer = Trainer.create(gaussians, views, { shAccumulation: true });
  const n = 200_000;
  const control = new Control(n);
  const running = trainer.run(planOf(n, { views: photos.length }), control);
  while (control.done < 20) await new Promise((resolve) => setTimeout(resolve, 1));
  control.stop();
  assertEquals(await running, "cancelled");
  const { done } = control;
  assertGreater(done, 19);
  assertLess(done, n);
  assertEquals(control.iteration, done);
  assert(control.losses().every(Number.isFinite));
  // The result equals that of a run with this number of steps.
  const whole = await runProblem(gpu, { splats, photos }, { steps: done });
  assertEquals(gaussians.toArrays().means, whole.splats.means);
  const stopped = new Control(5);
  stopped.stop();
  assertEquals(await trainer.run(planOf(5, { views: photos.length }), stopped), "cancelled");
  assertEquals(stopped.done, 0);
  assertEquals(gaussians.toArrays().means, whole.splats.means);
  assertEquals(await trainer.run(planOf(5, { views: photos.length }), new Control(5)), "done");
});

gpuTest("Trainer.run() is not disturbed when other calls wait for it", async (gpu) => {
  const { splats, photos } = trainingProblem();
  const expected = await runProblem(gpu, { splats, photos }, { steps: 300 });
  using gaussians = Gaussians.fromArrays(gpu, splats);
  using views = makeViews(gpu, photos);
  using trainer = Trainer.create(gaussians, views, { shAccumulation: true });
  const running = trainer.run(planOf(300, { views: photos.length }), new Control(300));
  const image = render(gaussians, { ...photos[0].camera, width: 300, height: 200 });
  gpu.synchronize();
  assertEquals(await running, "done");
  await image;
  assertEquals(gaussians.toArrays(), expected.splats);
});

gpuTest("Views.set() replaces a photo of the same size with every residency", async (gpu) => {
  const { splats, photos } = trainingProblem();
  const [{ camera, image }] = photos;
  const inverse = { ...image, data: image.data.map((value) => 255 - value) };
  for (const residency of ["device", "pinned", "host"] as const) {
    const losses: number[] = [];
    for (const replace of [false, true]) {
      using gaussians = Gaussians.fromArrays(gpu, splats);
      using views = Views.create(gpu, { count: 1, residency });
      using trainer = Trainer.create(gaussians, views, { shAccumulation: true });
      const control = new Control(1);
      views.set(0, camera, replace ? image : inverse);
      if (replace) {
        await trainer.run(planOf(1, { views: 1, alter: (step) => ({ ...step, update: 0, flags: 0 }) }), control);
        views.set(0, camera, inverse);
      }
      await trainer.run(planOf(1, { views: 1, alter: (step) => ({ ...step, update: 0, flags: 0 }) }), control);
      losses.push(control.losses()[0]);
    }
    assertEquals(losses[0], losses[1], residency);
  }
});

function comparePair(
  { gpu, cpu }: { gpu: Device; cpu: Device },
  splats: SplatArrays,
  camera: Camera,
  bound: number,
): void {
  using ours = rasterize(gpu, splats, camera);
  using theirs = rasterize(cpu, splats, camera);
  let largest = 0;
  for (let i = 0; i < theirs.image.length; i++) largest = Math.max(largest, Math.abs(ours.image[i] - theirs.image[i]));
  assertLessOrEqual(largest, bound, "image");
  assertEquals(ours.radii(), theirs.radii());
  const dImage = new Float32Array(theirs.image.length);
  for (let i = 0; i < dImage.length; i++) dImage[i] = (i % 7 - 3) / 3;
  const [actual, expected] = [ours.backward(dImage), theirs.backward(dImage)];
  assert(expected.means.some((value) => value !== 0));
  assertGradientsAgree("pair", actual, {
    means: Float64Array.from(expected.means),
    logScales: Float64Array.from(expected.logScales),
    quats: Float64Array.from(expected.quats),
    opacities: Float64Array.from(expected.opacities),
    sh: Float64Array.from(expected.sh),
    means2d: Float64Array.from(expected.means2d),
  });
}
