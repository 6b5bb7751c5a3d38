// Training, the GPU against the CPU: losses, parameters and statistics after one step, ten and sixty.
import { assert, assertEquals, assertLessOrEqual, assertNotEquals } from "@std/assert";
import type { Device } from "../../ffi/device.ts";
import { Gaussians } from "../../ffi/gaussians.ts";
import { Control, GROUP, STEP, Trainer } from "../../ffi/trainer.ts";
import { assertSameBits } from "../raster/compare.ts";
import { pairTest } from "./devices.ts";
import {
  EVERYTHING,
  LEARNING_RATES,
  makeViews,
  type Outcome,
  planOf,
  type RunOptions,
  runProblem,
  trainingProblem,
} from "./training.ts";

const LOSS_ERROR = 1e-4;

/**
 * Differences of the parameters in learning rates. Adam's first steps have the size of the learning rate for any
 * gradient, so where a gradient is only rounding error the two may differ by twice the rate per step; this is rare.
 */
const BOUNDS: Record<number, { p90: number; p99: number }> = {
  1: { p90: 1e-3, p99: 1e-2 },
  10: { p90: 1e-2, p99: 0.1 },
  60: { p90: 0.1, p99: 1 },
};

for (const [text, bound] of Object.entries(BOUNDS)) {
  const steps = Number(text);
  pairTest(`Trainer.run() agrees with the CPU when it takes ${steps} steps`, async ({ gpu, cpu }) => {
    const problem = trainingProblem();
    const [ours, theirs] = [await runProblem(gpu, problem, { steps }), await runProblem(cpu, problem, { steps })];
    assertEquals(ours.losses.length, steps);
    assertLosses(ours, theirs);
    assertParameters(ours, theirs, { ...bound, max: 2.01 * steps });
    assertStatistics(ours, theirs);
  });
}

for (const lambdaDssim of [0, 1]) {
  pairTest(`Trainer.run() agrees with the CPU when the weight of D-SSIM is ${lambdaDssim}`, async ({ gpu, cpu }) => {
    const problem = trainingProblem();
    const options = { steps: 10, lambdaDssim };
    const [ours, theirs] = [await runProblem(gpu, problem, options), await runProblem(cpu, problem, options)];
    assertLosses(ours, theirs);
    assertParameters(ours, theirs, { ...BOUNDS[10], max: 20.1 });
  });
}

const MASKS: Record<string, number> = {
  "only the means": 1 << GROUP.means,
  "only colour": 1 << GROUP.shDc | 1 << GROUP.shRest,
  "all but opacities": EVERYTHING & ~(1 << GROUP.opacities),
  "nothing": 0,
};

for (const [name, update] of Object.entries(MASKS)) {
  pairTest(`Trainer.run() updates ${name} on both backends when the mask says so`, async ({ gpu, cpu }) => {
    const problem = trainingProblem();
    // Every third step updates all groups, so that the step counts of the others are lower.
    const alter = <S extends { iteration: number; flags?: number; update: number }>(step: S): S => ({
      ...step,
      flags: STEP.statistics,
      update: step.iteration % 3 === 0 && update !== 0 ? EVERYTHING : update,
    });
    const options = { steps: 12, alter };
    const [ours, theirs] = [await runProblem(gpu, problem, options), await runProblem(cpu, problem, options)];
    assertLosses(ours, theirs);
    assertParameters(ours, theirs, { ...BOUNDS[10], max: 24.1 });
    assertStatistics(ours, theirs);
    if (update === 0) assertSameBits(ours.splats.means, problem.splats.means, "means");
    const one = { steps: 1, alter };
    const first = (await runProblem(gpu, problem, one)).splats;
    const moved = (values: Float32Array, before: Float32Array) => values.some((value, i) => value !== before[i]);
    const { splats } = problem;
    assertEquals(moved(first.means, splats.means), (update >> GROUP.means & 1) === 1);
    assertEquals(moved(first.opacities, splats.opacities), (update >> GROUP.opacities & 1) === 1);
    assertEquals(moved(first.quats, splats.quats), (update >> GROUP.quats & 1) === 1);
  });
}

