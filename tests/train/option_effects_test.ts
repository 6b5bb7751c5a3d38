// The effects of options on a small run, each compared with the same run without it. Options of densification and the
// optimiser are in densify_options_test.ts, those of opacities in high_opacity_test.ts.
import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLess, assertNotEquals } from "@std/assert";
import type { Gaussians } from "../../ffi/gaussians.ts";
import { render } from "../../ffi/rasterizer.ts";
import type { EvaluateEvent } from "../../train/events.ts";
import { train } from "../../train/loop.ts";
import type { TrainOptions } from "../../train/options.ts";
import { deviceTest } from "../support/device.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";
import { trained } from "../support/train_run.ts";

/** No evaluations, no densification, and no warning about that. */
const QUIET: TrainOptions = { testIterations: [-1], densifyUntilIter: 0, budget: 1 };

/** Coefficients of one degree of the spherical harmonics, of all Gaussians. */
function band(gaussians: Gaussians, degree: number): Float32Array {
  const { sh, shDegree } = gaussians.toArrays();
  const width = 3 * (shDegree + 1) ** 2;
  return sh.filter((_, i) => i % width >= 3 * degree ** 2 && i % width < 3 * (degree + 1) ** 2);
}

for (const shDegree of [0, 1, 2, 3]) {
  deviceTest(`train() learns colours of every degree up to an shDegree of ${shDegree}`, async (device) => {
    const scene = await syntheticScene(device, { views: 3, count: 12 });
    const options = { ...QUIET, shDegree, iterations: 1000 * shDegree + 40 };
    let first: Float32Array | undefined;
    await trained(device, scene, options, (event) => {
      if (event.type === "plan") first = band(event.gaussians, 0);
      if (event.type !== "done") return;
      const { gaussians } = event;
      assertEquals(gaussians.shDegree, shDegree);
      assert(band(gaussians, 0).some((value, i) => Math.abs(value - first![i]) > 1e-3), "degree 0");
      for (let degree = 1; degree <= shDegree; degree++) {
        assert(band(gaussians, degree).some((value) => Math.abs(value) > 1e-4), `degree ${degree}`);
      }
      assertEquals(gaussians.toArrays().sh.length, gaussians.count * 3 * (shDegree + 1) ** 2);
    });
  });
}

deviceTest("train() steps the higher harmonics only in every 16th iteration with shLower", async (device) => {
  const scene = await syntheticScene(device, { views: 3, count: 12 });
  for (const shLower of [true, false]) {
    const saveIterations = [1010, 1024, 1025]; // each as it was before the iteration's own update
    const options = { ...QUIET, shDegree: 1, iterations: 1030, saveIterations, shLower };
    const rests: Float32Array[] = [];
    await trained(device, scene, options, (event) => {
      if (event.type === "save") rests.push(event.gaussians.download("shRest"));
    });
    assert(rests[0].some((value) => value !== 0), "the step of 1008");
    assertEquals(rests[1].every((value, i) => value === rests[0][i]), shLower);
    assertNotEquals(rests[2], rests[1]);
  }
});

deviceTest("train() weights L1 and D-SSIM by lambdaDssim", async (device) => {
  const scene = await syntheticScene(device);
  const [l1, mixed, dssim] = await Promise.all([0, 0.3, 1].map(async (lambdaDssim) => {
    const { losses, events } = await trained(device, scene, {
      ...QUIET,
      iterations: 150,
      lambdaDssim,
      parity: ["rates"], // without the final decay the results differ more
      testIterations: [150],
    });
    const { l1, ssim } = events.find((event): event is EvaluateEvent => event.type === "evaluate")!;
    return { first: losses[0], l1, ssim };
  }));
  assertAlmostEquals(mixed.first, 0.7 * l1.first + 0.3 * dssim.first, 1e-6);
  assertGreater(dssim.ssim, l1.ssim);
  assertLess(l1.l1, dssim.l1);
});

deviceTest("train() renders over white with whiteBackground, and evaluates over it", async (device) => {
  const scene = await syntheticScene(device); // photos with black around
  const runs = [];
  for (const whiteBackground of [false, true]) {
    const { losses, events } = await trained(device, scene, {
      ...QUIET,
      iterations: 60,
      whiteBackground,
      testIterations: [1],
    });
    const { l1 } = events.find((event): event is EvaluateEvent => event.type === "evaluate")!;
    runs.push({ first: losses[0], l1 });
  }
  // The uncovered pixels, most of the image, are wrong by 1.
  assertGreater(runs[1].first, runs[0].first + 0.2);
  assertGreater(runs[1].l1, runs[0].l1 + 0.2);
});

deviceTest(
  "train() raises low opacities with randomBackground, which differs from step to step",
  async (device) => {
    const scene = await syntheticScene(device);
    const alphas: number[] = [];
    for (const randomBackground of [false, true]) {
      for await (const event of train(device, scene, { ...QUIET, iterations: 200, randomBackground })) {
        if (event.type !== "done") continue;
        using gaussians = event.gaussians;
        const { alpha } = await render(gaussians, scene.train[0].camera);
        alphas.push(alpha!.reduce((sum, value) => sum + value, 0) / alpha!.length);
      }
      const { losses } = await trained(device, scene, { ...QUIET, iterations: 12, randomBackground, ...STILL });
      const [epoch, next] = [losses.slice(0, 6), losses.slice(6)].map((all) => all.toSorted());
      // The same photos of the same Gaussians: only the background can make their losses differ.
      assertEquals(String(epoch) === String(next), !randomBackground);
    }
    assertGreater(alphas[1], alphas[0] + 0.05);
  },
);

/** Nothing moves. */
const STILL: TrainOptions = {
  positionLrInit: 0,
  positionLrFinal: 0,
  featureLr: 0,
  shfeatureLr: 0,
  opacityLr: 0,
  scalingLr: 0,
  rotationLr: 0,
};
