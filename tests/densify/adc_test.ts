// Events of the strategy adc: which rows it prunes, clones and splits, and what they leave of the budget.
import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import type { Device } from "../../ffi/device.ts";
import { STEP } from "../../ffi/trainer.ts";
import { countAfter } from "../../train/budget.ts";
import { resolveTrainOptions, type StrategyContext, type TrainOptions } from "../../train/options.ts";
import { adcStrategy } from "../../train/strategies/adc.ts";
import type { EventOutcome } from "../../train/strategies/strategy.ts";
import { deviceTest } from "../support/device.ts";
import { longestAxes, meanGradients, middle, open, sources, steps, twoSided, type World } from "./world.ts";

const COUNT = 120;
const EVENTS = 4;
/** Nothing is weak. */
const STRONG: TrainOptions = { minOpacity: 0, opacityResetInterval: 10_000 };

async function world(device: Device): Promise<World> {
  const made = open(device, twoSided(COUNT));
  await steps(made.trainer, [0, 1, 0, 1].map((view) => ({ view, flags: STEP.statistics })));
  return made;
}

function contextOf(given: TrainOptions, target: number): StrategyContext {
  const options = resolveTrainOptions({ strategy: "adc", ...given });
  return { options, seed: 0, extent: 1, views: 2, start: COUNT, target };
}

async function apply({ trainer }: World, context: StrategyContext, event: number): Promise<EventOutcome> {
  const place = { iteration: 600, event, events: EVENTS, shDegree: 1, background: [0, 0, 0] as const };
  return (await adcStrategy(context).apply(trainer, place))!;
}

deviceTest("adc removes all faint rows, and long ones only after the first opacity reset", async (device) => {
  for (const opacityResetInterval of [500, 3000]) {
    using made = await world(device);
    const { opacities, logScales } = made.gaussians.toArrays();
    const axes = longestAxes({ ...made.splats, logScales });
    const faint = (i: number) => 1 / (1 + Math.exp(-opacities[i])) < 0.3;
    const long = (i: number) => opacityResetInterval < 600 && axes[i] > 0.1;
    const kept = [...Array(COUNT).keys()].filter((i) => !faint(i) && !long(i));
    const options = { minOpacity: 0.3, opacityResetInterval, densifyGradThreshold: 1e30 };
    const outcome = await apply(made, contextOf(options, COUNT), 1);
    assertEquals(sources(made.gaussians), kept);
    assertEquals(outcome, {
      target: COUNT,
      pruned: COUNT - kept.length,
      cloned: 0,
      split: 0,
      filled: 0,
      count: kept.length,
    });
    assert(kept.length > 10 && kept.length < COUNT - 10);
  }
});

deviceTest(
  "adc leaves one row when all are weak, and the most opaque ones when the budget is smaller",
  async (device) => {
    for (const [options, target, left] of [[{ minOpacity: 1 }, COUNT, 1], [STRONG, 50, 50]] as const) {
      using made = await world(device);
      const { opacities } = made.gaussians.toArrays();
      await apply(made, contextOf({ ...options, budgetCap: true, densifyGradThreshold: 1e30 }, target), EVENTS);
      const best = [...Array(COUNT).keys()].sort((a, b) => opacities[b] - opacities[a]).slice(0, left);
      assertEquals(sources(made.gaussians), best.sort((a, b) => a - b));
    }
  },
);

deviceTest("adc clones small and splits large rows from the gradient threshold on", async (device) => {
  using made = await world(device);
  const gradients = meanGradients(made.trainer);
  const axes = longestAxes(made.gaussians.toArrays());
  const [gradientThreshold, percentDense] = [middle(gradients), middle(axes)];
  const candidates = [...Array(COUNT).keys()].filter((i) => gradients[i] >= gradientThreshold);
  const split = candidates.filter((i) => axes[i] > percentDense);
  const options = { ...STRONG, densifyGradThreshold: gradientThreshold, percentDense };
  const outcome = await apply(made, contextOf(options, 4 * COUNT), 2);
  const all = [...Array(COUNT).keys()];
  assertEquals(sources(made.gaussians).toSorted((a, b) => a - b), [...all, ...candidates].sort((a, b) => a - b));
  assertEquals([outcome.cloned, outcome.split, outcome.filled], [candidates.length - split.length, split.length, 0]);
  assertGreater(split.length, 10);
  assertLess(split.length, candidates.length - 10);
  // Children are smaller by 1.6.
  const after = longestAxes(made.gaussians.toArrays());
  sources(made.gaussians).forEach((source, row) => {
    const expected = axes[source] / (split.includes(source) ? 1.6 : 1);
    assertLess(Math.abs(after[row] - expected), 1e-5 * expected);
  });
});

deviceTest("adc takes the highest gradients when the target leaves no room for all candidates", async (device) => {
  using made = await world(device);
  const gradients = meanGradients(made.trainer);
  const context = contextOf({ ...STRONG, densifyGradThreshold: 0 }, COUNT + 40);
  const target = countAfter({ event: 1, events: EVENTS }, context);
  assert(target > COUNT && target < COUNT + 40);
  const outcome = await apply(made, context, 1);
  const highest = [...Array(COUNT).keys()].sort((a, b) => gradients[b] - gradients[a] || a - b);
  assertEquals(
    sources(made.gaussians).slice(COUNT).sort((a, b) => a - b),
    highest.slice(0, target - COUNT).sort((a, b) => a - b),
  );
  assertEquals([outcome.target, outcome.count], [target, target]);
});

deviceTest("adc reaches the budget in its last event only, and not with budgetCap", async (device) => {
  const budget = 5 * COUNT;
  const options = { ...STRONG, densifyGradThreshold: 1e30 };
  for (const [event, budgetCap, count] of [[3, false, COUNT], [4, true, COUNT], [4, false, budget]] as const) {
    using made = open(device, { ...twoSided(COUNT), capacity: budget });
    await steps(made.trainer, [0, 1].map((view) => ({ view, flags: STEP.statistics })));
    const outcome = await apply(made, contextOf({ ...options, budgetCap }, budget), event);
    assertEquals([outcome.count, made.gaussians.count], [count, count]);
    assertEquals(outcome.filled, count - COUNT);
    assertEquals(outcome.cloned + outcome.split, count - COUNT);
  }
});
