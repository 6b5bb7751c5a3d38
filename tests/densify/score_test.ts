// Scores and density statistics against the oracle, term by term.
import { assert, assertEquals, assertLessOrEqual, assertRejects } from "@std/assert";
import { TameError } from "../../ffi/errors.ts";
import { SCORE, STEP } from "../../ffi/trainer.ts";
import { edgeMap, isCertain, scoreReference, type ScoreWeights, statisticsReference } from "../reference/score.ts";
import { deviceTest } from "../support/device.ts";
import { open, steps, threeViews, twoSided, WEIGHTS } from "./world.ts";

const ERROR = 1e-4; // of the largest

/** Seeds of scenes in which float32 rounding decides nothing. */
const SEEDS: Record<number, number> = { 0: 2, 2: 3 };

const TERMS: Record<string, ScoreWeights> = {
  "the count of contributions": { view: 1, count: 1 },
  "the weight of the view": { view: 3.5, count: 1 },
  "the photo's edges": { view: 1, edge: 1, loss: 1 },
  "the absolute error": { view: 1, error: 1, loss: 1 },
  "edges and errors together": { view: 1, error: 0.5, edge: 2, loss: 0.25 },
  "the density gradient": { view: 1, gradient: 1 },
  "the distance": { view: 1, distance: 1 },
  "the opacity": { view: 1, opacity: 1 },
  "the depth": { view: 1, depth: 1 },
  "the radius": { view: 1, radius: 1 },
  "the scale": { view: 1, scale: 1 },
  "the blending weights": { view: 1, blend: 1 },
  "every term": {
    view: 50,
    edge: 50,
    error: 50,
    gradient: 25,
    distance: 50,
    opacity: 100,
    depth: 5,
    loss: 10,
    radius: 10,
    scale: 25,
    count: 0.1,
    blend: 50,
  },
};

const BACKGROUND = [0.25, 0.5, 0.125];

for (const shDegree of [0, 2]) {
  const options = { shDegree, background: BACKGROUND };
  const { splats, photos } = threeViews(SEEDS[shDegree]);

  Deno.test(`rounding decides nothing in the oracle's scene when the degree is ${shDegree}`, () => {
    for (const photo of photos) assert(isCertain(splats, photo, options));
  });

  deviceTest(`Trainer.statistics() agrees with the oracle when the degree is ${shDegree}`, async (device) => {
    using world = open(device, { splats, photos });
    await gather(world.trainer, shDegree);
    const { gradientSums, visibleSteps, maxRadii } = world.trainer.statistics();
    const expected = statisticsReference(splats, photos, options);
    assertClose(gradientSums, expected.gradientSums, "gradient sums", 5e-4);
    assertEquals(visibleSteps, expected.visibleSteps);
    assertEquals([...maxRadii], [...expected.maxRadii]);
    world.trainer.resetStatistics();
    for (const zeros of Object.values(world.trainer.statistics())) assert(zeros.every((value: number) => value === 0));
  });

  deviceTest(
    `Trainer.statistics() scales gradients down close to a camera when the degree is ${shDegree}`,
    async (device) => {
      const fullDepth = 4;
      using world = open(device, { splats, photos, fullGradientDepth: fullDepth });
      await gather(world.trainer, shDegree);
      const expected = statisticsReference(splats, photos, { ...options, fullDepth });
      assertClose(world.trainer.statistics().gradientSums, expected.gradientSums, "gradient sums", 5e-4);
      const all = statisticsReference(splats, photos, options);
      const near = expected.gradientSums.filter((sum, i) => sum < all.gradientSums[i]).length;
      const far = expected.gradientSums.filter((sum, i) => sum > 0 && sum === all.gradientSums[i]).length;
      assert(near > 5 && far > 5, `${near} are scaled down, ${far} are not`);
    },
  );

  for (const [name, weights] of Object.entries(TERMS)) {
    deviceTest(`Trainer.score() agrees with the oracle on ${name} when the degree is ${shDegree}`, async (device) => {
      using world = open(device, { splats, photos });
      await gather(world.trainer, shDegree);
      const { gradientSums, visibleSteps } = statisticsReference(splats, photos, options);
      const meanGradients = gradientSums.map((sum, i) => visibleSteps[i] === 0 ? 0 : sum / visibleSteps[i]);
      for (const views of [[0], [2, 1]]) {
        await world.trainer.score(views, weightList(weights), options);
        const seen = views.map((view) => photos[view]);
        const expected = scoreReference(splats, seen, { ...options, weights, meanGradients });
        assertClose(world.trainer.scores(), expected, `${name}, views ${views}`, "gradient" in weights ? 5e-4 : ERROR);
      }
    });
  }
}

