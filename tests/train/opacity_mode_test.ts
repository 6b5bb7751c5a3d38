// Linear opacities: what the switch preserves, how steps move them, and that downloads contain logits.
import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLess, assertLessOrEqual } from "@std/assert";
import type { Device } from "../../ffi/device.ts";
import { Gaussians, type SplatArrays } from "../../ffi/gaussians.ts";
import { render } from "../../ffi/rasterizer.ts";
import { GROUP, STEP, Trainer } from "../../ffi/trainer.ts";
import { prune } from "../../train/strategies/prune.ts";
import { open, steps, twoSided, WEIGHTS, type World } from "../densify/world.ts";
import { EVERYTHING, LEARNING_RATES, makeViews, type Photo } from "../gpu/training.ts";
import { deviceTest } from "../support/device.ts";

const COUNT = 80;
const RATE = LEARNING_RATES[GROUP.opacities];
const OPACITY = 1 << GROUP.opacities;
const LARGEST_LOGIT = Math.log((1 - 1e-6) / 1e-6);

function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

/** Used opacities. */
function used(gaussians: Gaussians): number[] {
  return Array.from(gaussians.download("opacities"), sigmoid);
}

/** A white Gaussian of one size and opacity in front of a white and a black photo of 16 units at its depth. */
function lamp(logit: number, scale: number): { splats: SplatArrays; photos: Photo[] } {
  const white = 0.5 / 0.28209479177387814;
  const splats = {
    means: new Float32Array([0, 0, 3]),
    logScales: new Float32Array(3).fill(Math.log(scale)),
    quats: new Float32Array([1, 0, 0, 0]),
    opacities: new Float32Array([logit]),
    sh: new Float32Array([white, white, white]),
    shDegree: 0,
  };
  const camera = { width: 16, height: 16, fx: 16, fy: 16, cx: 8, cy: 8, translation: [0, 0, 0] };
  const photos = [255, 0].map((value): Photo => ({
    camera: { ...camera, rotation: [1, 0, 0, 0, 1, 0, 0, 0, 1] },
    image: { width: 16, height: 16, channels: 3, data: new Uint8Array(3 * 256).fill(value) },
  }));
  return { splats, photos };
}

/** Steps of the opacities alone, over a black background. */
async function opacitySteps(trainer: Trainer, views: number[], rate = RATE): Promise<void> {
  const learningRates = LEARNING_RATES.map((each, group) => group === GROUP.opacities ? rate : each);
  await steps(
    trainer,
    views.map((view) => ({ view, shDegree: 0, update: OPACITY, background: [0, 0, 0], learningRates })),
  );
}

deviceTest("Trainer.setOpacityMode() preserves the render, the scores and the downloaded logits", async (device) => {
  using world = open(device, twoSided(COUNT));
  const { trainer, gaussians, splats } = world;
  const { camera } = twoSided(COUNT).photos[0];
  await trainer.score([0, 1], WEIGHTS, { shDegree: 1, background: [0, 0, 0] });
  const before = { image: (await render(gaussians, camera)).rgb, scores: trainer.scores() };
  for (const mode of ["linear", "linear", "logit"] as const) {
    trainer.setOpacityMode(mode);
    const { rgb } = await render(gaussians, camera);
    rgb.forEach((value, i) => assertAlmostEquals(value, before.image[i], 2e-5));
    gaussians.download("opacities").forEach((logit, i) => assertAlmostEquals(logit, splats.opacities[i], 1e-5));
    const rows = gaussians.plyRows(0, COUNT);
    const width = rows.length / COUNT;
    assertEquals(rows.filter((_, i) => i % width === width - 8), gaussians.download("opacities"));
    await trainer.score([0, 1], WEIGHTS, { shDegree: 1, background: [0, 0, 0] });
    trainer.scores().forEach((score, i) => assertAlmostEquals(score, before.scores[i], 1e-3 * before.scores[i]));
  }
});

deviceTest("Trainer.run() moves linear opacities by the learning rate, in the direction of logits", async (device) => {
  const moves: number[][] = [];
  for (const mode of ["logit", "linear"] as const) {
    using world = open(device, twoSided(COUNT));
    const before = used(world.gaussians);
    world.trainer.setOpacityMode(mode);
    await opacitySteps(world.trainer, [0]);
    moves.push(used(world.gaussians).map((value, i) => value - before[i]));
  }
  const seen = moves[0].flatMap((move, i) => move === 0 ? [] : [i]);
  assertGreater(seen.length, 20);
  for (const i of seen) assertAlmostEquals(moves[1][i], Math.sign(moves[0][i]) * RATE, 1e-5);
  const still = moves[1].filter((_, i) => !seen.includes(i));
  assert(still.every((move) => Math.abs(move) < 1e-6));
});

