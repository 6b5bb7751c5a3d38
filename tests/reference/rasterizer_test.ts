// The oracle itself: its gradient against central differences in float64, and cases small enough to do by hand.
import { assert, assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import type { Camera } from "../../base/scene.ts";
import type { Splats } from "./projection.ts";
import { Random } from "./random.ts";
import { rasterizeReference, type ReferenceGradients, type ReferenceRasterization } from "./rasterizer.ts";
import { benignScene, guardedScene, type SceneOptions, type TestScene } from "./scenes.ts";

type Field = Exclude<keyof Splats, "shDegree">;
const FIELDS: Field[] = ["means", "logScales", "quats", "opacities", "sh"];

// Pixels this much closer to a threshold than float32 needs are left out, so that no difference steps over one.
const CAUTION = 20;
const STEP = 1e-6;

for (const shDegree of [0, 1, 2, 3]) {
  Deno.test(`rasterizeReference().backward() agrees with central differences at SH degree ${shDegree}`, () => {
    checkGradient(benignScene({ ...SMALL, seed: 40 + shDegree, shDegree }));
  });
}

Deno.test("rasterizeReference().backward() agrees with central differences when the slope guard limits the centre", () => {
  checkGradient(guardedScene({ ...SMALL, seed: 51, shDegree: 1 }));
});

Deno.test("rasterizeReference().backward() agrees with central differences when splats are opaque", () => {
  checkGradient(benignScene({ ...SMALL, seed: 61, shDegree: 0, opacities: [0.98, 0.999], sigmas: [2, 8] }));
});

Deno.test("rasterizeReference().backward() agrees with central differences when it is anti-aliased", () => {
  for (const sigmas of [[0.2, 0.8], [0.8, 6]] as [number, number][]) {
    const scene = benignScene({ ...SMALL, seed: 71, shDegree: 1, sigmas, opacities: [0.5, 0.95] });
    checkGradient({ ...scene, camera: { ...scene.camera, antialiasing: true } });
  }
});

Deno.test("rasterizeReference() blends two splats as worked out by hand", () => {
  const camera: Camera = {
    width: 1,
    height: 1,
    fx: 1,
    fy: 1,
    cx: 0.5,
    cy: 0.5,
    rotation: [1, 0, 0, 0, 1, 0, 0, 0, 1],
    translation: [0, 0, 0],
  };
  const splats: Splats = {
    means: [0, 0, 4, 0, 0, 2],
    logScales: [0, 0, 0, 0, 0, 0],
    quats: [1, 0, 0, 0, 1, 0, 0, 0],
    opacities: [0, Math.log(3)],
    sh: [1, 0, -9, 0, 1, 0],
    shDegree: 0,
  };
  const { image, alpha, depth, radii } = rasterizeReference(splats, camera, { background: [1, 1, 1] });
  // The second is in front: alpha 0.75 of (0.5, 0.5 + C0, 0.5), then 0.5 of (0.5 + C0, 0.5, 0), then white.
  const c0 = 0.28209479177387814;
  assertAlmostEquals(image[0], 0.75 * 0.5 + 0.125 * (0.5 + c0) + 0.125, 1e-12);
  assertAlmostEquals(image[1], 0.75 * (0.5 + c0) + 0.125 * 0.5 + 0.125, 1e-12);
  assertAlmostEquals(image[2], 0.75 * 0.5 + 0.125, 1e-12);
  assertAlmostEquals(alpha[0], 0.875, 1e-12);
  assertAlmostEquals(depth[0], (0.75 * 2 + 0.125 * 4) / 0.875, 1e-12);
  // Circles of variance 1/16 + 0.3 and 1/4 + 0.3, the root of the discriminant being at least that of 0.1.
  assertEquals([...radii], [
    Math.ceil(3 * Math.sqrt(1 / 16 + 0.3 + Math.sqrt(0.1))),
    Math.ceil(3 * Math.sqrt(1 / 4 + 0.3 + Math.sqrt(0.1))),
  ]);
});

Deno.test("rasterizeReference() shows the background alone when there is nothing to see", () => {
  const scene = benignScene({ ...SMALL, seed: 3, shDegree: 0 });
  scene.camera.translation[2] -= 1000;
  const { image, alpha, depth, excluded } = rasterizeReference(scene.splats, scene.camera, scene);
  assertEquals([...image.slice(0, 3)], scene.background.map(Math.fround));
  assert([...alpha, ...depth, ...excluded].every((value) => value === 0));
});

const SMALL: Pick<SceneOptions, "count" | "width" | "height" | "sigmas"> = {
  count: 10,
  width: 21,
  height: 18,
  sigmas: [0.8, 6],
};

function checkGradient({ splats, camera, background }: TestScene): void {
  const options = { background, caution: CAUTION };
  const random = new Random(7);
  const pixels = camera.width * camera.height;
  const { excluded, backward } = rasterizeReference(splats, camera, options);
  const dImage = random.normals(3 * pixels).map((value, i) => (excluded[Math.floor(i / 3)] ? 0 : value));
  const dAlpha = random.normals(pixels).map((value, i) => (excluded[i] ? 0 : value));
  const render = (moved: Splats): ReferenceRasterization => rasterizeReference(moved, camera, options);
  // Pixel by pixel, so that the difference does not drown in the roundings of the sum.
  const lossDifference = (more: ReferenceRasterization, less: ReferenceRasterization): number =>
    dImage.reduce((sum, d, i) => sum + d * (more.image[i] - less.image[i]), 0) +
    dAlpha.reduce((sum, d, i) => sum + d * (more.alpha[i] - less.alpha[i]), 0);

  const gradients: ReferenceGradients = backward(dImage, dAlpha);
  for (const field of FIELDS) {
    const scale = Math.max(...gradients[field].map(Math.abs));
    assert(scale > 0, `No gradient of ${field}`);
    for (let i = 0; i < splats[field].length; i++) {
      const values = Float64Array.from(splats[field]);
      const at = (value: number): ReferenceRasterization => render({ ...splats, [field]: values.with(i, value) });
      const difference = lossDifference(at(values[i] + STEP), at(values[i] - STEP)) / (2 * STEP);
      assertLess(Math.abs(difference - gradients[field][i]), 1e-7 * scale, `${field}[${i}]: ${difference}`);
    }
  }
}
