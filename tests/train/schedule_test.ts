// Schedules compared with the numbers of the published method.
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { GROUP, STEP } from "../../ffi/trainer.ts";
import { batchEnd, dueAfter, MAX_BATCH, nextBatchSize, stepOf } from "../../train/batch.ts";
import { resolveTrainOptions, type TrainOptions } from "../../train/options.ts";
import { PARITY_PARTS } from "../../train/parity.ts";
import { ViewSampler } from "../../train/sampler.ts";
import {
  accumulatesSh,
  activeShDegree,
  ALL_GROUPS,
  exposureLearningRate,
  finalDecay,
  learningRates,
  positionLearningRate,
  stepFlags,
  updateMask,
} from "../../train/schedule.ts";
import { densificationEvents } from "../../train/strategies/periodic.ts";
import { strategyFor } from "../support/strategy.ts";

const defaults = resolveTrainOptions();

/** The masks and flags of a run's steps, with the strategy that its options choose. */
function stepsOf(options: TrainOptions = {}): { mask: (t: number) => number; flags: (t: number) => number } {
  const [resolved, strategy] = [resolveTrainOptions(options), strategyFor(options)];
  return {
    mask: (t) => updateMask(t, resolved, strategy.stepTerms(t).frozen),
    flags: (t) => stepFlags(t, resolved, strategy.stepTerms(t)),
  };
}

function iterationsOf(iterations: number, when: (t: number) => boolean): number[] {
  return Array.from({ length: iterations }, (_, i) => i + 1).filter(when);
}

Deno.test("positionLearningRate() falls from 1.6e-4 over 1.6e-5 to 1.6e-6 scene extents", () => {
  const extent = 5;
  assertAlmostEquals(positionLearningRate(15000, defaults, extent) / extent, 1.6e-5, 1e-12);
  assertAlmostEquals(positionLearningRate(30000, defaults, extent) / extent, 1.6e-6, 1e-13);
  assertAlmostEquals(positionLearningRate(60000, defaults, extent) / extent, 1.6e-6, 1e-13);
  assertAlmostEquals(positionLearningRate(1, defaults, extent) / extent, 1.6e-4 * 100 ** (-1 / 30000), 1e-12);
  assertEquals(positionLearningRate(10, resolveTrainOptions({ positionLrInit: 0, positionLrFinal: 0 }), extent), 0);
});

Deno.test("learningRates() lists the parameters in order", () => {
  const rates = learningRates(15000, defaults, 1);
  assertEquals(rates.slice(1), [0.0025, 0.00025, 0.025, 0.005, 0.001]);
  assertEquals([GROUP.shDc, GROUP.shRest, GROUP.opacities, GROUP.logScales, GROUP.quats], [1, 2, 3, 4, 5]);
});

Deno.test("finalDecay() is 1 for nine tenths of a run, then falls linearly to 0", () => {
  assertEquals([1, 15_000, 26_999, 27_000].map((t) => finalDecay(t, defaults)), [1, 1, 1, 1]);
  const fall: [number, number][] = [[27_001, 2999 / 3000], [27_750, 0.75], [28_500, 0.5], [29_999, 1 / 3000], [
    30_000,
    0,
  ]];
  for (const [t, expected] of fall) assertAlmostEquals(finalDecay(t, defaults), expected, 1e-12);
  const short = resolveTrainOptions({ iterations: 50 });
  assertEquals([45, 50].map((t) => finalDecay(t, short)), [1, 0]);
  assertAlmostEquals(finalDecay(46, short), 0.8, 1e-12);
});

Deno.test("finalDecay() stays 1 with parity part rates, and only then", () => {
  for (const parity of ["reference", ["rates"], ["curve", "rates"]] as const) {
    const options = resolveTrainOptions({ parity });
    assertEquals([1, 29_000, 30_000].map((t) => finalDecay(t, options)), [1, 1, 1]);
  }
  const others = PARITY_PARTS.filter((part) => part !== "rates");
  assertAlmostEquals(finalDecay(28_500, resolveTrainOptions({ parity: others })), 0.5, 1e-12);
});

Deno.test("exposureLearningRate() rises until densification begins, then falls to a tenth, and at the end to 0", () => {
  const rate = (t: number, options = {}) => exposureLearningRate(t, resolveTrainOptions(options));
  assertAlmostEquals(rate(1) / 0.01, (0.01 + 0.99 / 500) * 0.1 ** (1 / 30_000), 1e-12);
  assertAlmostEquals(rate(500) / 0.01, 0.1 ** (500 / 30_000), 1e-12);
  assertAlmostEquals(rate(15_000), 0.01 * Math.sqrt(0.1), 1e-12);
  assertAlmostEquals(rate(28_500), 0.5 * 0.01 * 0.1 ** 0.95, 1e-12);
  assertEquals(rate(30_000), 0);
  assertAlmostEquals(rate(1, { densifyUntilIter: 0, exposureLr: 1 }), 0.1 ** (1 / 30_000), 1e-12);
});

