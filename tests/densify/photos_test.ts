// Photos with alpha and with masks in steps and scores: against the oracle, and against photos with neither.
import { assert, assertAlmostEquals, assertEquals, assertLessOrEqual, assertNotEquals } from "@std/assert";
import type { Image8 } from "../../base/scene.ts";
import type { Device } from "../../ffi/device.ts";
import type { SplatArrays } from "../../ffi/gaussians.ts";
import { SCORE, STEP } from "../../ffi/trainer.ts";
import { type Photo, runProblem } from "../gpu/training.ts";
import { imageLossReference } from "../reference/image.ts";
import { Random } from "../reference/random.ts";
import { rasterizeReference } from "../reference/rasterizer.ts";
import { benignScene } from "../reference/scenes.ts";
import { isCertain, scoreReference, statisticsReference } from "../reference/score.ts";
import { deviceTest } from "../support/device.ts";
import { open, photoOf, steps, WEIGHTS } from "./world.ts";

const BACKGROUND = [0.21, 0.47, 0.13]; // no half bytes, which float32 and float64 might round differently
const OPTIONS = { shDegree: 1, background: BACKGROUND };
const [WIDTH, HEIGHT] = [45, 37];

const { splats, camera } = benignScene({
  seed: 4,
  count: 30,
  shDegree: 1,
  width: WIDTH,
  height: HEIGHT,
  sigmas: [0.8, 5],
});
const PLAIN = photoOf(WIDTH, HEIGHT, 5);
const KINDS: Record<string, Image8> = {
  alpha: withAlpha(PLAIN),
  "a mask": { ...loud(PLAIN), mask: spots() },
  "alpha and a mask": { ...withAlpha(PLAIN), mask: spots() },
};

Deno.test("rounding decides nothing in the oracle's scene with alpha and masks", () => {
  for (const image of Object.values(KINDS)) assert(isCertain(splats, { camera, image }, OPTIONS));
});

for (const [kind, image] of Object.entries(KINDS)) {
  deviceTest(`a step on a photo with ${kind} agrees with the oracle on loss and statistics`, async (device) => {
    const photos = [{ camera, image }];
    using world = open(device, { splats, photos });
    await steps(world.trainer, [{ shDegree: 1, flags: STEP.statistics, update: 0, background: BACKGROUND }]);
    const expected = statisticsReference(splats, photos, OPTIONS);
    const { gradientSums } = world.trainer.statistics();
    assertClose(gradientSums, expected.gradientSums, 5e-4);
    assertAlmostEquals(await lossOf(device, photos[0]), oracleLoss(image), 1e-5);
  });

  deviceTest(`Trainer.score() agrees with the oracle on a photo with ${kind}`, async (device) => {
    const photos = [{ camera, image }];
    using world = open(device, { splats, photos });
    for (const terms of [["edge"], ["error"], ["edge", "error"]] as const) {
      const weights = Object.fromEntries(["view", "loss", ...terms].map((term) => [term, 1]));
      const chosen = new Set<number>([SCORE.view, SCORE.loss, ...terms.map((term) => SCORE[term])]);
      const list = WEIGHTS.map((_, i) => chosen.has(i) ? 1 : 0);
      await world.trainer.score([0], list, OPTIONS);
      const expected = scoreReference(splats, photos, { ...OPTIONS, weights, meanGradients: new Float64Array(30) });
      assertClose(world.trainer.scores(), expected, 2e-4);
    }
  });
}

deviceTest("an opaque alpha and a mask that keeps everything do not change a bit", async (device) => {
  const opaque = withAlpha(PLAIN);
  opaque.data.forEach((_, i) => i % 4 === 3 && (opaque.data[i] = 255));
  const plain = await trained(device, PLAIN);
  assertEquals(await trained(device, opaque), plain);
  assertEquals(await trained(device, { ...PLAIN, mask: new Uint8Array(WIDTH * HEIGHT).fill(255) }), plain);
  assertNotEquals(await trained(device, KINDS.alpha), plain);
  assertNotEquals(await trained(device, KINDS["a mask"]), plain);
});

deviceTest("masked and transparent pixels of a photo do not change a bit", async (device) => {
  const mask = spots();
  const other = { ...PLAIN, data: PLAIN.data.map((value, i) => mask[Math.floor(i / 3)] === 0 ? 255 - value : value) };
  assertEquals(await trained(device, { ...other, mask }), await trained(device, { ...PLAIN, mask }));
  const clear = withAlpha(PLAIN);
  const clearOther = withAlpha(other);
  for (const image of [clear, clearOther]) {
    image.data.forEach((_, i) => i % 4 === 3 && (image.data[i] = 255 * mask[i >> 2]));
  }
  assertEquals(await trained(device, clearOther), await trained(device, clear));
});

