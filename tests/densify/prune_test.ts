// Pruning: which rows are removed, and that the others do not change.
import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import type { Device } from "../../ffi/device.ts";
import { TameError } from "../../ffi/errors.ts";
import { STEP } from "../../ffi/trainer.ts";
import { prune, type PruneOptions } from "../../train/strategies/prune.ts";
import { assertSameBits } from "../raster/compare.ts";
import { deviceTest } from "../support/device.ts";
import { assertRaceLike } from "./race.ts";
import { longestAxes, open, sources, steps, twoSided, WEIGHTS, type World } from "./world.ts";

const COUNT = 120;
const NEVER = { minOpacity: 0, maxScale: 1e30 }; // nothing is weak
const ALL = { iteration: 1, target: COUNT, share: 1 };

deviceTest("prune() removes the given share of the weak rows and no others, and keeps the order", async (device) => {
  using world = await scored(device);
  const weak = weakOnes(world, { minOpacity: 0.3, maxScale: 0.15 });
  assertGreater(weak.size, 30);
  assert(weak.size < COUNT);
  const result = await prune(world.trainer, { ...ALL, minOpacity: 0.3, maxScale: 0.15, share: 0.5 });
  const left = sources(world.gaussians);
  assertEquals(result.weak, weak.size);
  assert(result.count < COUNT && result.count >= COUNT - Math.floor(weak.size / 2), `${result.count} are left`);
  assertEquals(left.length, result.count);
  assertEquals(world.gaussians.count, result.count);
  assertEquals(left, left.toSorted((a, b) => a - b));
  const kept = new Set(left);
  for (let i = 0; i < COUNT; i++) assert(kept.has(i) || weak.has(i), `Gaussian ${i} was not weak`);
});

deviceTest(
  "prune() finds weak rows by opacity and by scale, and none when there are none",
  async (device) => {
    for (const rule of [{ ...NEVER, minOpacity: 0.4 }, { ...NEVER, maxScale: 0.1 }]) {
      using world = await scored(device);
      const weak = weakOnes(world, rule);
      const { count } = await prune(world.trainer, { ...ALL, ...rule });
      const kept = new Set(sources(world.gaussians));
      const gone = [...Array(COUNT).keys()].filter((i) => !kept.has(i));
      assertEquals(gone.length, COUNT - count);
      assertGreater(gone.length, 0);
      assert(gone.every((i) => weak.has(i)));
    }
    using world = await scored(device);
    assertEquals(await prune(world.trainer, { ...ALL, ...NEVER }), { weak: 0, count: COUNT });
    assertEquals(sources(world.gaussians).length, COUNT);
  },
);

deviceTest(
  "prune() removes the lowest scores down to the target when that is below the count",
  async (device) => {
    using world = await scored(device, [0, 1]);
    const scores = world.trainer.scores();
    const expected = [...scores.keys()].sort((a, b) => scores[a] - scores[b] || a - b).slice(25).sort((a, b) => a - b);
    assertEquals(await prune(world.trainer, { ...ALL, ...NEVER, target: COUNT - 25 }), { weak: 0, count: COUNT - 25 });
    assertEquals(sources(world.gaussians), expected);
    assertEquals(await prune(world.trainer, { ...ALL, ...NEVER, target: COUNT - 26 }), { weak: 0, count: COUNT - 26 });
  },
);

deviceTest("prune() removes the share first, and then down to the target", async (device) => {
  const rule = { ...ALL, minOpacity: 0.3, maxScale: 1e30 };
  using drawn = await scored(device, [0, 1]);
  await prune(drawn.trainer, rule);
  const survivors = sources(drawn.gaussians);
  assert(survivors.length < COUNT && survivors.length > 40);
  using world = await scored(device, [0, 1]);
  const scores = world.trainer.scores();
  const expected = survivors.toSorted((a, b) => scores[a] - scores[b] || a - b).slice(-40).sort((a, b) => a - b);
  const { count } = await prune(world.trainer, { ...rule, target: 40 });
  assertEquals(count, 40);
  assertEquals(sources(world.gaussians), expected);
});

deviceTest("prune() keeps one Gaussian when all are weak and the share is 1", async (device) => {
  using world = await scored(device);
  assertEquals(await prune(world.trainer, { ...ALL, minOpacity: 1, maxScale: 0 }), { weak: COUNT, count: 1 });
  assertEquals(await prune(world.trainer, { ...ALL, minOpacity: 1, maxScale: 0 }), { weak: 1, count: 1 });
  await steps(world.trainer, [{ flags: STEP.statistics }]);
  await world.trainer.score([0], WEIGHTS, { shDegree: 1, background: [0, 0, 0] });
  assertEquals(world.gaussians.download("means").length, 3);
});

