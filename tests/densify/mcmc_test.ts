// Events of the strategy mcmc against the same events row by row, and the terms of its steps.
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { render } from "../../ffi/rasterizer.ts";
import { STEP } from "../../ffi/trainer.ts";
import { resolveTrainOptions, type StrategyContext, type TrainOptions } from "../../train/options.ts";
import { countsAfterEvents, mcmcStrategy } from "../../train/strategies/mcmc.ts";
import { STREAM } from "../../train/strategies/streams.ts";
import type { EventOutcome } from "../../train/strategies/strategy.ts";
import { EVERYTHING } from "../gpu/training.ts";
import { drawRepeatedly } from "../reference/draws.ts";
import { relocationScale, sharedOpacity } from "../reference/relocation.ts";
import { deviceTest } from "../support/device.ts";
import { exportColumns, rowOf } from "../support/trainer_state.ts";
import { open, sources, steps, twoSided, type World } from "./world.ts";

const COUNT = 60;
const SEED = 0x1234_5678_9abc;
const ITERATION = 600;
const ALL = [...Array(COUNT).keys()];

function contextOf(given: TrainOptions = {}, change: Partial<StrategyContext> = {}): StrategyContext {
  const schedule = { iterations: 1000, densificationInterval: 100, densifyUntilIter: 833 };
  const options = resolveTrainOptions({ strategy: "mcmc", ...schedule, ...given });
  return { options, seed: SEED, extent: 1, views: 2, start: COUNT, target: COUNT, ...change };
}

/** The first of three events, at 600, 700 and 800. */
async function apply({ trainer }: World, context: StrategyContext): Promise<EventOutcome> {
  const place = { iteration: ITERATION, event: 1, events: 3, shDegree: 1, background: [0, 0, 0] as const };
  return (await mcmcStrategy(context).apply(trainer, place))!;
}

/** Every fourth Gaussian is dead. */
function partlyDead(): ReturnType<typeof twoSided> {
  const scene = twoSided(COUNT);
  const { opacities } = scene.splats;
  scene.splats.opacities = opacities.map((logit, i) => i % 4 === 0 ? -6 - i / 100 : logit);
  return scene;
}

const used = (logit: number) => 1 / (1 + Math.exp(-logit));

interface Row {
  source: number;
  opacity: number;
  logScales: number[];
  /** Whether it is a host or a guest. */
  fresh: boolean;
}

/** Hosts in their order give their opacity to guests: those of `places`, then new rows. */
function share(rows: Row[], guests: readonly number[], places: readonly number[]): Row[] {
  const after = rows.map((row) => ({ ...row }));
  const free = [...places];
  const added: Row[] = [];
  guests.forEach((number, host) => {
    if (number === 0) return;
    const n = number + 1;
    const { source, opacity, logScales } = rows[host];
    const shared = sharedOpacity(opacity, n);
    const shift = Math.log(relocationScale(opacity, shared, n));
    const row = { source, opacity: Math.max(shared, 0.005), logScales: logScales.map((x) => x + shift), fresh: true };
    after[host] = row;
    for (let k = 0; k < number; k++) free.length > 0 ? after[free.shift()!] = row : added.push(row);
  });
  return [...after, ...added];
}

function draws(rows: Row[], members: number[], count: number, round: number): number[] {
  const weights = rows.map(({ opacity }) => Math.fround(opacity));
  return drawRepeatedly(members, weights, count, { seed: SEED, stream: STREAM.clones, iteration: ITERATION, round });
}