pairTest("Trainer.run() sums SH gradients and applies the sum when the step says so", async ({ gpu, cpu }) => {
  const problem = trainingProblem();
  const run = (device: Device, apply: boolean) =>
    runProblem(device, problem, {
      steps: 8,
      alter: (step) => ({
        ...step,
        shDegree: 2,
        flags: STEP.shAccumulate | (apply && step.iteration === 8 ? STEP.shApply : 0),
      }),
    });
  const [ours, theirs] = [await run(gpu, true), await run(cpu, true)];
  assertLosses(ours, theirs);
  assertParameters(ours, theirs, { ...BOUNDS[10], max: 16.1 });
  const kept = await run(gpu, false);
  const { sh } = problem.splats;
  const rest = (values: Float32Array) => values.filter((_, i) => i % 27 >= 3);
  assertSameBits(rest(kept.splats.sh), rest(sh), "SH that was only accumulated");
  assertNotEquals(rest(ours.splats.sh), rest(sh));
});

pairTest("Trainer.resetOpacity() agrees with the CPU and with its formula when training continues", async (pair) => {
  const { splats, photos } = trainingProblem();
  const results = [];
  for (const device of [pair.gpu, pair.cpu]) {
    using gaussians = Gaussians.fromArrays(device, splats);
    using views = makeViews(device, photos);
    using trainer = Trainer.create(gaussians, views, { shAccumulation: true });
    const control = new Control(10);
    await trainer.run(planOf(10, { views: photos.length }), control);
    const before = gaussians.download("opacities");
    await trainer.resetOpacity(0.2);
    const after = gaussians.download("opacities");
    const limit = Math.fround(Math.log(0.2 / 0.8));
    before.forEach((value, i) => assertLessOrEqual(Math.abs(after[i] - Math.min(value, limit)), 1e-6));
    assert(before.some((value) => value > limit) && before.some((value) => value < limit));
    control.reset();
    await trainer.run(planOf(10, { views: photos.length }), control);
    results.push({ losses: control.losses(), splats: gaussians.toArrays(), ...trainer.statistics() });
  }
  assertLosses(results[0], results[1]);
  assertParameters(results[0], results[1], { ...BOUNDS[10], max: 40.1 });
});

pairTest("Trainer.setOpacityMode() agrees with the CPU when training continues in either mode", async (pair) => {
  const { splats, photos } = trainingProblem();
  const results = [];
  for (const device of [pair.gpu, pair.cpu]) {
    using gaussians = Gaussians.fromArrays(device, splats);
    using views = makeViews(device, photos);
    using trainer = Trainer.create(gaussians, views, { shAccumulation: true });
    const losses: number[] = [];
    for (const mode of ["linear", "logit"] as const) {
      const before = gaussians.download("opacities");
      trainer.setOpacityMode(mode);
      gaussians.download("opacities").forEach((value, i) => assertLessOrEqual(Math.abs(value - before[i]), 1e-4));
      const control = new Control(5);
      await trainer.run(planOf(5, { views: photos.length }), control);
      losses.push(...control.losses());
    }
    trainer.setOpacityMode("linear");
    results.push({ losses: Float32Array.from(losses), splats: gaussians.toArrays(), ...trainer.statistics() });
  }
  assertLosses(results[0], results[1]);
  // A step of one learning rate in linear mode is up to 1 / (o (1 - o)) rates in the logit.
  assertParameters(results[0], results[1], { p90: 0.1, p99: 1, max: 1e4 });
});

for (
  const [viewsPerStep, transform] of [[1, "gains"], [2, "gains"], [4, "gains"], [1, "affine"], [4, "affine"]] as const
) {
  const what = transform === "gains" ? "gains" : "affine changes";
  pairTest(
    `Trainer.run() agrees with the CPU when steps train ${what} and have ${viewsPerStep} views`,
    async (pair) => {
      const problem = trainingProblem();
      const options: RunOptions = {
        steps: 10,
        viewsPerStep,
        unfused: true,
        transform,
        alter: (step) => ({ ...step, flags: step.flags! | STEP.transform, transformRate: 0.01 }),
      };
      const [ours, theirs] = [
        await runProblem(pair.gpu, problem, options),
        await runProblem(pair.cpu, problem, options),
      ];
      assertLosses(ours, theirs);
      assertParameters(ours, theirs, { ...BOUNDS[10], max: 20.1 });
      assertStatistics(ours, theirs);
    },
  );
}

