// Schedules against the numbers that the published method gives.
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { GROUP, STEP } from "../../ffi/trainer.ts";
import { batchEnd, MAX_BATCH, nextBatchSize, pausesBefore, stepOf } from "../../train/batch.ts";
import { resolveTrainOptions, type TrainOptions } from "../../train/options.ts";
import { PARITY_PARTS } from "../../train/parity.ts";
import { ViewSampler } from "../../train/sampler.ts";
import {
  accumulatesSh,
  activeShDegree,
  densificationEvents,
  densifiesAt,
  learningRates,
  positionLearningRate,
  resetsOpacity,
  settling,
  stepFlags,
  updateMask,
} from "../../train/schedule.ts";

const ALL_GROUPS = 0b111111;
const defaults = resolveTrainOptions();

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

Deno.test("learningRates() lists the groups in their order", () => {
  const rates = learningRates(15000, defaults, 1);
  assertEquals(rates.slice(1), [0.0025, 0.00025, 0.025, 0.005, 0.001]);
  assertEquals([GROUP.shDc, GROUP.shRest, GROUP.opacities, GROUP.logScales, GROUP.quats], [1, 2, 3, 4, 5]);
});

Deno.test("settling() is 1 for nine tenths of a run and falls from there to 0 in a straight line", () => {
  assertEquals([1, 15_000, 26_999, 27_000].map((t) => settling(t, defaults)), [1, 1, 1, 1]);
  const fall: [number, number][] = [[27_001, 2999 / 3000], [27_750, 0.75], [28_500, 0.5], [29_999, 1 / 3000], [
    30_000,
    0,
  ]];
  for (const [t, expected] of fall) assertAlmostEquals(settling(t, defaults), expected, 1e-12);
  const short = resolveTrainOptions({ iterations: 50 });
  assertEquals([45, 50].map((t) => settling(t, short)), [1, 0]);
  assertAlmostEquals(settling(46, short), 0.8, 1e-12);
});

Deno.test("settling() stays 1 when parity has the rates, and only then", () => {
  for (const parity of ["reference", ["rates"], ["curve", "rates"]] as const) {
    const options = resolveTrainOptions({ parity });
    assertEquals([1, 29_000, 30_000].map((t) => settling(t, options)), [1, 1, 1]);
  }
  const others = PARITY_PARTS.filter((part) => part !== "rates");
  assertAlmostEquals(settling(28_500, resolveTrainOptions({ parity: others })), 0.5, 1e-12);
});

Deno.test("learningRates() settle in every group", () => {
  const [late, constant] = [{}, { parity: ["rates"] as const }].map((options) =>
    learningRates(28_500, resolveTrainOptions(options), 2)
  );
  assertAlmostEquals(constant[GROUP.means], positionLearningRate(28_500, defaults, 2), 1e-18);
  constant.forEach((rate, group) => assertAlmostEquals(late[group] / rate, 0.5, 1e-12));
});

Deno.test("activeShDegree() rises at every thousandth iteration up to the highest degree", () => {
  assertEquals([1, 999, 1000, 1999, 2000, 3000, 9000].map((t) => activeShDegree(t, defaults)), [0, 0, 1, 1, 2, 3, 3]);
  assertEquals(activeShDegree(9000, resolveTrainOptions({ shDegree: 1 })), 1);
});

Deno.test("updateMask() updates everything but at the last iteration, and leaves opacities out where they reset", () => {
  assertEquals(updateMask(1, defaults), ALL_GROUPS);
  assertEquals(updateMask(29999, defaults), ALL_GROUPS);
  assertEquals(updateMask(30000, defaults), 0);
  const between = resolveTrainOptions({ densificationInterval: 700 });
  assertEquals(updateMask(3000, between), ALL_GROUPS & ~(1 << GROUP.opacities));
  assertEquals(updateMask(15000, defaults), ALL_GROUPS);
});

Deno.test("resetsOpacity() is true at multiples of 3000 before 15000, and at 500 with a white background", () => {
  assertEquals(iterationsOf(30000, (t) => resetsOpacity(t, defaults)), [3000, 6000, 9000, 12000]);
  const white = resolveTrainOptions({ whiteBackground: true });
  assertEquals(iterationsOf(30000, (t) => resetsOpacity(t, white)), [500, 3000, 6000, 9000, 12000]);
  const short = resolveTrainOptions({ iterations: 3000 });
  assertEquals(iterationsOf(3000, (t) => resetsOpacity(t, short)), []);
});

Deno.test("updateMask() updates nothing where densification follows", () => {
  const events = densificationEvents(defaults);
  assertEquals(iterationsOf(29999, (t) => updateMask(t, defaults) === 0), events);
});

Deno.test("updateMask() steps the higher harmonics at multiples of 16 that are no event with shLower", () => {
  // Of the 1875 multiples of 16 the last is the last iteration; events fall on 36, 7 or none of them.
  const cases: [TrainOptions, number][] = [[{}, 36], [{ densificationInterval: 500 }, 7], [{ densifyUntilIter: 0 }, 0]];
  for (const [options, lost] of cases) {
    const lower = resolveTrainOptions({ ...options, shLower: true });
    const steps = iterationsOf(30000, (t) => (updateMask(t, lower) >> GROUP.shRest & 1) === 1);
    assertEquals(steps.length, 1874 - lost);
    assert(steps.every((t) => t % 16 === 0));
  }
});

Deno.test("stepFlags() sums in every iteration with shLower and applies the sum in every 16th", () => {
  const fixed = { densifyUntilIter: 0 };
  const lower = resolveTrainOptions({ ...fixed, shLower: true });
  assertEquals(stepFlags(15, lower), STEP.shAccumulate);
  assertEquals(stepFlags(16, lower), STEP.shAccumulate | STEP.shApply);
  assertEquals(stepFlags(30000, lower), 0);
  assertEquals(stepFlags(16, resolveTrainOptions(fixed)), 0);
  assertEquals(stepFlags(16, resolveTrainOptions({ ...fixed, shLower: true, shDegree: 0 })), 0);
});

