// Statistics of fragments against the oracle and against each other.
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { rasterize } from "../../ffi/rasterizer.ts";
import { STEP, type Step } from "../../ffi/trainer.ts";
import { open, photoOf, steps, threeViews, twoSided } from "../densify/world.ts";
import { trainingProblem } from "../gpu/training.ts";
import { fragmentsReference, type FragmentStatistics } from "../reference/score.ts";
import { deviceTest, testDevice } from "../support/device.ts";
import { type State, stateAfter } from "./world.ts";

const NAMES = [
  "fragment_count",
  "weight_sum",
  "absolute_gradient_sum",
  "opacity_gradient_sum",
  "opacity_gradient_square_sum",
] as const satisfies (keyof FragmentStatistics)[];

const BACKGROUND = [0.25, 0.5, 0.125];
/** Seeds of scenes in which float32 rounding decides nothing. */
const SEEDS: Record<number, number> = { 0: 2, 2: 3 };
const ERROR = 5e-4; // of the largest

/** A step that accumulates all statistics and updates nothing. */
const GATHER: Partial<Step> = { flags: STEP.statistics | STEP.fragments, update: 0, background: BACKGROUND };

for (const shDegree of [0, 2]) {
  for (const fullDepth of [0, 4]) {
    const what = `when the degree is ${shDegree} and fullGradientDepth is ${fullDepth}`;
    deviceTest(`Trainer.run() agrees with the oracle on the statistics of fragments ${what}`, async (device) => {
      const { splats, photos } = threeViews(SEEDS[shDegree]);
      using world = open(device, { splats, photos, fragments: true, fullGradientDepth: fullDepth });
      await steps(world.trainer, [0, 1, 2].map((view) => ({ ...GATHER, view, shDegree })));
      const expected = fragmentsReference(splats, photos, { shDegree, background: BACKGROUND, fullDepth });
      for (const name of NAMES) assertClose(world.trainer.columns.read(name), expected[name], name);
      assertEquals(world.trainer.columns.read("fragment_count"), Float32Array.from(expected.fragment_count));
      world.trainer.resetStatistics();
      for (const name of NAMES) assert(world.trainer.columns.read(name).every((value) => value === 0), name);
    });
  }
}

deviceTest("Trainer.run() accumulates absolute gradients that are no smaller than the signed ones", async (device) => {
  const { splats, photos } = trainingProblem();
  const { absolute_gradient_sum, gradient_sum } = await stateAfter(device, { splats, photos, fragments: true }, [
    GATHER,
  ]);
  gradient_sum.forEach((signed, i) =>
    assertLessOrEqual(signed, absolute_gradient_sum[i] * (1 + 1e-4), `Gaussian ${i}`)
  );
  const larger = gradient_sum.filter((signed, i) => signed < 0.9 * absolute_gradient_sum[i]).length;
  assert(larger > 50, `only ${larger} of the Gaussians have gradients of both signs`);
});

deviceTest(
  "Trainer.run() accumulates absolute gradients equal to the signed ones for a single pixel",
  async (device) => {
    const { splats, photos } = twoSided(60);
    const { camera } = photos[0];
    const photo = {
      camera: { ...camera, width: 1, height: 1, fx: 1, fy: 1, cx: 0.5, cy: 0.5 },
      image: photoOf(1, 1, 3),
    };
    const state = await stateAfter(device, { splats, photos: [photo], fragments: true }, [GATHER]);
    assert(state.fragment_count.every((count) => count === 0 || count === 1));
    assert(state.fragment_count.filter((count) => count === 1).length > 5);
    state.gradient_sum.forEach((signed, i) => {
      assertLessOrEqual(Math.abs(state.absolute_gradient_sum[i] - signed), 1e-4 * signed, `Gaussian ${i}`);
      // One term: the square of the sum is the sum of the squares.
      const square = state.opacity_gradient_sum[i] ** 2;
      assertLessOrEqual(Math.abs(state.opacity_gradient_square_sum[i] - square), 1e-4 * square, `Gaussian ${i}`);
    });
  },
);

