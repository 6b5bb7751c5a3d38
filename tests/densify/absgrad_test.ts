// Events of the strategy absgrad against the same draws row by row; its decays, and what its steps gather.
import { assert, assertAlmostEquals, assertEquals, assertGreater, assertNotEquals } from "@std/assert";
import type { Device } from "../../ffi/device.ts";
import { STEP } from "../../ffi/trainer.ts";
import { resolveTrainOptions, type StrategyContext, type TrainOptions } from "../../train/options.ts";
import { ALL_GROUPS } from "../../train/schedule.ts";
import { absgradStrategy, linearCount } from "../../train/strategies/absgrad.ts";
import { decayIterations, gatheringFor } from "../../train/strategies/absgrad_schedule.ts";
import { densificationEvents } from "../../train/strategies/periodic.ts";
import { ViewOrder } from "../../train/sampler.ts";
import { STREAM } from "../../train/strategies/streams.ts";
import type { EventOutcome } from "../../train/strategies/strategy.ts";
import { race } from "../reference/draws.ts";
import { deviceTest } from "../support/device.ts";
import { exportColumns } from "../support/trainer_state.ts";
import { longestAxes, open, sources, steps, twoSided, type World } from "./world.ts";

const COUNT = 120;
const SEED = 0x1234_5678_9abc;
/** Of an event without a decay since the event before. */
const ITERATION = 500;
/** Of an event with a decay before it, at 350. */
const RECOVERY = 400;
const ALL = [...Array(COUNT).keys()];
/** Splits a Gaussian at its middle: about half of those of the scene are longer. */
const SPLIT_SIZE = 0.12;

function contextOf(given: TrainOptions = {}, change: Partial<StrategyContext> = {}): StrategyContext {
  const options = resolveTrainOptions({ strategy: "absgrad", iterations: 3000, percentDense: SPLIT_SIZE, ...given });
  return { options, seed: SEED, extent: 1, views: 2, start: COUNT, target: COUNT, ...change };
}

/** Steps on some views have gathered; even rows are in front of the camera of view 0, odd ones of view 1. */
async function seen(device: Device, views: number[]): Promise<World> {
  const made = open(device, { ...twoSided(COUNT), fragments: true });
  if (views.length > 0) await steps(made.trainer, views.map((view) => ({ view, flags: STEP.fragments })));
  return made;
}

async function densify({ trainer }: World, context: StrategyContext, iteration = ITERATION): Promise<EventOutcome> {
  const place = { iteration, event: 1, events: 1, shDegree: 1, background: [0, 0, 0] as const };
  return (await absgradStrategy(context).apply(trainer, place))!;
}

Deno.test("linearCount() rises or falls linearly to the target", () => {
  const counts = (start: number, target: number) =>
    [1, 2, 3, 4].map((event) => linearCount({ event, events: 4 }, { start, target }));
  assertEquals(counts(100, 500), [200, 300, 400, 500]);
  assertEquals(counts(100, 50), [88, 75, 63, 50]);
  assertEquals(counts(7, 7), [7, 7, 7, 7]);
});