deviceTest("mcmc relocates dead rows to hosts drawn by opacity, then adds 5 %, as row by row", async (device) => {
  using made = open(device, partlyDead());
  // Moments in every row.
  await steps(made.trainer, [0, 1].map((view) => ({ view, update: EVERYTHING, learningRates: new Array(6).fill(0) })));
  const before = await exportColumns(made.trainer);
  const count = 1.05 * COUNT;
  const dead = ALL.filter((i) => i % 4 === 0);
  let rows: Row[] = ALL.map((source) => ({
    source,
    opacity: used(rowOf(before, "opacities", source)[0]),
    logScales: rowOf(before, "log_scales", source),
    fresh: false,
  }));
  rows = share(rows, draws(rows, ALL.filter((i) => i % 4 !== 0), dead.length, 0), dead);
  rows = share(rows, draws(rows, ALL, count - COUNT, 1), []);

  const cloned = dead.length + count - COUNT;
  const outcome = await apply(made, contextOf({}, { target: count }));
  assertEquals(outcome, { target: count, pruned: dead.length, cloned, split: 0, filled: 0, count });
  assertEquals(sources(made.gaussians), rows.map(({ source }) => source));
  const after = await exportColumns(made.trainer);
  rows.forEach(({ source, opacity, logScales, fresh }, row) => {
    assertAlmostEquals(used(rowOf(after, "opacities", row)[0]), opacity, 2e-6, `row ${row}`);
    rowOf(after, "log_scales", row).forEach((value, k) => assertAlmostEquals(value, logScales[k], 1e-5));
    for (const name of ["means", "quats", "sh_dc", "sh_rest"]) {
      assertEquals(rowOf(after, name, row), rowOf(before, name, source), `${name} of row ${row}`);
    }
    for (const name of ["means", "quats", "sh_dc", "sh_rest", "opacities", "log_scales"]) {
      for (const moments of [`${name}_m`, `${name}_v`]) {
        const old = rowOf(before, moments, source);
        assertEquals(rowOf(after, moments, row), fresh ? old.map(() => 0) : old, `${moments} of row ${row}`);
      }
    }
  });
  const moving = rows.filter(({ source, fresh }) => !fresh && rowOf(before, "means_v", source).some((v) => v > 0));
  assert(moving.length > 10 && rows.some(({ fresh }, row) => fresh && !dead.includes(row)));
}, { seed: SEED });

deviceTest("mcmc hardly changes the render when it grows", async (device) => {
  using made = open(device, twoSided(COUNT));
  const camera = twoSided(COUNT).photos[0].camera;
  const { rgb: before } = await render(made.gaussians, camera);
  const { cloned } = await apply(made, contextOf({}, { target: 63 }));
  const { rgb: after } = await render(made.gaussians, camera);
  assertEquals(cloned, 3);
  const change = before.reduce((sum, value, i) => sum + Math.abs(after[i] - value), 0) / before.length;
  assert(change > 0 && change < 1e-3, `a change of ${change}`);
});

deviceTest("mcmc leaves no dead row, whatever the budget", async (device) => {
  for (const target of [20, COUNT, 240]) {
    using made = open(device, partlyDead());
    for (let i = 0; i < 3; i++) await apply(made, contextOf({ minOpacity: 0.3 }, { target }));
    const { opacities } = made.gaussians.toArrays();
    const logit = Math.fround(Math.log(0.3 / 0.7));
    opacities.forEach((value, row) => assert(value >= logit - 1e-6, `row ${row} has ${used(value)}`));
  }
});

deviceTest("mcmc relocates rows that are not finite", async (device) => {
  for (const [column, value] of [["means.1", "0 / 0"], ["quats.2", "1 / 0"], ["opacities", "1 / 0"]]) {
    using made = open(device, twoSided(COUNT));
    await made.trainer.columns.compute(column, value, { rows: "abs(sh_dc.0 - 0.007) < 0.0001" });
    const { pruned, count } = await apply(made, contextOf());
    assertEquals([pruned, count], [1, COUNT], column);
    assert([...made.trainer.columns.read(column)].every(Number.isFinite), column);
    assertEquals(sources(made.gaussians).includes(7), false);
  }
});

deviceTest("mcmc relocates nothing when no row is dead, and when all are", async (device) => {
  for (const minOpacity of [0, 0.99]) {
    using made = open(device, twoSided(COUNT));
    const before = await exportColumns(made.trainer);
    const { pruned, cloned, count } = await apply(made, contextOf({ minOpacity }));
    assertEquals([pruned, cloned, count], [0, 0, COUNT]);
    assertEquals(await exportColumns(made.trainer), before);
  }
});

deviceTest("mcmc grows by 5 % with budgetCap, else by what the last event needs", async (device) => {
  // 60 times 1.05, and 60 times the cube root of 2, as there are three events to twice the count.
  for (const [budgetCap, count] of [[true, 63], [false, 76]] as const) {
    using made = open(device, twoSided(COUNT));
    const outcome = await apply(made, contextOf({ budgetCap }, { target: 2 * COUNT }));
    assertEquals([outcome.count, made.gaussians.count], [count, count]);
  }
});