deviceTest("Trainer.run() accumulates weights whose sum is that of the render's alpha", async (device) => {
  const { splats, photos } = trainingProblem();
  const { weight_sum } = await stateAfter(device, { splats, photos, fragments: true }, [GATHER]);
  using drawn = rasterize(device, splats, photos[0].camera);
  const covered = sum(drawn.alpha);
  assert(covered > 100);
  assertLessOrEqual(Math.abs(sum(weight_sum) - covered), 1e-5 * covered);
});

deviceTest("Trainer.run() accumulates no opacity gradients when the loss has none", async (device) => {
  const { splats, photos: [photo] } = trainingProblem();
  const { width, height } = photo.image;
  const masked = { ...photo, image: { ...photo.image, mask: new Uint8Array(width * height) } };
  const state = await stateAfter(device, { splats, photos: [masked], fragments: true }, [GATHER]);
  assert(sum(state.fragment_count) > 1000);
  for (const name of ["absolute_gradient_sum", "opacity_gradient_sum", "opacity_gradient_square_sum"]) {
    assert(state[name].every((value) => value === 0), name);
  }
});

deviceTest("Trainer.run() trains to the same bits with and without statistics of fragments", async (device) => {
  const { splats, photos } = trainingProblem();
  const moved = async (fragments: boolean): Promise<State> => {
    const flags = STEP.statistics | (fragments ? STEP.fragments : 0);
    const list = photos.map((_, view) => ({ view, flags }));
    return without(await stateAfter(device, { splats, photos, fragments }, list), NAMES);
  };
  assertEquals(await moved(true), await moved(false));
});

deviceTest("Trainer.run() accumulates the same statistics of fragments when it stores gradients", async (device) => {
  const { splats, photos } = trainingProblem();
  const list = photos.map((_, view) => ({ ...GATHER, view, update: 63 }));
  const outcome = (unfused: boolean) => stateAfter(device, { splats, photos, fragments: true, unfused }, list);
  assertEquals(await outcome(true), await outcome(false));
});

deviceTest("Trainer.run() accumulates fragments of each of a step's views", async (device) => {
  const { splats, photos } = trainingProblem();
  const run = { splats, photos, fragments: true };
  const each = await stateAfter(device, run, [{ ...GATHER, view: 1 }, { ...GATHER, view: 3 }]);
  const both = await stateAfter(device, { ...run, viewsPerStep: 2 }, [{ ...GATHER, view: [1, 3] }]);
  for (const name of NAMES) assertEquals(both[name], each[name], name);
});

deviceTest("Trainer.run() accumulates the same statistics of fragments with 1, 2 or 3 threads", async () => {
  const { splats, photos } = trainingProblem();
  const states: State[] = [];
  for (const threads of [1, 2, 3]) {
    using device = await testDevice({ threads });
    states.push(await stateAfter(device, { splats, photos, fragments: true }, [GATHER, { ...GATHER, view: 2 }]));
  }
  assertEquals(states[1], states[0]);
  assertEquals(states[2], states[0]);
});

deviceTest("Trainer.run() allocates no memory for fragments when no step accumulates them", async () => {
  const { splats, photos } = trainingProblem();
  const memory = async (fragments: boolean, flags: number) => {
    using device = await testDevice();
    using world = open(device, { splats, photos, fragments });
    await steps(world.trainer, [{ flags }]);
    return device.memory();
  };
  const usual = await memory(false, STEP.statistics);
  const unused = await memory(true, STEP.statistics);
  const used = await memory(true, STEP.statistics | STEP.fragments);
  assertEquals(unused.byPurpose.instances, usual.byPurpose.instances);
  assert(unused.byPurpose.statistics.live > usual.byPurpose.statistics.live);
  assert(used.byPurpose.instances.live > usual.byPurpose.instances.live);
});

function without(state: State, names: readonly string[]): State {
  return Object.fromEntries(Object.entries(state).filter(([name]) => !names.includes(name)));
}

function sum(values: ArrayLike<number>): number {
  return Array.from(values).reduce((total, value) => total + value, 0);
}

function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  const largest = Math.max(...Array.from(expected, Math.abs));
  assert(largest > 0, `${what}: the oracle has only zeros`);
  assertEquals(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    const where = `${what}: ${actual[i]} of Gaussian ${i}, the oracle has ${expected[i]} of at most ${largest}`;
    assertLessOrEqual(Math.abs(actual[i] - expected[i]), ERROR * largest, where);
  }
}