deviceTest("prune() draws weak rows by 1 / score", async (device) => {
  using world = await scored(device, [0, 1], 2000);
  const scores = world.trainer.scores();
  await prune(world.trainer, { ...ALL, target: 2000, minOpacity: 1, maxScale: 0, share: 0.2 });
  const kept = new Set(sources(world.gaussians));
  const weights = Array.from(scores, (score) => 1 / (1e-6 + score));
  assertRaceLike(Array.from(weights.keys()).filter((i) => !kept.has(i)), weights);
});

deviceTest(
  "prune() draws differently in another iteration, and repeats for the same",
  async (device) => {
    const left = [];
    for (const iteration of [500, 500, 600]) {
      using world = await scored(device);
      await prune(world.trainer, { ...ALL, iteration, minOpacity: 0.5, maxScale: 1e30, share: 0.5 });
      left.push(sources(world.gaussians).join());
    }
    assertEquals(left[1], left[0]);
    assert(left[2] !== left[0]);
  },
);

deviceTest(
  "prune() keeps parameters, moments, SH sums, statistics and scores of the remaining rows",
  async (device) => {
    const accumulate = STEP.statistics | STEP.shAccumulate;
    const results: ArrayLike<number>[][] = [];
    for (const edited of [true, false]) {
      using world = open(device, twoSided(COUNT));
      const { trainer, gaussians } = world;
      await steps(trainer, [0, 1, 0, 1, 0].map((view) => ({ view, flags: accumulate })));
      await trainer.score([0], WEIGHTS, { shDegree: 1, background: [0, 0, 0] });
      const rows = Array.from({ length: COUNT }, (_, i) => i).filter((i) => i % 2 === 0);
      // Rows that the first view does not see have score 0 and are removed first.
      if (edited) await prune(trainer, { ...ALL, ...NEVER, target: rows.length });
      if (edited) assertEquals(sources(gaussians), rows);
      const pick = (values: ArrayLike<number>) => edited ? Array.from(values) : rows.map((i) => values[i]);
      const state = [trainer.scores(), ...Object.values(trainer.statistics())].map(pick);
      await steps(trainer, [0, 0].map(() => ({ flags: accumulate | STEP.shApply })));
      const arrays = gaussians.toArrays();
      for (const field of ["means", "logScales", "quats", "opacities", "sh"] as const) {
        const width = arrays[field].length / gaussians.count;
        const values = Array.from(arrays[field]);
        state.push(edited ? values : values.filter((_, i) => Math.floor(i / width) % 2 === 0));
      }
      results.push(state);
    }
    results[0].forEach((values, k) => assertSameBits(values, results[1][k], `array ${k}`));
  },
);

deviceTest("prune() throws when an option is out of range, and changes nothing", async (device) => {
  using world = await scored(device);
  const { trainer } = world;
  const right = { ...ALL, ...NEVER };
  const wrong: [Partial<PruneOptions>, string][] = [
    [{ target: -1 }, "target is -1"],
    [{ target: NaN }, "target is NaN"],
    [{ share: 1.5 }, "share is 1.5: expected a number from 0 to 1"],
    [{ minOpacity: NaN }, "minOpacity is NaN"],
    [{ maxScale: -1 }, "maxScale is -1"],
    [{ maxScale: Infinity }, "maxScale is Infinity"],
    [{ iteration: 0.5 }, "iteration is 0.5"],
  ];
  for (const [change, words] of wrong) {
    await assertRejects(() => prune(trainer, { ...right, ...change }), TameError, words);
  }
  assertEquals(world.gaussians.count, COUNT);
});

async function scored(device: Device, views = [0], count = COUNT): Promise<World> {
  const world = open(device, { ...twoSided(count), capacity: count });
  await steps(world.trainer, [0, 1].map((view) => ({ view, flags: STEP.statistics })));
  await world.trainer.score(views, WEIGHTS, { shDegree: 1, background: [0, 0, 0] });
  return world;
}

function weakOnes({ gaussians }: World, rule: { minOpacity: number; maxScale: number }): Set<number> {
  const arrays = gaussians.toArrays();
  const axes = longestAxes(arrays);
  const weak = [...axes.keys()].filter((i) =>
    1 / (1 + Math.exp(-arrays.opacities[i])) < rule.minOpacity || axes[i] > rule.maxScale
  );
  return new Set(weak);
}
