// What a splat covers: every pixel where its alpha is at least 1/255, or of these the ones in its 3 sigma rectangle.
import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import type { Camera, Coverage } from "../../base/scene.ts";
import { Gaussians, type SplatArrays } from "../../ffi/gaussians.ts";
import { countInstances, rasterize, render } from "../../ffi/rasterizer.ts";
import { STEP } from "../../ffi/trainer.ts";
import { rasterizeReference } from "../reference/rasterizer.ts";
import { benignScene } from "../reference/scenes.ts";
import { SMALLEST_ALPHA, TILE } from "../reference/tiles.ts";
import { stateAfter } from "../steps/world.ts";
import { deviceTest } from "../support/device.ts";
import { assertGradientsAgree, assertImagesAgree, assertRadiiAgree, BENIGN_ERROR, rasterizePair } from "./compare.ts";

const COVERAGES: readonly Coverage[] = ["alpha", "rectangle"];
const ROTATION = [1, 0, 0, 0, 1, 0, 0, 0, 1];
const DEPTH = 2;
const FOCAL = 400;
/** A logit whose opacity is hardly below 1: alpha reaches 1/255 at 3.33 sigma. */
const OPAQUE = 12;

/** A flat, white splat that is described on the image. */
interface Spot {
  /** Centre, pixels. */
  at: [x: number, y: number];
  /** Sigmas without the low-pass, pixels. */
  sigmas: [number, number];
  /** Angle of the first axis, radians. Default 0. */
  turn?: number;
  /** Logit. Default {@linkcode OPAQUE}. */
  opacity?: number;
}

function cameraOf(width: number, height: number, coverage: Coverage = "alpha"): Camera {
  const pose = { rotation: ROTATION, translation: [0, 0, 0], coverage };
  return { width, height, fx: FOCAL, fy: FOCAL, cx: width / 2, cy: height / 2, ...pose };
}

function splatsOf(camera: Camera, spots: readonly Spot[]): SplatArrays {
  const world = DEPTH / FOCAL; // units of a pixel
  return {
    means: Float32Array.from(
      spots.flatMap(({ at: [x, y] }) => [(x - camera.cx) * world, (y - camera.cy) * world, DEPTH]),
    ),
    logScales: Float32Array.from(
      spots.flatMap(({ sigmas: [a, b] }) => [Math.log(a * world), Math.log(b * world), Math.log(1e-4 * world)]),
    ),
    quats: Float32Array.from(spots.flatMap(({ turn = 0 }) => [Math.cos(turn / 2), 0, 0, Math.sin(turn / 2)])),
    opacities: Float32Array.from(spots, ({ opacity = OPAQUE }) => opacity),
    sh: new Float32Array(3 * spots.length).fill(1),
    shDegree: 0,
  };
}

/** Centre (35, 40), sigma 9.02: the rectangle ends at x = 64, the ellipse of alpha 1/255 at 65.0. */
const BEYOND: Spot = { at: [35, 40], sigmas: [9, 9] };
/** Its 3 sigma rectangle ends before the first column of pixels, where its alpha is 0.0078. */
const BESIDE: Spot = { at: [-9, 40], sigmas: [3, 3] };
/** 0.003, below 1/255. */
const FAINT: Spot = { at: [70, 30], sigmas: [6, 6], opacity: Math.log(0.003 / 0.997) };
/** A needle across the image's corner, which it misses by 15 pixels, although its box has 60 tiles. */
const NEEDLE: Spot = { at: [-10, -10], sigmas: [60, 0.1], turn: -Math.PI / 4 };
const SPOTS = [BEYOND, BESIDE, FAINT, NEEDLE];

deviceTest("rasterize() draws every pixel with alpha of at least 1/255, across borders of tiles", (device) => {
  const camera = cameraOf(160, 96);
  const splats = splatsOf(camera, [BEYOND]);
  using ours = rasterize(device, splats, camera);
  using cut = rasterize(device, splats, { ...camera, coverage: "rectangle" });
  const variance = 9 ** 2 + 0.3;
  let beyond = 0;
  for (const [pixel, alpha] of ours.alpha.entries()) {
    const [x, y] = [pixel % camera.width, Math.floor(pixel / camera.width)];
    const exact = Math.exp(-((x + 0.5 - 35) ** 2 + (y + 0.5 - 40) ** 2) / (2 * variance));
    if (Math.abs(exact / SMALLEST_ALPHA - 1) > 1e-3) {
      assertEquals(alpha > 0, exact > SMALLEST_ALPHA, `pixel ${x}, ${y}: alpha ${alpha}, expected ${exact}`);
    }
    if (x < 64) assertEquals(cut.alpha[pixel], alpha);
    else assertEquals(cut.alpha[pixel], 0);
    if (x >= 64 && alpha > 0) beyond++;
  }
  assertGreater(beyond, 0);
});

