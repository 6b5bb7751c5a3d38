// Anti-aliased renders: a small splat has the same sum over the image at any size.
import { assertEquals, assertGreater, assertLess, assertNotEquals } from "@std/assert";
import type { Camera } from "../../base/scene.ts";
import { Gaussians, type SplatArrays } from "../../ffi/gaussians.ts";
import { countInstances, rasterize, render, renderFrame, renderImage8 } from "../../ffi/rasterizer.ts";
import { benignScene } from "../reference/scenes.ts";
import { deviceTest } from "../support/device.ts";

const SIDE = 128;
const DEPTH = 2;
const FOCAL = 400;

/** A camera of 128 x 128 pixels divided by `reduction`. */
function cameraOf(reduction: number, antialiasing?: boolean): Camera {
  const [side, focal] = [SIDE / reduction, FOCAL / reduction];
  const pose = { rotation: [1, 0, 0, 0, 1, 0, 0, 0, 1], translation: [0, 0, 0], antialiasing };
  return { width: side, height: side, fx: focal, fy: focal, cx: side / 2, cy: side / 2, ...pose };
}

/** A ball of `sigma` pixels before the reduction, in front of pixel (61, 67). */
function ball(sigma: number, logit: number): SplatArrays {
  const world = DEPTH / FOCAL;
  return {
    means: Float32Array.of((61.3 - SIDE / 2) * world, (67.4 - SIDE / 2) * world, DEPTH),
    logScales: new Float32Array(3).fill(Math.log(sigma * world)),
    quats: Float32Array.of(1, 0, 0, 0),
    opacities: Float32Array.of(logit),
    sh: Float32Array.of(1, 1, 1),
    shDegree: 0,
  };
}

deviceTest("rasterize() keeps a splat's sum of alpha when the image is reduced, if it is anti-aliased", (device) => {
  const splats = ball(1.8, 4);
  const sums = (antialiasing: boolean) =>
    [1, 2, 4].map((reduction) => {
      using ours = rasterize(device, splats, cameraOf(reduction, antialiasing));
      return reduction ** 2 * ours.alpha.reduce((sum, alpha) => sum + alpha, 0);
    });
  const [whole, ...reduced] = sums(true);
  for (const sum of reduced) assertLess(Math.abs(sum / whole - 1), 0.01);
  const aliased = sums(false);
  assertGreater(aliased[2], 2 * aliased[0]);
});

deviceTest("rasterize() draws no splat whose opacity anti-aliasing lowers below 1/255", async (device) => {
  // Alpha 0.73 before: 0.15 pixels have a factor of 0.07, 0.02 pixels the least, 0.005.
  for (const [sigma, drawn] of [[0.15, true], [0.02, false]] as const) {
    const splats = ball(sigma, 1);
    const camera = cameraOf(1, true);
    using ours = rasterize(device, splats, camera);
    assertEquals(ours.alpha.some((alpha) => alpha > 0), drawn);
    assertEquals(ours.radii()[0] > 0, drawn);
    using gaussians = Gaussians.fromArrays(device, splats);
    assertEquals(await countInstances(gaussians, camera) > 0, drawn);
    assertGreater(await countInstances(gaussians, cameraOf(1)), 0);
  }
});

deviceTest("rasterize() gives a splat as it is without anti-aliasing when it is large", (device) => {
  const splats = ball(40, 1);
  using antialiased = rasterize(device, splats, cameraOf(1, true));
  using plain = rasterize(device, splats, cameraOf(1));
  antialiased.alpha.forEach((alpha, i) => assertLess(Math.abs(alpha - plain.alpha[i]), 2e-4));
});

deviceTest("Renders follow Gaussians.antialiasing, unless the camera says", async (device) => {
  const { splats, camera } = benignScene({ seed: 651, count: 60, shDegree: 0, sigmas: [0.5, 2] });
  using gaussians = Gaussians.fromArrays(device, splats);
  assertEquals(gaussians.antialiasing, false);
  const plain = await all(camera);
  const antialiased = await all({ ...camera, antialiasing: true });
  for (const [i, image] of plain.entries()) assertNotEquals(antialiased[i], image);
  gaussians.antialiasing = true;
  assertEquals(await all(camera), antialiased);
  assertEquals(await all({ ...camera, antialiasing: false }), plain);

  async function all(seen: Camera): Promise<unknown[]> {
    const { rgb } = await render(gaussians, seen);
    const { data } = await renderImage8(gaussians, seen);
    const { alpha } = await renderFrame(gaussians, seen);
    return [rgb, data, alpha, await countInstances(gaussians, { ...seen, width: 64, height: 64 })];
  }
});