pairTest("Trainer.run() agrees with the CPU when gradients ignore the clamp of alpha", async ({ gpu, cpu }) => {
  const problem = trainingProblem();
  problem.splats.opacities.fill(8);
  const run = (device: Device, passClampedGradient: boolean) =>
    runProblem(device, problem, { steps: 10, passClampedGradient });
  const [ours, theirs] = [await run(gpu, true), await run(cpu, true)];
  assertLosses(ours, theirs);
  assertParameters(ours, theirs, { ...BOUNDS[10], max: 20.1 });
  assertNotEquals(ours.splats.opacities, (await run(gpu, false)).splats.opacities);
});

pairTest(
  "Trainer.run() agrees with the CPU on gradients that are scaled down close to a camera",
  async ({ gpu, cpu }) => {
    const problem = trainingProblem();
    const run = (device: Device, fullGradientDepth: number) =>
      runProblem(device, problem, { steps: 4, fullGradientDepth });
    const [ours, theirs, all] = [await run(gpu, 5), await run(cpu, 5), await run(cpu, 0)];
    const largest = Math.max(...theirs.gradientSums);
    const error = Math.max(...ours.gradientSums.map((sum, i) => Math.abs(sum - theirs.gradientSums[i]) / largest));
    assertLessOrEqual(error, 1e-3);
    assert(theirs.gradientSums.some((sum, i) => sum < 0.9 * all.gradientSums[i]), "none is scaled down");
  },
);

function assertLosses({ losses }: Outcome, { losses: expected }: Outcome): void {
  assertEquals(losses.length, expected.length);
  losses.forEach((loss, i) => {
    const where = `Loss of step ${i + 1} is ${loss}, the CPU has ${expected[i]}`;
    assertLessOrEqual(Math.abs(loss - expected[i]), LOSS_ERROR * expected[i], where);
  });
}

function assertParameters(
  { splats: ours }: Outcome,
  { splats: theirs }: Outcome,
  bound: { p90: number; p99: number; max: number },
): void {
  const rates = {
    means: LEARNING_RATES[GROUP.means],
    sh: LEARNING_RATES[GROUP.shDc], // the larger of the two
    opacities: LEARNING_RATES[GROUP.opacities],
    logScales: LEARNING_RATES[GROUP.logScales],
    quats: LEARNING_RATES[GROUP.quats],
  };
  for (const [field, rate] of Object.entries(rates) as [keyof typeof rates, number][]) {
    const errors = [...ours[field].map((value, i) => Math.abs(value - theirs[field][i]) / rate)].sort((a, b) => a - b);
    const at = (share: number) => errors[Math.floor(share * (errors.length - 1))];
    const seen = `${field}, in learning rates: p90 ${at(0.9)}, p99 ${at(0.99)}, largest ${at(1)}`;
    assert(errors.every(Number.isFinite), seen);
    assert(at(0.9) <= bound.p90 && at(0.99) <= bound.p99 && at(1) <= bound.max, seen);
  }
}

function assertStatistics(ours: Outcome, theirs: Outcome): void {
  const count = theirs.visibleSteps.length;
  const differing = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
    Array.from(a).filter((value, i) => value !== b[i]).length;
  assertLessOrEqual(differing(ours.visibleSteps, theirs.visibleSteps), count / 100, "Visible steps");
  // A radius is rounded up: a tiny difference can become one pixel.
  assertLessOrEqual(differing(ours.maxRadii, theirs.maxRadii), count / 100, "Radii");
  const errors = [...theirs.gradientSums]
    .map((value, i) => value === 0 ? ours.gradientSums[i] : Math.abs(ours.gradientSums[i] - value) / value)
    .sort((a, b) => a - b);
  assertLessOrEqual(errors[Math.floor(count / 2)], 1e-4, "Half the gradient sums");
  assertLessOrEqual(errors[Math.floor(0.95 * count)], 5e-2, "95 % of the gradient sums");
}
