// rasterize() on scenes that break naive arithmetic: huge, tiny, coincident, singular, behind the camera, overflowing,
// NaN.
import { assert, assertEquals } from "@std/assert";
import { rasterize, type SplatGradients } from "../../ffi/rasterizer.ts";
import { Random } from "../reference/random.ts";
import { rasterizeReference } from "../reference/rasterizer.ts";
import { extremeScene, hostileScene, nanScene } from "../reference/scenes.ts";
import { deviceTest } from "../support/device.ts";
import {
  assertGradientsAgree,
  assertImagesAgree,
  assertRadiiAgree,
  BENIGN_ERROR,
  HOSTILE_ERROR,
  randomUpstream,
  rasterizePair,
} from "./compare.ts";

for (const shDegree of [0, 1, 2, 3]) {
  deviceTest(`rasterize() stays within the hostile bounds when SH degree is ${shDegree}`, (device) => {
    const pair = rasterizePair(
      device,
      `hostile, degree ${shDegree}`,
      hostileScene({ seed: 400 + shDegree, count: 108, shDegree }),
    );
    using ours = pair.ours;
    assertImagesAgree(pair, HOSTILE_ERROR);
    assertRadiiAgree(pair);
    const { dImage, dAlpha } = randomUpstream(pair, 3);
    assertGradientsAgree(pair.name, ours.backward(dImage, dAlpha), pair.reference.backward(dImage, dAlpha));
  });
}

deviceTest("rasterize() gives finite outputs when finite parameters overflow float32", (device) => {
  const { splats, camera, background } = extremeScene({ seed: 501, count: 112, shDegree: 1 });
  using ours = rasterize(device, splats, camera, { background });
  for (const plane of ["image", "alpha", "depth"] as const) {
    assertEquals(ours[plane].findIndex((value) => !Number.isFinite(value)), -1, plane);
  }
  const random = new Random(4);
  assertFinite(ours.backward(ours.image.map(() => random.normal()), ours.alpha.map(() => random.normal())));
});

deviceTest("rasterize() skips Gaussians with a NaN parameter", (device) => {
  const scene = nanScene({ seed: 502, count: 120, shDegree: 1 });
  const pair = rasterizePair(device, "NaN parameters", scene);
  using ours = pair.ours;
  assertImagesAgree(pair, { max: BENIGN_ERROR });
  const { dImage, dAlpha } = randomUpstream(pair, 5);
  const gradients = ours.backward(dImage, dAlpha);
  assertFinite(gradients);
  for (const field of Object.values(gradients)) {
    const size = field.length / scene.splats.opacities.length;
    for (const i of scene.spoilt) {
      assert(field.subarray(size * i, size * (i + 1)).every((value: number) => value === 0));
    }
  }
});

deviceTest("rasterize() shows the background when there are no Gaussians", (device) => {
  const { camera, background } = hostileScene({ seed: 1, count: 1, shDegree: 0 });
  const none = new Float32Array(0);
  const splats = { means: none, logScales: none, quats: none, opacities: none, sh: none, shDegree: 2 };
  using ours = rasterize(device, splats, camera, { background });
  assertBackground(ours, background);
  const gradients = ours.backward(new Float32Array(ours.image.length).fill(1));
  for (const field of Object.values(gradients)) assertEquals(field.length, 0);
});

deviceTest("rasterize() shows the background when all Gaussians are behind the camera", (device) => {
  const { splats, camera, background } = hostileScene({ seed: 2, count: 50, shDegree: 1 });
  const away = { ...camera, translation: [0, 0, -1e4] };
  using ours = rasterize(device, splats, away, { background });
  assertBackground(ours, background);
  const gradients = ours.backward(new Float32Array(ours.image.length).fill(1));
  for (const field of Object.values(gradients)) assert(field.every((value: number) => value === 0));
});

deviceTest("rasterize() culls Gaussians closer than a moved near plane", (device) => {
  const { splats, camera, background } = hostileScene({ seed: 5, count: 60, shDegree: 0 });
  const pair = rasterizePair(device, "near plane at 4", { splats, camera: { ...camera, near: 4 }, background });
  using _ours = pair.ours;
  assertImagesAgree(pair, HOSTILE_ERROR);
  const all = rasterizeReference(splats, camera, { background });
  assert(pair.reference.radii.filter((r) => r > 0).length < all.radii.filter((r) => r > 0).length);
});

function assertBackground(
  { image, alpha, depth }: { image: Float32Array; alpha: Float32Array; depth: Float32Array },
  background: number[],
): void {
  assertEquals(image.findIndex((value, i) => value !== Math.fround(background[i % 3])), -1);
  assert(alpha.every((value) => value === 0));
  assert(depth.every((value) => value === 0));
}

function assertFinite(gradients: SplatGradients): void {
  for (const [field, values] of Object.entries(gradients)) {
    if (!(values instanceof Float32Array)) continue;
    const first = values.findIndex((value) => !Number.isFinite(value));
    assertEquals(first, -1, `Gradient of ${field}[${first}] is ${values[first]}`);
  }
}