Deno.test("stepOf() steps the exposures only in a run that learns some", () => {
  const of = (t: number, exposure: TrainOptions["exposure"]) => {
    const options = resolveTrainOptions({ exposure });
    const { flags = 0, transformRate } = stepOf(t, {
      ...{ options, extent: 1, seed: 0, sampler: new ViewSampler(0, 2), strategy: strategyFor({}) },
    });
    return [(flags & STEP.transform) !== 0, transformRate];
  };
  assertEquals(of(700, "none"), [false, undefined]);
  for (const exposure of ["gains", "affine"] as const) {
    assertEquals(of(700, exposure), [true, exposureLearningRate(700, defaults)]);
    assertEquals(of(30_000, exposure), [false, 0]);
  }
});

Deno.test("learningRates() fall for every parameter at the end", () => {
  const [late, constant] = [{}, { parity: ["rates"] as const }].map((options) =>
    learningRates(28_500, resolveTrainOptions(options), 2)
  );
  assertAlmostEquals(constant[GROUP.means], positionLearningRate(28_500, defaults, 2), 1e-18);
  constant.forEach((rate, group) => assertAlmostEquals(late[group] / rate, 0.5, 1e-12));
});

Deno.test("activeShDegree() rises at every thousandth iteration up to the highest degree", () => {
  assertEquals([1, 999, 1000, 1999, 2000, 3000, 9000].map((t) => activeShDegree(t, defaults)), [0, 0, 1, 1, 2, 3, 3]);
  assertEquals(activeShDegree(9000, resolveTrainOptions({ shDegree: 1 })), 1);
  const often = resolveTrainOptions({ shDegreeInterval: 7 });
  assertEquals([6, 7, 13, 14, 21, 28].map((t) => activeShDegree(t, often)), [0, 1, 1, 2, 3, 3]);
});

Deno.test("updateMask() updates everything except at the last iteration, and opacities not at resets", () => {
  const { mask } = stepsOf();
  assertEquals(ALL_GROUPS, 0b111111);
  assertEquals([1, 29_999, 30_000].map(mask), [ALL_GROUPS, ALL_GROUPS, 0]);
  assertEquals(stepsOf({ densificationInterval: 700 }).mask(3000), ALL_GROUPS & ~(1 << GROUP.opacities));
  assertEquals(mask(15000), ALL_GROUPS);
});

Deno.test("updateMask() updates nothing before a densification event", () => {
  const { mask } = stepsOf();
  assertEquals(iterationsOf(29999, (t) => mask(t) === 0), densificationEvents(defaults));
});

Deno.test("updateMask() excludes frozen parameters", () => {
  for (const group of Object.values(GROUP)) {
    assertEquals(updateMask(1, defaults, 1 << group), ALL_GROUPS & ~(1 << group));
  }
});

Deno.test("updateMask() steps the higher harmonics at multiples of 16 without an event with shLower", () => {
  // Of the 1875 multiples of 16 the last is the last iteration; events fall on 36, 7 or none of them.
  const cases: [TrainOptions, number][] = [[{}, 36], [{ densificationInterval: 500 }, 7], [{ densifyUntilIter: 0 }, 0]];
  for (const [options, lost] of cases) {
    const { mask } = stepsOf({ ...options, shLower: true });
    const steps = iterationsOf(30000, (t) => (mask(t) >> GROUP.shRest & 1) === 1);
    assertEquals(steps.length, 1874 - lost);
    assert(steps.every((t) => t % 16 === 0));
  }
});

Deno.test("stepFlags() sums in every iteration with shLower and applies the sum in every 16th", () => {
  const fixed = { densifyUntilIter: 0 };
  const { flags } = stepsOf({ ...fixed, shLower: true });
  assertEquals([15, 16, 30_000].map(flags), [STEP.shAccumulate, STEP.shAccumulate | STEP.shApply, 0]);
  assertEquals(stepsOf(fixed).flags(16), 0);
  assertEquals(stepsOf({ ...fixed, shLower: true, shDegree: 0 }).flags(16), 0);
});

