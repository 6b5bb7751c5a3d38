// Optional statistics and terms of a step, the GPU against the CPU.
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import type { ImageSize } from "../../base/scene.ts";
import { STEP, type Step } from "../../ffi/trainer.ts";
import { twoSided } from "../densify/world.ts";
import { Random } from "../reference/random.ts";
import { limitedState, STEPS } from "../steps/limited.ts";
import { type Run, type State, stateAfter } from "../steps/world.ts";
import { type Pair, pairTest } from "./devices.ts";
import { trainingProblem } from "./training.ts";

const FRAGMENTS = [
  "fragment_count",
  "weight_sum",
  "absolute_gradient_sum",
  "opacity_gradient_sum",
  "opacity_gradient_square_sum",
];

for (const fullGradientDepth of [0, 4]) {
  for (const unfused of [false, true]) {
    const how = unfused ? "stores gradients" : "steps at once";
    pairTest(
      `Trainer.run() agrees with the CPU on fragments when it ${how} and fullGradientDepth is ${fullGradientDepth}`,
      async (pair) => {
        const { splats, photos } = trainingProblem();
        const run = { splats, photos, fragments: true, fullGradientDepth, unfused };
        const flags = STEP.statistics | STEP.fragments;
        const list = photos.map((_, view) => ({ view, flags, update: 0, shDegree: 2 }));
        const [ours, theirs] = await both(pair, run, list);
        for (const name of [...FRAGMENTS, "gradient_sum"]) assertClose(ours[name], theirs[name], name, 2e-3);
        // At pixels where alpha is close to 1/255, only one backend may count a fragment.
        const counts = Array.from(theirs.fragment_count);
        const differences = counts.map((count, i) => Math.abs(count - ours.fragment_count[i]));
        assertLessOrEqual(sum(differences), 1e-3 * sum(counts));
      },
    );
  }
}

pairTest("Trainer.run() agrees with the CPU on anti-aliased views", async (pair) => {
  const { splats, photos } = trainingProblem();
  const small = { ...splats, logScales: splats.logScales.map((value) => value - 1.5) };
  const antialiased = photos.map(({ camera, image }) => ({ camera: { ...camera, antialiasing: true }, image }));
  for (const unfused of [false, true]) {
    const run = { splats: small, photos: antialiased, fragments: true, unfused, beta1: 0 };
    const flags = STEP.statistics | STEP.fragments;
    const [ours, theirs] = await both(pair, run, [{ view: 2, flags, shDegree: 2 }]);
    for (const name of ["means_m", "sh_dc_m", "opacities_m", "log_scales_m", "quats_m", ...FRAGMENTS, "gradient_sum"]) {
      assertClose(ours[name], theirs[name], name, 2e-3);
    }
  }
});

pairTest("Trainer.limitScales() and the steps after it agree with the CPU", async ({ gpu, cpu }) => {
  const [ours, theirs] = [await limitedState(gpu, STEPS), await limitedState(cpu, STEPS)];
  for (const name of ["smallest_scale", "log_scales"]) assertClose(ours[name], theirs[name], name, 1e-4);
});

pairTest("Trainer.run() agrees with the CPU on bias correction by rows", async (pair) => {
  const { splats, photos } = twoSided(80);
  const views = [0, 0, 1, 0, 1, 0, 0];
  const flags = STEP.visible | STEP.rowBias;
  const list = views.map((view) => ({ view, flags, shDegree: 1, learningRates: [1e-4, 1e-4, 1e-4, 1e-3, 1e-3, 1e-3] }));
  const [ours, theirs] = await both(pair, { splats, photos, rowSteps: true }, list);
  assertEquals(ours.row_steps, theirs.row_steps);
  for (const name of ["means", "opacities", "log_scales", "quats"]) {
    const differing = ours[name].filter((value, i) => Math.abs(value - theirs[name][i]) > 1e-4).length;
    assertLessOrEqual(differing, 0.01 * ours[name].length, name);
  }
});