deviceTest("Trainer.score() weights a view by its loss with the trainer's weight of D-SSIM", async (device) => {
  const { splats, photos } = threeViews(SEEDS[0]);
  using world = open(device, { splats, photos, lambdaDssim: 0.7 });
  const weights = { view: 1, opacity: 1 };
  const options = { shDegree: 0, background: BACKGROUND, lambdaDssim: 0.7 };
  await world.trainer.score([1], weightList(weights), options);
  const expected = scoreReference(splats, [photos[1]], { ...options, weights, meanGradients: new Float64Array(30) });
  assertClose(world.trainer.scores(), expected, "scores", ERROR);
});

deviceTest(
  "Trainer.score() is 0 for Gaussians that no view sees, and for all when a weight map is constant",
  async (device) => {
    const { splats, photos } = twoSided(40);
    const { width, height } = photos[0].image;
    const flat = { width, height, channels: 3 as const, data: new Uint8Array(3 * width * height) };
    using world = open(device, { splats, photos: [photos[0], { camera: photos[1].camera, image: flat }] });
    const options = { shDegree: 1, background: [0, 0, 0] };
    assertEquals(world.trainer.scores(), new Float32Array(40));
    await world.trainer.score([0], WEIGHTS, options);
    const seen = world.trainer.scores();
    assert(seen.every((score, i) => i % 2 === 0 || score === 0));
    assert(seen.some((score) => score > 0));
    await world.trainer.score([1], weightList({ view: 1, edge: 1, loss: 1 }), options);
    assertEquals(world.trainer.scores(), new Float32Array(40));
  },
);

deviceTest("Trainer.score() counts a view twice when it is listed twice, and is bit-reproducible", async (device) => {
  const { splats, photos } = twoSided(40);
  using world = open(device, { splats, photos });
  const options = { shDegree: 1, background: [0, 0, 0] };
  const scoresOf = async (views: number[]) => {
    await world.trainer.score(views, WEIGHTS, options);
    return world.trainer.scores();
  };
  const once = await scoresOf([0]);
  assertEquals(await scoresOf([0, 0]), once.map((score) => 2 * score));
  assertEquals(await scoresOf([0]), once);
});

deviceTest("Trainer.score() rejects a wrong view, weight or degree", async (device) => {
  const { splats, photos } = twoSided(10);
  using world = open(device, { splats, photos });
  const { trainer } = world;
  const options = { shDegree: 1, background: [0, 0, 0] };
  await assertRejects(() => trainer.score([2], WEIGHTS, options), TameError, "views 2 does not exist");
  await assertRejects(() => trainer.score([-1], WEIGHTS, options), TameError, "views[0] is -1");
  await assertRejects(() => trainer.score([], WEIGHTS, options), TameError, "views_length");
  await assertRejects(() => trainer.score([0], WEIGHTS.slice(1), options), TameError, "weights has 11 elements");
  await assertRejects(() => trainer.score([0], WEIGHTS.map(() => -1), options), TameError, "weights");
  await assertRejects(() => trainer.score([0], WEIGHTS, { ...options, shDegree: 2 }), TameError, "sh_degree");
});

Deno.test("edgeMap() gives values computed by hand", () => {
  const data = new Uint8Array(3 * 9).fill(10);
  data.set([40, 40, 40], 3 * 4);
  const image = { width: 3, height: 3, channels: 3 as const, data };
  assertEquals(edgeMap(image).map((value) => Math.round(255 * value)), [10, 10, 10, 10, 240, 10, 10, 10, 10]);
  assertEquals(edgeMap({ ...image, data: Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255), height: 1 }), [
    76 / 255,
    150 / 255,
    29 / 255,
  ]);
});

/** One step on each view that accumulates statistics and updates nothing. */
function gather(trainer: Parameters<typeof steps>[0], shDegree: number): Promise<void> {
  const flags = STEP.statistics;
  return steps(trainer, [0, 1, 2].map((view) => ({ view, shDegree, flags, update: 0, background: BACKGROUND })));
}

function weightList(weights: ScoreWeights): number[] {
  const list = new Array(12).fill(0);
  for (const [term, weight] of Object.entries(weights)) list[SCORE[term as keyof typeof SCORE]] = weight;
  return list;
}

function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string, bound: number): void {
  const largest = Math.max(...Array.from(expected));
  assert(largest > 0, `${what}: the oracle has only zeros`);
  assertEquals(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    const where = `${what}: ${actual[i]} of Gaussian ${i}, the oracle has ${expected[i]} of at most ${largest}`;
    assertEquals(actual[i] > 0, expected[i] > 0, where);
    assertLessOrEqual(Math.abs(actual[i] - expected[i]), bound * largest, where);
  }
}