deviceTest("Trainer.run() clamps linear opacities to 1, and lowers them from there", async (device) => {
  using world = openWith(device, lamp(1, 0.3), {});
  const { trainer, gaussians } = world;
  trainer.setOpacityMode("linear");
  await opacitySteps(trainer, [0], 5); // 0.73 + 5 without the clamp
  assertAlmostEquals(gaussians.download("opacities")[0], LARGEST_LOGIT, 0.05);
  await opacitySteps(trainer, Array(20).fill(1));
  assertLess(used(gaussians)[0], 0.9);
});

deviceTest("Trainer.run() uses the magnitude of a linear opacity that a step takes below 0", async (device) => {
  using world = openWith(device, lamp(Math.log(0.2 / 0.8), 0.3), {});
  world.trainer.setOpacityMode("linear");
  await opacitySteps(world.trainer, [1], 0.5); // the black photo: 0.2 - 0.5
  assertAlmostEquals(used(world.gaussians)[0], 0.3, 1e-4);
});

deviceTest("Trainer.setOpacityMode() zeroes the opacities' moments and no others", async (device) => {
  using world = open(device, twoSided(COUNT));
  const { trainer, gaussians } = world;
  await steps(trainer, [0, 0, 0].map((view) => ({ view, update: EVERYTHING })));
  trainer.setOpacityMode("linear");
  const before = gaussians.toArrays();
  await steps(trainer, [{ view: 1, update: EVERYTHING }]);
  const after = gaussians.toArrays();
  // Rows of even index are visible in view 0 only: only momentum could move them.
  const moved = (field: "opacities" | "means") =>
    after[field].filter((value, i) => {
      const row = field === "means" ? Math.floor(i / 3) : i;
      return row % 2 === 0 && value !== before[field][i];
    }).length;
  assertEquals(moved("opacities"), 0);
  assertGreater(moved("means"), COUNT / 2);
});

deviceTest("Trainer.resetOpacity() and prune() read used opacities in linear mode", async (device) => {
  using world = open(device, twoSided(COUNT));
  const { trainer, gaussians } = world;
  trainer.setOpacityMode("linear");
  const before = used(gaussians);
  await trainer.resetOpacity(0.4);
  used(gaussians).forEach((value, i) => assertAlmostEquals(value, Math.min(before[i], 0.4), 1e-5));
  const weak = before.filter((value) => value < 0.3).length;
  assertGreater(weak, 5);
  const rule = { iteration: 1, target: COUNT, minOpacity: 0.3, maxScale: 1e30, share: 1 };
  assertEquals((await prune(trainer, rule)).weak, weak);
});

deviceTest(
  "Gaussians accept uploads of logits, and the next trainer trains logits, after a linear one",
  async (device) => {
    const { splats, photos } = twoSided(COUNT);
    using gaussians = Gaussians.fromArrays(device, splats);
    using views = makeViews(device, photos);
    {
      using trainer = Trainer.create(gaussians, views);
      trainer.setOpacityMode("linear");
    }
    gaussians.upload("opacities", new Float32Array([4]), 3);
    const expected = splats.opacities.with(3, 4);
    gaussians.download("opacities").forEach((value, i) => assertAlmostEquals(value, expected[i], 1e-5));
    using trainer = Trainer.create(gaussians, views);
    await opacitySteps(trainer, [0]);
    const moved = gaussians.download("opacities").filter((value, i) => Math.abs(value - expected[i]) > 1e-4);
    assertGreater(moved.length, 20);
    const after = gaussians.download("opacities");
    for (const [i, value] of after.entries()) assertLessOrEqual(Math.abs(value - expected[i]), 1.01 * RATE);
  },
);

deviceTest(
  "Trainer.run() passes gradients through alpha's clamp only with passClampedGradient",
  async (device) => {
    const moves: number[] = [];
    for (const passClampedGradient of [false, true]) {
      using world = openWith(device, lamp(6, 200), { passClampedGradient }); // 0.9975 everywhere
      await steps(world.trainer, [{ view: 1, shDegree: 0, update: OPACITY, flags: STEP.statistics }]);
      moves.push(world.gaussians.download("opacities")[0] - 6);
    }
    assertEquals(moves[0], 0);
    assertAlmostEquals(moves[1], -RATE, 1e-4);
  },
);

function openWith(
  device: Device,
  { splats, photos }: { splats: SplatArrays; photos: Photo[] },
  options: { passClampedGradient?: boolean },
): Omit<World, "splats"> {
  const gaussians = Gaussians.fromArrays(device, splats);
  const views = makeViews(device, photos);
  const trainer = Trainer.create(gaussians, views, { lambdaDssim: 0, ...options });
  return {
    gaussians,
    trainer,
    [Symbol.dispose]() {
      trainer[Symbol.dispose]();
      views[Symbol.dispose]();
      gaussians[Symbol.dispose]();
    },
  };
}