deviceTest("a fully masked photo has loss 0 and changes nothing", async (device) => {
  const image = { ...PLAIN, mask: new Uint8Array(WIDTH * HEIGHT) };
  using world = open(device, { splats, photos: [{ camera, image }] });
  const before = world.gaussians.toArrays();
  await steps(world.trainer, [{ flags: STEP.statistics, background: BACKGROUND }]);
  assertEquals(world.gaussians.toArrays(), before);
  assertEquals(await lossOf(device, { camera, image }), 0);
  await world.trainer.score([0], WEIGHTS, OPTIONS);
  assert(world.trainer.scores().every((score) => score === 0));
});

deviceTest(
  "Views.set() replaces a photo by one with alpha and a mask, and Views.clear() allows any size",
  async (device) => {
    const first = await trained(device, KINDS["alpha and a mask"]);
    const again = await trained(device, PLAIN, (views) => views.set(0, camera, KINDS["alpha and a mask"]));
    assertEquals(again, first);
    const small = { width: 3, height: 2, channels: 3 as const, data: new Uint8Array(18) };
    const cleared = await trained(device, PLAIN, (views) => {
      views.clear(0);
      views.set(0, { ...camera, width: 3, height: 2 }, small);
      views.clear(0);
      views.clear(0);
      views.set(0, camera, KINDS["alpha and a mask"]);
    });
    assertEquals(cleared, first);
  },
);

/** Twelve steps of all kinds on one photo; `alter` changes the views before them. */
function trained(device: Device, image: Image8, alter?: Parameters<typeof runProblem>[2]["prepare"]): Promise<unknown> {
  const problem: { splats: SplatArrays; photos: Photo[] } = { splats, photos: [{ camera, image }] };
  return runProblem(device, problem, {
    steps: 12,
    alter: (step) => ({ ...step, shDegree: 1, background: BACKGROUND }),
    prepare: alter,
  });
}

async function lossOf(device: Device, photo: Photo): Promise<number> {
  const alter = <Step>(step: Step): Step => ({ ...step, ...OPTIONS });
  return (await runProblem(device, { splats, photos: [photo] }, { steps: 1, alter })).losses[0];
}

function oracleLoss(image: Image8): number {
  const drawn = rasterizeReference(splats, camera, { background: BACKGROUND });
  const rgb = Float64Array.from({ length: 3 * WIDTH * HEIGHT }, (_, i) => {
    const [pixel, channel] = [Math.floor(i / 3), i % 3];
    const alpha = image.channels === 4 ? image.data[4 * pixel + 3] / 255 : 1;
    return image.data[image.channels * pixel + channel] / 255 * alpha + BACKGROUND[channel] * (1 - alpha);
  });
  const size = { width: WIDTH, height: HEIGHT };
  return imageLossReference({ ...size, rgb: drawn.image }, { ...size, rgb }, { mask: image.mask }).value;
}

/** The photo with every kind of alpha: transparent, partial, opaque. */
function withAlpha({ width, height, data }: Image8): Image8 {
  const random = new Random(8);
  const rgba = Uint8Array.from({ length: 4 * width * height }, (_, i) => {
    if (i % 4 < 3) return data[3 * (i >> 2) + i % 4];
    return Math.round(Math.min(255, Math.max(0, random.uniform(-100, 355))));
  });
  return { width, height, channels: 4, data: rgba };
}

/** The photo with the largest possible edges and errors in the masked pixels. */
function loud(image: Image8): Image8 {
  const mask = spots();
  return { ...image, data: image.data.map((value, i) => mask[Math.floor(i / 3)] === 0 ? 255 * (i % 2) : value) };
}

/** A mask that excludes a block, a border and single pixels. */
function spots(): Uint8Array {
  const random = new Random(9);
  return Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => {
    const [x, y] = [i % WIDTH, Math.floor(i / WIDTH)];
    const block = x > 9 && x < 24 && y > 6 && y < 20;
    return block || x < 2 || random.uniform(0, 1) < 0.05 ? 0 : 1;
  });
}

function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, bound: number): void {
  const largest = Math.max(...Array.from(expected));
  assert(largest > 0, "the oracle has only zeros");
  for (let i = 0; i < expected.length; i++) {
    assertLessOrEqual(Math.abs(actual[i] - expected[i]), bound * largest, `${i}: ${actual[i]}, not ${expected[i]}`);
  }
}