deviceTest(
  "absgrad draws rows by their absolute gradients, keeps long parents and halves short rows",
  async (device) => {
    using made = await seen(device, [0, 1, 0, 1]);
    const { gaussians, trainer } = made;
    const gradients = trainer.columns.read("absolute_gradient_sum");
    const weights = trainer.columns.read("weight_sum");
    const before = gaussians.toArrays();
    const axes = longestAxes(before);
    const opacities = trainer.columns.read("used_opacity");
    const kept = ALL.filter((i) => weights[i] > 0);
    const target = kept.length + 40;
    const name = { seed: device.seed, stream: STREAM.clones, iteration: ITERATION, round: 0 };
    const drawn = race(kept, gradients, 40, name).sort((a, b) => a - b);
    const long = drawn.filter((i) => axes[i] > SPLIT_SIZE);
    assert(long.length > 5 && drawn.length - long.length > 5, `${long.length} of ${drawn.length} are long`);

    const outcome = await densify(made, contextOf({}, { target }));
    assertEquals(outcome, {
      target,
      pruned: COUNT - kept.length,
      cloned: long.length,
      split: drawn.length - long.length,
      filled: 0,
      count: target,
    });
    assertEquals(sources(gaussians), [...kept, ...drawn]);
    const after = gaussians.toArrays();
    const axesAfter = longestAxes(after);
    const meanOf = ({ means }: { means: Float32Array }, row: number) => [...means.subarray(3 * row, 3 * row + 3)];
    const opacitiesAfter = trainer.columns.read("used_opacity");
    sources(gaussians).forEach((i, row) => {
      const isNew = row >= kept.length;
      const halved = drawn.includes(i) && !long.includes(i);
      const shrinks = halved ? 0.55 : isNew ? 1 / 1.6 : 1;
      // The second longest axis may be the longest one of a half.
      if (halved) assertGreater(axes[i], axesAfter[row] - 1e-6);
      else assertAlmostEquals(axesAfter[row] / axes[i], shrinks, 1e-5);
      if (!isNew && !halved) assertEquals(meanOf(after, row), meanOf(before, i));
      if (isNew && !halved) assertNotEquals(meanOf(after, row), meanOf(before, i));
      assertAlmostEquals(opacitiesAfter[row], opacities[i] * (halved ? 0.6 : 1), 1e-5);
    });
    assertEquals(trainer.columns.read("weight_sum"), new Float32Array(target));
  },
);

deviceTest("absgrad removes what no view has seen and grows it again", async (device) => {
  using made = await seen(device, [0, 0]);
  const outcome = await densify(made, contextOf());
  assert(outcome.pruned >= COUNT / 2, `${outcome.pruned} pruned`);
  assertEquals([outcome.cloned + outcome.split, outcome.count], [outcome.pruned, COUNT]);
  assertEquals(sources(made.gaussians).filter((i) => i % 2 === 1), []);
});

deviceTest("absgrad removes the rows of the least weight when the budget is smaller, but not all", async (device) => {
  for (const [views, target] of [[[0, 1], 50], [[], 1]] as const) {
    using made = await seen(device, [...views]);
    const weights = made.trainer.columns.read("weight_sum");
    const best = [...ALL].sort((a, b) => weights[b] - weights[a] || b - a).slice(0, target);
    const outcome = await densify(made, contextOf({}, { target }));
    assertEquals([outcome.pruned, outcome.count], [COUNT - target, target]);
    assertEquals(sources(made.gaussians), best.sort((a, b) => a - b));
  }
});

deviceTest(
  "absgrad removes the unseen and then the faintest, a tenth of all, in the event after a decay",
  async (device) => {
    for (const views of [[0, 1], [0, 0], []]) {
      using made = await seen(device, views);
      const { trainer } = made;
      const weights = trainer.columns.read("weight_sum");
      const opacities = trainer.columns.read("used_opacity");
      const whole = views.length > 0;
      const rank = (i: number) => whole && weights[i] <= 0 ? -1 : opacities[i];
      const unseen = ALL.filter((i) => rank(i) < 0).length;
      const gone = ALL.toSorted((a, b) => rank(a) - rank(b) || a - b).slice(0, Math.max(unseen, COUNT / 10));
      // With 400 views, no epoch fits before the event: nothing is removed as unseen.
      const outcome = await densify(made, contextOf({}, whole ? {} : { views: 400 }), RECOVERY);
      assertEquals([outcome.pruned, outcome.count], [gone.length, COUNT]);
      assertEquals(sources(made.gaussians).filter((i) => gone.includes(i)), []);
    }
  },
);

