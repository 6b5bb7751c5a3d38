// The count of (tile, splat) pairs, on which the memory plan is based.
import { assertEquals, assertGreater } from "@std/assert";
import { Gaussians } from "../../ffi/gaussians.ts";
import { countInstances, render } from "../../ffi/rasterizer.ts";
import { benignScene } from "../reference/scenes.ts";
import { deviceTest } from "../support/device.ts";

const ROTATION = [1, 0, 0, 0, 1, 0, 0, 0, 1];
const CAMERA = { width: 64, height: 48, fx: 60, fy: 60, cx: 32, cy: 24, rotation: ROTATION, translation: [0, 0, 0] };

/** One round Gaussian of logit 2 at degree 0. */
function gaussian(mean: number[], logScale: number): Parameters<typeof Gaussians.fromArrays>[1] {
  return {
    means: Float32Array.from(mean),
    logScales: new Float32Array(3).fill(logScale),
    quats: new Float32Array([1, 0, 0, 0]),
    opacities: new Float32Array([2]),
    sh: new Float32Array(3),
    shDegree: 0,
  };
}

deviceTest("countInstances() counts a pair for each tile that a splat reaches", async (device) => {
  for (
    const [what, mean, logScale, pairs] of [
      ["within a tile", [-0.8, -0.52, 2], -6, 1], // at (8, 8.4)
      ["on a corner of four", [0, 0.2667, 2], -6, 4], // at (32, 32)
      ["over all twelve", [0, 0, 2], 2, 12],
      ["behind the camera", [0, 0, -2], 0, 0],
    ] as const
  ) {
    using gaussians = Gaussians.fromArrays(device, gaussian([...mean], logScale));
    assertEquals(await countInstances(gaussians, CAMERA), pairs, what);
  }
});

deviceTest(
  "countInstances() returns the number of instances of a render, and does not change renders",
  async (device) => {
    const { splats, camera } = benignScene({ seed: 620, count: 150, shDegree: 1 });
    using gaussians = Gaussians.fromArrays(device, splats);
    const before = await render(gaussians, camera);
    const count = await countInstances(gaussians, camera);
    device.profile("start");
    assertEquals((await render(gaussians, camera)).rgb, before.rgb);
    assertEquals(device.profile("stop").instances, count);
    assertGreater(count, 150);
  },
);

deviceTest("render() needs no more memory after a large view was counted", async (device) => {
  const count = 2000;
  using gaussians = Gaussians.fromArrays(device, {
    means: Float32Array.from({ length: 3 * count }, (_, i) => i % 3 === 2 ? 2 + i / 3000 : 0),
    logScales: new Float32Array(3 * count).fill(2),
    quats: Float32Array.from({ length: 4 * count }, (_, i) => i % 4 === 0 ? 1 : 0),
    opacities: new Float32Array(count).fill(2),
    sh: new Float32Array(3 * count),
    shDegree: 0,
  });
  const large = { ...CAMERA, width: 2048, height: 2048, fx: 1920, fy: 1920, cx: 1024, cy: 1024 };
  // Every Gaussian reaches every tile: not even the sort order of so many pairs would fit.
  assertEquals(await countInstances(gaussians, large), count * 128 * 128);
  const { rgb } = await render(gaussians, CAMERA);
  assertEquals(rgb.length, 3 * CAMERA.width * CAMERA.height);
}, { memoryLimit: 256 * 2 ** 20 });