Deno.test("stepFlags() drops the sum of the higher harmonics where densification follows", () => {
  const lower = resolveTrainOptions({ shLower: true });
  for (const t of [600, 800]) { // no multiple of 16, and one
    assertEquals(stepFlags(t, lower), STEP.statistics | STEP.shAccumulate | STEP.shApply);
    assertEquals(updateMask(t, lower), 0);
  }
  assertEquals(stepFlags(601, lower), STEP.statistics | STEP.shAccumulate);
});

Deno.test("stepFlags() gathers statistics up to the last event", () => {
  const gathers = (options: TrainOptions): number[] => {
    const resolved = resolveTrainOptions({ iterations: 2000, ...options });
    return iterationsOf(2000, (t) => (stepFlags(t, resolved) & STEP.statistics) !== 0);
  };
  assertEquals(gathers({ densifyUntilIter: 1000 }), iterationsOf(900, () => true));
  assertEquals(gathers({}), iterationsOf(2000, () => true)); // an event in the last iteration, which steps nothing
  assertEquals(gathers({ densificationInterval: 3000 }), []);
  assertEquals(gathers({ densifyFromIter: 1000, densifyUntilIter: 900 }), []);
});

Deno.test("stepFlags() and accumulatesSh() leave no rarer steps to sparse Adam", () => {
  const sparse = resolveTrainOptions({ optimizerType: "sparse_adam", shLower: true, densifyUntilIter: 0 });
  assertEquals([accumulatesSh(sparse), accumulatesSh(resolveTrainOptions({ shLower: true }))], [false, true]);
  for (const t of [15, 16]) {
    assertEquals(stepFlags(t, sparse), STEP.visible | STEP.noBias);
    assertEquals(updateMask(t, sparse), ALL_GROUPS);
  }
  assertEquals(stepFlags(30000, sparse), 0);
  const densifying = resolveTrainOptions({ optimizerType: "sparse_adam" });
  assertEquals(stepFlags(16, densifying), STEP.visible | STEP.noBias | STEP.statistics);
});

Deno.test("densificationEvents() lists the events that will really occur", () => {
  const events = densificationEvents(resolveTrainOptions({ densificationInterval: 500 }));
  assertEquals([events.length, events[0], events.at(-1)], [28, 1000, 14500]);
  assertEquals(densificationEvents(defaults).length, 144);
  assertEquals(densificationEvents(resolveTrainOptions({ densificationInterval: 3000, iterations: 500 })), []);
  assertEquals(densificationEvents(resolveTrainOptions({ iterations: 650 })), [600]);
  assertEquals(densificationEvents(resolveTrainOptions({ densifyFromIter: 600, iterations: 700 })), [700]);
  assertEquals(densificationEvents(resolveTrainOptions({ densifyUntilIter: 700 })), [600]);
  assertEquals(densificationEvents(resolveTrainOptions({ densifyFromIter: 5000, densifyUntilIter: 4000 })), []);
});

Deno.test("densifiesAt() is true for the listed events and no other iteration", () => {
  const cases: TrainOptions[] = [
    {},
    { densificationInterval: 500 },
    { iterations: 1000, densificationInterval: 7, densifyFromIter: 0 },
    { densifyFromIter: 550, densifyUntilIter: 2501 },
    { densificationInterval: 3000, iterations: 500 },
    { densifyFromIter: 5000, densifyUntilIter: 4000 },
    { densifyUntilIter: 100_000 },
  ];
  for (const options of cases) {
    const resolved = resolveTrainOptions(options);
    assertEquals(iterationsOf(31_000, (t) => densifiesAt(t, resolved)), densificationEvents(resolved));
  }
});

Deno.test("batchEnd() ends before saves and evaluations, after resets and events, and at the last iteration", () => {
  const options = resolveTrainOptions({
    iterations: 3100,
    densificationInterval: 1000,
    saveIterations: [40],
    testIterations: [70],
  });
  assertEquals(batchEnd(950, 256, options), 1000);
  assertEquals(batchEnd(1001, 256, options), 1256);
  assertEquals(batchEnd(1, 10, options), 10);
  assertEquals(batchEnd(1, 100, options), 39);
  assertEquals(batchEnd(39, 100, options), 39);
  assertEquals(batchEnd(40, 100, options), 69);
  assertEquals(batchEnd(2990, 100, options), 3000);
  assertEquals(batchEnd(3001, 256, options), 3100);
  assertEquals([40, 70, 3100].map((t) => pausesBefore(t, options)), [true, true, false]);
});

Deno.test("nextBatchSize() aims at 50 ms within its bounds", () => {
  assertEquals(nextBatchSize(100, 10), 5);
  assertEquals(nextBatchSize(500, 1), 1);
  assertEquals(nextBatchSize(0, 1), MAX_BATCH);
});

Deno.test("stepOf() names the next view except at the last iteration, and draws a background for each iteration", () => {
  const options = resolveTrainOptions({ iterations: 3, randomBackground: true });
  const sampler = new ViewSampler(0, 2);
  const steps = [1, 2, 3].map((t) => stepOf(t, { options, extent: 1, seed: 0, sampler }));
  assertEquals(steps.map((step) => step.nextView), [steps[1].view, steps[2].view, undefined]);
  assert(String(steps[0].background) !== String(steps[1].background));
  const white = resolveTrainOptions({ whiteBackground: true });
  assertEquals(stepOf(1, { options: white, extent: 1, seed: 0, sampler }).background, [1, 1, 1]);
});