for (const coverage of COVERAGES) {
  deviceTest(`rasterize() agrees with the oracle when coverage is ${coverage}`, (device) => {
    const scene = benignScene({ seed: 641, count: 70, shDegree: 1, sigmas: [2, 12], opacities: [0.9, 0.999] });
    const camera = { ...scene.camera, coverage };
    const pair = rasterizePair(device, `coverage ${coverage}`, { ...scene, camera });
    using ours = pair.ours;
    const other = coverage === "alpha" ? "rectangle" : "alpha";
    const { image } = rasterizeReference(scene.splats, { ...camera, coverage: other }, scene);
    const step = image.reduce((most, value, i) => Math.max(most, Math.abs(value - pair.reference.image[i])), 0);
    assert(step > 5 * BENIGN_ERROR, `The rectangle changes nothing here: ${step}`);
    assertImagesAgree(pair, { max: BENIGN_ERROR });
    assertRadiiAgree(pair);
    const dImage = Float32Array.from(ours.image, (_, i) => pair.reference.excluded[Math.floor(i / 3)] ? 0 : 1);
    assertGradientsAgree(pair.name, ours.backward(dImage), pair.reference.backward(dImage));
  });
}

deviceTest("rasterize() has gradients from the pixels beyond 3 sigma", (device) => {
  const camera = cameraOf(160, 96);
  const splats = splatsOf(camera, [BESIDE]);
  const upstream = new Float32Array(3 * 160 * 96).fill(1);
  const ofColor = COVERAGES.map((coverage) => {
    using ours = rasterize(device, splats, { ...camera, coverage });
    return ours.backward(upstream).sh[0];
  });
  assertGreater(ofColor[0], 0.005);
  assertEquals(ofColor[1], 0);
});

deviceTest("Rasterization.radii() are those of 3 sigma where a Gaussian is drawn, else 0", (device) => {
  const camera = cameraOf(200, 200);
  const splats = splatsOf(camera, SPOTS);
  const colorless = splatsOf(camera, [BEYOND]);
  colorless.sh[0] = NaN;
  for (
    const [coverage, expected, nan] of [
      ["alpha", [28, 10, 0, 0], 0],
      // Whatever the alpha is there.
      ["rectangle", [28, 0, 19, 181], 28],
    ] as const
  ) {
    using ours = rasterize(device, splats, { ...camera, coverage });
    assertEquals([...ours.radii()], [...expected], coverage);
    using spoilt = rasterize(device, colorless, { ...camera, coverage });
    assertEquals([...spoilt.radii()], [nan], coverage);
  }
});

deviceTest(
  "countInstances() counts the tiles in which alpha reaches 1/255, in the rectangle or beyond",
  async (device) => {
    const { splats, camera } = benignScene({ seed: 642, count: 200, shDegree: 0, sigmas: [2, 12] });
    using gaussians = Gaussians.fromArrays(device, splats);
    const counts = await Promise.all(COVERAGES.map((coverage) => countInstances(gaussians, { ...camera, coverage })));
    assertGreater(counts[0], counts[1]);
    assertLess(counts[0], 1.2 * counts[1]);
    // One splat by hand: columns 0 to 4 and 0 to 3; of the corners none is in reach.
    using spot = Gaussians.fromArrays(device, splatsOf(cameraOf(160, 96), [BEYOND]));
    for (const [i, coverage] of COVERAGES.entries()) {
      const seen = cameraOf(160, 96, coverage);
      const { alpha } = await render(spot, seen);
      const tiles = new Set<string>();
      alpha!.forEach((value, pixel) => {
        if (value > 0) tiles.add(`${Math.floor(pixel % 160 / TILE)} ${Math.floor(pixel / 160 / TILE)}`);
      });
      assertEquals(await countInstances(spot, seen), tiles.size, coverage);
      assertEquals([...tiles].some((tile) => tile.startsWith("4 ")), i === 0);
    }
  },
);

for (const stored of [false, true]) {
  const how = stored ? "whose gradients are stored" : "in one part";
  deviceTest(`Trainer.run() counts and updates the Gaussians that are drawn, in steps ${how}`, async (device) => {
    const [width, height] = [200, 200];
    const data = new Uint8Array(3 * width * height).fill(255);
    for (const coverage of COVERAGES) {
      const camera = cameraOf(width, height, coverage);
      const splats = splatsOf(camera, SPOTS);
      const photos = [{ camera, image: { width, height, channels: 3 as const, data } }];
      const flags = STEP.statistics | STEP.visible | STEP.noBias;
      const run = { splats, photos, unfused: stored };
      const before = await stateAfter(device, run, []);
      const after = await stateAfter(device, run, [{ flags }]);
      const visible = coverage === "alpha" ? [1, 1, 0, 0] : [1, 0, 1, 1];
      assertEquals([...after.visible_steps], visible, coverage);
      using ours = rasterize(device, splats, camera);
      assertEquals([...after.max_radius], [...ours.radii()], coverage);
      const moved = SPOTS.map((_, i) => after.sh_dc[3 * i] !== before.sh_dc[3 * i]);
      // A Gaussian without alpha has no gradient, and from zero moments it stays where it is.
      assertEquals(moved, visible.map((yes, i) => yes === 1 && i < 2), coverage);
      assertEquals([...after.gradient_sum].map((sum) => sum > 0), moved, coverage);
    }
  });
}