Deno.test("stepFlags() drops the sum of the higher harmonics while they are frozen", () => {
  const { mask, flags } = stepsOf({ shLower: true });
  for (const t of [600, 800]) { // no multiple of 16, and one; densification follows both
    assertEquals(flags(t), STEP.statistics | STEP.shAccumulate | STEP.shApply);
    assertEquals(mask(t), 0);
  }
  assertEquals(flags(601), STEP.statistics | STEP.shAccumulate);
});

Deno.test("stepFlags() gathers statistics up to the last event", () => {
  const gathers = (options: TrainOptions): number[] => {
    const { flags } = stepsOf({ iterations: 2000, densificationInterval: 100, ...options });
    return iterationsOf(2000, (t) => (flags(t) & STEP.statistics) !== 0);
  };
  assertEquals(gathers({ densifyUntilIter: 1000 }), iterationsOf(900, () => true));
  assertEquals(gathers({}), iterationsOf(2000, () => true)); // an event in the last iteration, which steps nothing
  assertEquals(gathers({ densificationInterval: 3000 }), []);
  assertEquals(gathers({ densifyFromIter: 1000, densifyUntilIter: 900 }), []);
});

const SPARSE = STEP.visible | STEP.noBias;

Deno.test("stepFlags() and accumulatesSh() ignore shLower with sparse Adam", () => {
  const sparse = { optimizerType: "sparse_adam", shLower: true, densifyUntilIter: 0 } as const;
  const summed = [sparse, { shLower: true }].map((options) => accumulatesSh(resolveTrainOptions(options)));
  assertEquals(summed, [false, true]);
  const { mask, flags } = stepsOf(sparse);
  for (const t of [15, 16]) assertEquals([flags(t), mask(t)], [SPARSE, ALL_GROUPS]);
  assertEquals(flags(30000), 0);
  assertEquals(stepsOf({ optimizerType: "sparse_adam" }).flags(16), SPARSE | STEP.statistics);
});

const INTERRUPTED: TrainOptions = {
  iterations: 3100,
  densificationInterval: 1000,
  saveIterations: [40],
  testIterations: [70],
};

Deno.test("batchEnd() ends before saves and evaluations, after resets and events, and at the last iteration", () => {
  const [options, strategy] = [resolveTrainOptions(INTERRUPTED), strategyFor(INTERRUPTED)];
  const cases = [[950, 256, 1000], [1001, 256, 1256], [1, 10, 10], [1, 100, 39], [39, 100, 39], [40, 100, 69]];
  for (const [first, size, last] of [...cases, [2990, 100, 3000], [3001, 256, 3100]]) {
    assertEquals(batchEnd(first, size, options, strategy), last);
  }
});

Deno.test("dueAfter() lists events first, and saves and evaluations before the step of their iteration", () => {
  const at = (options: TrainOptions, iterations: number[]) =>
    iterations.map((t) => dueAfter(t, resolveTrainOptions(options), strategyFor(options)).join());
  assertEquals(at(INTERRUPTED, [0, 38, 39, 69, 70, 1000]), ["", "", "save", "evaluate", "", "event"]);
  assertEquals(at(INTERRUPTED, [3099, 3100]), ["", "save"]); // the last iteration updates nothing: its save follows it
  const first = { ...INTERRUPTED, testIterations: [1, 1001, 3100], saveIterations: [1, 1001] };
  assertEquals(at(first, [0, 1000, 3100]), ["save,evaluate", "event,save,evaluate", "save,evaluate"]);
  assertEquals(at({ iterations: 1 }, [0, 1]), ["", "save"]);
});

Deno.test("nextBatchSize() aims at the wanted milliseconds within its bounds", () => {
  assertEquals([nextBatchSize(100, 10, 50), nextBatchSize(100, 10, 1000)], [5, 100]);
  assertEquals(nextBatchSize(500, 1, 50), 1);
  assertEquals([nextBatchSize(0, 1, 50), nextBatchSize(100, 10, Infinity)], [MAX_BATCH, MAX_BATCH]);
});

Deno.test("stepOf() has the next view except at the last iteration, and a random background for each", () => {
  const options = resolveTrainOptions({ iterations: 3, randomBackground: true });
  const sampler = new ViewSampler(0, 2);
  const strategy = strategyFor({ iterations: 3 });
  const steps = [1, 2, 3].map((t) => stepOf(t, { options, extent: 1, seed: 0, sampler, strategy }));
  assertEquals(steps.map(({ nextView }) => nextView === undefined ? [] : [nextView]), [
    steps[1].view,
    steps[2].view,
    [],
  ]);
  assert(String(steps[0].background) !== String(steps[1].background));
  const white = resolveTrainOptions({ whiteBackground: true });
  assertEquals(stepOf(1, { options: white, extent: 1, seed: 0, sampler, strategy }).background, [1, 1, 1]);
});