pairTest("Trainer.run() agrees with the CPU on the pressures in the gradient", async (pair) => {
  const { splats, photos } = twoSided(80);
  for (const flags of [0, STEP.logitPressure, STEP.visibleTerms]) {
    for (const linear of [false, true]) {
      const step = { flags, opacityPressure: 0.3, scalePressure: 0.1 };
      const [ours, theirs] = await both(pair, { splats, photos, linear, beta1: 0 }, [step]);
      for (const name of ["opacities_m", "log_scales_m"]) assertClose(ours[name], theirs[name], name, 1e-4);
    }
  }
});

pairTest("Trainer.run() draws the same noise as the CPU", async (pair) => {
  const { splats, photos } = twoSided(400);
  const faint = { ...splats, opacities: splats.opacities.map((value) => value - 4.5) };
  for (const noise of [0.5, 1e4]) {
    const [ours, theirs] = await both(pair, { splats: faint, photos }, [{ update: 0, noise, iteration: 12 }]);
    const moves = theirs.means.map((value, i) => Math.abs(value - faint.means[i]));
    assert(moves.filter((move) => move > 0).length > 600);
    ours.means.forEach((value, i) =>
      assertLessOrEqual(Math.abs(value - theirs.means[i]), 1e-4 * moves[i] + 1e-6, `means[${i}]`)
    );
  }
});

pairTest("Trainer.run() agrees with the CPU on the loss of depths and its gradient", async (pair) => {
  const { splats, photos } = trainingProblem();
  const withDepths = photos.map((photo, k) => ({ ...photo, depths: scattered(photo.image, k) }));
  const step = { view: 2, shDegree: 2, depthWeight: 20 };
  for (const unfused of [false, true]) {
    const run = { splats, photos: withDepths, unfused, beta1: 0 };
    const [ours, theirs] = await both(pair, run, [step]);
    const plain = await stateAfter(pair.cpu, run, [{ ...step, depthWeight: 0 }]);
    for (const name of ["means_m", "opacities_m", "log_scales_m", "quats_m"]) {
      const changed = theirs[name].filter((value, i) => value !== plain[name][i]).length;
      assert(changed > 0.2 * plain[name].length, `depths change ${changed} of ${name}`);
      assertClose(ours[name], theirs[name], name, 2e-3);
    }
  }
  const list = [0, 1, 2, 3, 0, 1].map((view) => ({ ...step, view, depthWeight: 1 }));
  const [once, again] = [
    await stateAfter(pair.gpu, { splats, photos: withDepths }, list),
    await stateAfter(
      pair.gpu,
      { splats, photos: withDepths, unfused: true },
      list,
    ),
  ];
  assertEquals(again, once);
});

/** Depths at a third of an image's pixels. */
function scattered({ width, height }: ImageSize, seed: number): Float32Array<ArrayBuffer> {
  const random = new Random(50 + seed);
  const pixels = Math.floor(width * height / 3);
  const point = () => [
    random.uniform(0, width - 0.01),
    random.uniform(0, height - 0.01),
    random.uniform(2, 7),
    random.uniform(0.1, 1),
  ];
  return new Float32Array(Array.from({ length: pixels }, point).flat());
}

async function both({ gpu, cpu }: Pair, run: Run, list: Partial<Step>[]): Promise<[State, State]> {
  return [await stateAfter(gpu, run, list), await stateAfter(cpu, run, list)];
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function assertClose(ours: ArrayLike<number>, theirs: ArrayLike<number>, what: string, bound: number): void {
  const largest = Math.max(...Array.from(theirs, Math.abs));
  assert(largest > 0, `${what}: the CPU has only zeros`);
  for (let i = 0; i < theirs.length; i++) {
    const where = `${what}[${i}] is ${ours[i]}, the CPU has ${theirs[i]} of at most ${largest}`;
    assertLessOrEqual(Math.abs(ours[i] - theirs[i]), bound * largest, where);
  }
}