deviceTest("mcmc removes the faintest rows when the budget is below the count", async (device) => {
  using made = open(device, twoSided(COUNT));
  const { opacities } = made.gaussians.toArrays();
  const { target, pruned, cloned, count } = await apply(made, contextOf({}, { target: 58 }));
  assertEquals([target, pruned, cloned, count], [58, 2, 0, 58]);
  const kept = ALL.toSorted((a, b) => opacities[b] - opacities[a]).slice(0, 58).sort((a, b) => a - b);
  assertEquals(sources(made.gaussians), kept);
});

Deno.test("countsAfterEvents() grows by 5 % up to the target, or faster if there are too few events", () => {
  const counts = (start: number, target: number, events: number, cap = false) =>
    countsAfterEvents({ start, target, events, cap });
  assertEquals(counts(1000, 1200, 6), [1050, 1102, 1157, 1200, 1200, 1200]);
  assertEquals(counts(100, 800, 3), [200, 400, 800]);
  assertEquals(counts(100, 800, 3, true), [105, 110, 115]);
  assertEquals(counts(1000, 700, 8), [953, 908, 865, 824, 785, 748, 713, 700]);
  assertEquals(counts(800, 100, 3), [400, 200, 100]);
  assertEquals(counts(7, 7, 2), [7, 7]);
  assertEquals(counts(7, 8, 0), []);
  // 62 events from 50 000 to a million, 142 from 5 000 to 5 million.
  for (const [start, target, needed] of [[50_000, 1e6, 62], [5000, 5e6, 142]]) {
    assertEquals(counts(start, target, 245).indexOf(target) + 1, needed);
  }
  for (const [start, target, events] of [[1, 1e6, 5], [3, 4_194_303, 100], [99_999, 2, 7], [13, 13 * 7919, 1]]) {
    const list = counts(start, target, events);
    assertEquals(list.at(-1), target);
    const sign = Math.sign(target - start);
    list.forEach((count, i) => assert(sign * (count - (list[i - 1] ?? start)) >= 0, `${list}`));
  }
});

Deno.test("mcmc adds noise and pressures whose effect does not depend on the unit of length", () => {
  const context = contextOf({ densifyFromIter: 100, iterations: 30_000 }, { start: 1000, target: 1100 });
  const [near, far] = [1, 100].map((extent) => mcmcStrategy({ ...context, extent }));
  for (const iteration of [1, 200, 201, 29_999]) {
    const [a, b] = [near, far].map((strategy) => strategy.stepTerms(iteration));
    assertEquals([a.flags, a.frozen], [STEP.visibleTerms, 0]);
    // A move is noise times a squared length, the loss's term the pressure times a length.
    assertAlmostEquals(b.noise! * 100, a.noise!, 1e-9 * a.noise!);
    assertAlmostEquals(b.scalePressure! * 100, a.scalePressure!, 1e-9 * a.scalePressure!);
    assertEquals(b.opacityPressure, a.opacityPressure);
  }
  const terms = near.stepTerms(1);
  assertAlmostEquals(terms.noise!, 80, 0.1); // 5e5 * 1.6e-4
  assertAlmostEquals(terms.opacityPressure!, 0.01 / 1000, 1e-12);
  assertAlmostEquals(terms.scalePressure!, 0.01 / 3000, 1e-12);
  // After the event of 200, which leaves 1050, the means are over more of them.
  assertEquals(near.stepTerms(200).opacityPressure, 0.01 / 1000);
  assertEquals(near.stepTerms(201).opacityPressure, 0.01 / 1050);
  assertEquals(near.stepTerms(30_000).noise, 0);
  // The noise falls with the rate of the means.
  assertAlmostEquals(near.stepTerms(15_000).noise!, 8, 1e-9);
});

Deno.test("mcmc adds no noise to means that do not move, and no term that is not finite", () => {
  const still = mcmcStrategy(contextOf({ positionLrInit: 0, positionLrFinal: 0 }));
  assertEquals(still.stepTerms(5).noise, 0);
  const { noise, scalePressure } = mcmcStrategy(contextOf({}, { extent: 0 })).stepTerms(5);
  assertEquals([noise, scalePressure], [0, 0]);
});