deviceTest("absgrad more than doubles the count in one event if it must", async (device) => {
  using made = await seen(device, [0, 1]);
  const target = 4 * COUNT;
  const outcome = await densify(made, contextOf({}, { target }));
  assertEquals(outcome.count, target);
  assertEquals(COUNT - outcome.pruned + outcome.cloned + outcome.split, target);
});

deviceTest("absgrad halves opacities to at least 1/128 and clears all moments at a decay", async (device) => {
  const scene = twoSided(COUNT);
  scene.splats.opacities[0] = -9;
  using made = open(device, { ...scene, fragments: true });
  await steps(made.trainer, [{ view: 0 }, { view: 1 }]);
  const { trainer } = made;
  const before = trainer.columns.read("used_opacity");
  const place = { iteration: 350, event: 0, events: 4, shDegree: 1, background: [0, 0, 0] as const };
  assertEquals(await absgradStrategy(contextOf()).apply(trainer, place), undefined);
  const after = trainer.columns.read("used_opacity");
  before.forEach((opacity, i) => assertAlmostEquals(after[i], Math.max(opacity / 2, 1 / 128), 1e-5));
  const moments = [...await exportColumns(trainer)].filter(([name]) => /_[mv]$/.test(name));
  assertEquals(moments.length, 12);
  for (const [name, { data }] of moments) assert(data.every((value) => value === 0), name);
});

Deno.test("decayIterations() are midway between events, twelve in the usual schedules", () => {
  const runs: TrainOptions[] = [{ iterations: 7000 }, { iterations: 30_000 }, { preset: "fast" }, {
    densifyFromIter: 0,
  }];
  for (const run of [...runs, { preset: "budget" }, { preset: "big", budget: 9 }] as TrainOptions[]) {
    const options = resolveTrainOptions({ strategy: "absgrad", ...run });
    const events = densificationEvents(options);
    const decays = decayIterations(events, options);
    assertEquals(decays.length, 12);
    const { densificationInterval: interval } = options;
    for (const decay of decays) {
      const place = decay % interval / interval;
      assert(place > 0.4 && place < 0.6, `${decay} of ${JSON.stringify(run)}: ${place}`);
    }
  }
});

Deno.test("decayIterations() are those of the schedule also if the run ends early, and at least 100 apart", () => {
  const events = [1000, 2000, 3000];
  assertEquals(decayIterations(events, { iterations: 1400, densifyUntilIter: 24_000 }), []);
  assertEquals(decayIterations(events, { iterations: 2600, densifyUntilIter: 24_000 }), [1500]);
  assertEquals(decayIterations([50, 100, 150, 200], { iterations: 300, densifyUntilIter: 240 }), [75, 175]);
  assertEquals(decayIterations([], { iterations: 3000, densifyUntilIter: 2400 }), []);
});

Deno.test("gatheringFor() is a whole epoch between two events, if one fits", () => {
  const order = new ViewOrder(0, 44);
  for (const [event, before] of [[333, 0], [666, 333], [999, 666], [100, 12], [44, 0]]) {
    const { first, last, whole } = gatheringFor(event, before, { views: 44, viewsPerStep: 1 });
    assert(whole && first > before && last <= event && event - last < 44, `${first} to ${last}`);
    const views = Array.from({ length: last - first + 1 }, (_, i) => order.view(first + i));
    assertEquals(views.toSorted((a, b) => a - b), Array.from({ length: 44 }, (_, i) => i));
  }
  assertEquals(gatheringFor(100, 0, { views: 10, viewsPerStep: 4 }), { first: 98, last: 100, whole: true });
  assertEquals(gatheringFor(99, 0, { views: 10, viewsPerStep: 4 }), { first: 96, last: 98, whole: true });
  for (const [event, before] of [[100, 45], [43, 0], [200, 150]]) {
    assertEquals(gatheringFor(event, before, { views: 44, viewsPerStep: 1 }), {
      first: before + 1,
      last: event,
      whole: false,
    });
  }
});

deviceTest("absgrad removes nothing as unseen if its steps do not show all views", async (device) => {
  using made = await seen(device, [0, 0]);
  const outcome = await densify(made, contextOf({}, { views: 400 }));
  assertEquals([outcome.pruned, outcome.count], [0, COUNT]);
});

deviceTest("absgrad trains opacities directly from hoIteration on with highOpacity", async (device) => {
  using made = await seen(device, [0, 1]);
  const context = contextOf({ highOpacity: true });
  const { hoIteration: iteration } = context.options;
  const strategy = absgradStrategy(context);
  assert(strategy.isEvent(iteration));
  await strategy.apply(made.trainer, { iteration, event: 0, events: 1, shDegree: 1, background: [0, 0, 0] });
  assertEquals(made.trainer.state.progress.opacityMode, "linear");
});

deviceTest("absgrad puts the halves of a short row on its longest axis", async (device) => {
  using made = await seen(device, [0, 1]);
  const { gaussians } = made;
  const before = gaussians.toArrays();
  // All are short, and all that were seen are drawn.
  const pruned = made.trainer.columns.read("weight_sum").filter((weight) => weight <= 0).length;
  await densify(made, contextOf({ percentDense: 1e6 }, { target: 2 * (COUNT - pruned) }));
  const after = gaussians.toArrays();
  const names = sources(gaussians);
  for (const source of new Set(names)) {
    const [first, second] = names.flatMap((name, row) => name === source ? [row] : []);
    const scales = (arrays: typeof before, row: number) => [...arrays.logScales.subarray(3 * row, 3 * row + 3)];
    const old = scales(before, source);
    const long = old.indexOf(Math.max(...old));
    for (const row of [first, second]) {
      scales(after, row).forEach((value, axis) =>
        assertAlmostEquals(value, old[axis] + Math.log(axis === long ? 0.55 : Math.sqrt(1 - 0.45 ** 2)), 1e-5)
      );
    }
    const mean = (arrays: typeof before, row: number) => [...arrays.means.subarray(3 * row, 3 * row + 3)];
    const [a, b] = [mean(after, first), mean(after, second)];
    const distance = Math.hypot(...a.map((value, axis) => value - b[axis]));
    assertAlmostEquals(distance / Math.exp(old[long]), 2 * 1.35, 1e-3);
    mean(before, source).forEach((value, axis) => assertAlmostEquals((a[axis] + b[axis]) / 2, value, 1e-5));
  }
});

Deno.test("absgrad gathers in a whole epoch before an event, and stops there as at a decay", () => {
  const schedule = { densificationInterval: 100, densifyFromIter: 50, densifyUntilIter: 310, opacityResetInterval: 40 };
  const context = contextOf({ iterations: 400, ...schedule }, { views: 30 });
  const strategy = absgradStrategy(context);
  assertEquals([...strategy.densification], [100, 200, 300]);
  const iterations = Array.from({ length: 400 }, (_, i) => i + 1);
  const gathers = iterations.filter((t) => strategy.stepTerms(t).flags & STEP.fragments);
  assertEquals(gathers, [61, 151, 271].flatMap((from) => Array.from({ length: 30 }, (_, i) => from + i)));
  const frozen = iterations.map((t) => [t, strategy.stepTerms(t).frozen]).filter(([, groups]) => groups !== 0);
  assertEquals(frozen, [100, 200, 300].map((t) => [t, ALL_GROUPS]));
  const stops = new Set([...strategy.densification, ...decayIterations(strategy.densification, context.options)]);
  assertEquals(iterations.filter((t) => strategy.isEvent(t)), [...stops].sort((a, b) => a - b));
  const { flags, opacityPressure, scalePressure } = strategy.stepTerms(1);
  assertEquals(flags, STEP.visibleTerms);
  assertAlmostEquals(opacityPressure!, 0.02 / COUNT, 1e-12);
  assertAlmostEquals(scalePressure!, 0.02 / (3 * COUNT), 1e-12);
});
