// Growth: how many rows, which ones, and what new rows inherit.
import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLessOrEqual, assertRejects } from "@std/assert";
import type { Device } from "../../ffi/device.ts";
import { TameError } from "../../ffi/errors.ts";
import { GROUP, STEP } from "../../ffi/trainer.ts";
import { grow, type GrowOptions } from "../../train/strategies/grow.ts";
import { prune } from "../../train/strategies/prune.ts";
import { LEARNING_RATES } from "../gpu/training.ts";
import { assertSameBits } from "../raster/compare.ts";
import { deviceTest, testDevice } from "../support/device.ts";
import { assertRaceLike } from "./race.ts";
import { longestAxes, meanGradients, middle, open, sources, steps, twoSided, WEIGHTS, type World } from "./world.ts";

const COUNT = 120;
const BLACK = { shDegree: 1, background: [0, 0, 0] };

/** Rows that may be cloned, rows that may be split, and rows that are no candidates. */
interface Sets {
  clones: number[];
  splits: number[];
  others: number[];
  gradients: number[];
  options: GrowOptions;
}

deviceTest("grow() reaches the target exactly, and uses only candidates, each once", async (device) => {
  using world = await scored(device, [0, 1]);
  const { clones, splits, options } = setsOf(world);
  const result = await grow(world.trainer, { ...options, target: COUNT + 31 });
  const { cloned, split } = result;
  assertEquals(result, { candidates: clones.length + splits.length, cloned, split, filled: 0, count: COUNT + 31 });
  assertEquals(cloned, Math.floor(31 * clones.length / result.candidates));
  assertEquals(split, 31 - cloned);
  assertEquals(world.gaussians.count, COUNT + 31);
  const rows = sources(world.gaussians);
  assertEquals(rows.slice(0, COUNT), [...rows.keys()].slice(0, COUNT));
  const grown = rows.slice(COUNT);
  assertEquals(new Set(grown).size, 31);
  assertEquals(grown.filter((i) => clones.includes(i)).length, cloned);
  assertEquals(grown.filter((i) => splits.includes(i)).length, split);
});

deviceTest("grow() grows by every candidate and no other row when it must not fill up", async (device) => {
  using world = await scored(device, [0]);
  const { clones, splits, options } = setsOf(world);
  const candidates = clones.length + splits.length;
  const result = await grow(world.trainer, { ...options, target: 4 * COUNT });
  assertEquals(result, {
    candidates,
    cloned: clones.length,
    split: splits.length,
    filled: 0,
    count: COUNT + candidates,
  });
  assertEquals(sources(world.gaussians).slice(COUNT), [...clones, ...splits].sort((a, b) => a - b));
});

deviceTest(
  "grow() fills up with the next-highest gradients when there are too few candidates",
  async (device) => {
    using world = await scored(device, [0]);
    const { clones, splits, others, gradients, options } = setsOf(world);
    const next = others.toSorted((a, b) => gradients[b] - gradients[a] || a - b).slice(0, 15);
    const target = COUNT + clones.length + splits.length + 15;
    const result = await grow(world.trainer, { ...options, target, fill: true });
    assertEquals([result.filled, result.count], [15, target]);
    assertEquals(sources(world.gaussians).slice(COUNT), [...clones, ...splits, ...next].sort((a, b) => a - b));
  },
);

deviceTest("grow() fills up with all remaining rows when nothing is a candidate", async (device) => {
  using world = await scored(device, [0]);
  const { options } = setsOf(world);
  const none = { ...options, gradientThreshold: 1e30, target: COUNT + 50 };
  assertEquals(await grow(world.trainer, none), { candidates: 0, cloned: 0, split: 0, filled: 0, count: COUNT });
  const result = await grow(world.trainer, { ...none, fill: true });
  assertEquals([result.candidates, result.filled, result.count], [0, 50, COUNT + 50]);
});

deviceTest("grow() chooses candidates of score 0 after those with a positive score", async (device) => {
  // Scores of only one side, gradients of both.
  for (const extra of [-4, 4]) {
    using world = await scored(device, [0]);
    const scores = world.trainer.scores();
    const { clones, splits, options } = setsOf(world);
    const positive = (set: number[]) => set.filter((i) => scores[i] > 0);
    const wanted = positive(clones).length + positive(splits).length + extra;
    await grow(world.trainer, { ...options, target: COUNT + wanted });
    const grown = new Set(sources(world.gaussians).slice(COUNT));
    let beyond = 0;
    for (const set of [clones, splits]) {
      const [first, later] = [positive(set), set.filter((i) => scores[i] === 0)];
      assert(first.length > 4 && later.length > 4);
      const late = later.filter((i) => grown.has(i)).length;
      if (late > 0) assert(first.every((i) => grown.has(i)));
      beyond += late;
    }
    if (extra > 0) assertGreater(beyond, 0);
  }
});

deviceTest("grow() draws candidates by score, with new random numbers in every round", async (device) => {
  const grown = [];
  for (const round of [0, 1, 1]) {
    using world = await scored(device, [0, 1], 2000);
    const scores = world.trainer.scores();
    // All are candidates, all are cloned.
    const target = 2400;
    const result = await grow(world.trainer, {
      ...setsOf(world).options,
      round,
      target,
      gradientThreshold: 0,
      sizeThreshold: 1e9,
    });
    assertEquals([result.candidates, result.cloned], [2000, 400]);
    const chosen = sources(world.gaussians).slice(2000);
    assertRaceLike(chosen.filter((i) => scores[i] > 0), [...scores]);
    grown.push(chosen.join());
  }
  assert(grown[0] !== grown[1]);
  assertEquals(grown[2], grown[1]);
});

deviceTest("grow() reaches a target of more than twice the count in several rounds", async (device) => {
  using world = await scored(device, [0]);
  const { options } = setsOf(world);
  const target = 3 * COUNT + 17;
  const counts = [];
  for (let round = 0; world.gaussians.count < target; round++) {
    counts.push((await grow(world.trainer, { ...options, round, target, fill: true })).count);
  }
  assertEquals(counts, [2 * COUNT, target]);
  assertEquals(world.gaussians.count, target);
  await steps(world.trainer, [0, 1].map((view) => ({ view, flags: STEP.statistics })));
  assert(world.gaussians.download("means").every(Number.isFinite));
});

deviceTest("grow() does nothing when the target is already reached", async (device) => {
  using world = await scored(device, [0]);
  const before = world.gaussians.toArrays();
  for (const target of [0, COUNT - 1, COUNT]) {
    const { count, cloned, split } = await grow(world.trainer, { ...setsOf(world).options, target, fill: true });
    assertEquals([count, cloned, split], [COUNT, 0, 0]);
  }
  assertEquals(world.gaussians.toArrays(), before);
});

deviceTest(
  "grow() copies clones, shrinks splits, and copies scores and statistics to new rows",
  async (device) => {
    using world = await scored(device, [0, 1]);
    const { trainer, gaussians } = world;
    const { splits, options } = setsOf(world);
    const before = gaussians.toArrays();
    const state = { scores: trainer.scores(), ...trainer.statistics() };
    const { cloned, split } = await grow(trainer, { ...options, target: COUNT + 40 });
    assert(cloned > 5 && split > 5);
    const rows = sources(gaussians);
    const after = gaussians.toArrays();
    const grown = new Set(rows.slice(COUNT));
    rows.forEach((source, row) => {
      const isChild = splits.includes(source) && grown.has(source);
      for (const field of ["quats", "opacities", "sh", "means", "logScales"] as const) {
        const width = before[field].length / COUNT;
        const [old, now] = [
          before[field].subarray(width * source, width * (source + 1)),
          after[field].subarray(width * row, width * (row + 1)),
        ];
        if (!isChild || !["means", "logScales"].includes(field)) assertSameBits(now, old, `${field} of row ${row}`);
        else if (field === "means") assert(now.every((value, axis) => value !== old[axis]));
        else now.forEach((value, axis) => assertAlmostEquals(value, old[axis] - Math.log(1.6), 1e-6));
      }
    });
    const now = { scores: trainer.scores(), ...trainer.statistics() };
    for (const field of ["scores", "gradientSums", "visibleSteps", "maxRadii"] as const) {
      assertSameBits(now[field], rows.map((source) => state[field][source]), field);
    }
  },
);

deviceTest("grow() gives new rows zero moments and keeps those of the others", async (device) => {
  const STEPS = 5; // before
  // Gradients of only the far side, so that the near one, the only one visible afterwards, is not edited.
  const results: Float32Array[][] = [];
  for (const edited of [true, false]) {
    using world = open(device, twoSided(COUNT));
    const { trainer, gaussians } = world;
    await steps(trainer, [0, 1, 0, 1, 1].map((view) => ({ view, flags: view === 1 ? STEP.statistics : 0 })));
    const options = {
      iteration: 7,
      round: 0,
      target: 4 * COUNT,
      gradientThreshold: 1e-12,
      sizeThreshold: 0.05,
      fill: false,
    };
    if (edited) {
      assertGreater((await grow(trainer, options)).candidates, 20);
      assert(sources(gaussians).slice(COUNT).every((i) => i % 2 === 1));
    }
    const grown = new Set(sources(gaussians).slice(COUNT));
    const split = new Set([...grown].filter((i) => longestAxes(world.splats)[i] > 0.05 * 1.2)); // certainly
    const before = gaussians.download("opacities");
    await steps(trainer, [{}]);
    const unseen = gaussians.download("opacities");
    // Only momentum changes hidden rows, if they have moments.
    const still = (row: number) => unseen[row] === before[row];
    for (let row = COUNT; row < gaussians.count; row++) assert(still(row), `new row ${row} changed`);
    if (edited) {
      for (const row of split) assert(still(row), `first child ${row} changed`);
      assert([...Array(COUNT).keys()].some((row) => row % 2 === 1 && !split.has(row) && !still(row)));
    }
    const arrays = gaussians.toArrays();
    results.push((["means", "logScales", "quats", "opacities", "sh"] as const).map((field) => {
      const width = arrays[field].length / gaussians.count;
      return arrays[field].subarray(0, width * COUNT).filter((_, i) => Math.floor(i / width) % 2 === 0);
    }));
    if (edited) {
      // The first gradient g of a row without moments: m = 0.1 g, v = 0.001 g^2, corrected for the steps of the group.
      await steps(trainer, [{ view: 1 }]);
      const k = STEPS + 2;
      const rate = LEARNING_RATES[GROUP.opacities] / (1 - 0.9 ** k);
      const expected = rate * 0.1 / Math.sqrt(0.001 / (1 - 0.999 ** k));
      const moves = [...gaussians.download("opacities")].slice(COUNT).map((value, i) =>
        Math.abs(value - unseen[COUNT + i])
      )
        .filter((move) => move > 0);
      assertGreater(moves.length, 20);
      for (const move of moves) assertLessOrEqual(move, 1.001 * expected);
      assertGreater(moves.filter((move) => move > 0.999 * expected).length, 0.9 * moves.length);
    }
  }
  results[0].forEach((values, k) => assertSameBits(values, results[1][k], `field ${k}`));
});

deviceTest("grow() throws when an option is out of range, and changes nothing", async (device) => {
  using world = await scored(device, [0]);
  const { options } = setsOf(world);
  const wrong: [Partial<GrowOptions>, string][] = [
    [{ target: 4 * COUNT + 1 }, "target is 481: expected a whole number from 0 to 480"],
    [{ target: -1 }, "target is -1"],
    [{ gradientThreshold: NaN }, "gradientThreshold is NaN"],
    [{ sizeThreshold: -1 }, "sizeThreshold is -1"],
    [{ round: 0.5 }, "round is 0.5"],
  ];
  for (const [change, words] of wrong) {
    await assertRejects(() => grow(world.trainer, { ...options, ...change }), TameError, words);
  }
  assertEquals(world.gaussians.count, COUNT);
});

deviceTest(
  "Trainer.score() ignores infinite terms, and grow() and prune() still return the right number of rows",
  async (device) => {
    const { splats, photos } = twoSided(COUNT);
    // Most volumes overflow float32: they neither count nor make the median infinite. Their long axis points at the
    // camera, so that they are still visible.
    for (let i = 0; i < COUNT; i++) {
      if (i % 8 >= 6) continue;
      splats.means.set([-0.1, 0.05, i % 2 === 0 ? 4 : -4], 3 * i);
      splats.logScales.set([10, 10, 69], 3 * i);
      splats.quats.set([1, 0, 0, 0], 4 * i);
      splats.opacities[i] = -4;
    }
    using world = open(device, { splats, photos });
    await steps(world.trainer, [0, 1].map((view) => ({ view, flags: STEP.statistics, update: 0 })));
    await world.trainer.score([0], WEIGHTS, BLACK);
    const options = { iteration: 1, round: 0, target: 3 * COUNT, gradientThreshold: 0, sizeThreshold: 1, fill: true };
    assertEquals((await grow(world.trainer, options)).count, 2 * COUNT);
    const scores = world.trainer.scores();
    assert(scores.every(Number.isFinite) && scores.some((score) => score > 0));
    const kept = [...scores.keys()].sort((a, b) => scores[a] - scores[b] || a - b).slice(-50).sort((a, b) => a - b);
    const rows = sources(world.gaussians);
    const rule = { iteration: 1, target: 50, minOpacity: 0, maxScale: 3e38, share: 1 };
    assertEquals(await prune(world.trainer, rule), { weak: 0, count: 50 });
    assertEquals(sources(world.gaussians), kept.map((row) => rows[row]));
  },
);

Deno.test({
  name: "Trainer.score(), prune() and grow() give the same bits with 1, 2 or 3 threads",
  async fn() {
    const results = [];
    for (const threads of [1, 2, 3]) {
      using device = await testDevice({ threads });
      using world = await scored(device, [0, 1], 1500);
      const { options } = setsOf(world);
      await prune(world.trainer, { iteration: 3, target: 1500, minOpacity: 0.3, maxScale: 1, share: 0.5 });
      await grow(world.trainer, { ...options, target: 1900, fill: true });
      await steps(world.trainer, [0, 1].map((view) => ({ view, flags: STEP.statistics })));
      await world.trainer.score([0, 1], WEIGHTS, BLACK);
      const { shDegree: _, ...arrays } = world.gaussians.toArrays();
      results.push({ ...arrays, scores: world.trainer.scores(), ...world.trainer.statistics() });
    }
    for (const [name, values] of Object.entries(results[0])) {
      for (const other of results.slice(1)) assertSameBits(other[name as keyof typeof other], values, name);
    }
  },
});

async function scored(device: Device, views: number[], count = COUNT): Promise<World> {
  const world = open(device, twoSided(count));
  await steps(world.trainer, [0, 1, 1, 0].map((view) => ({ view, flags: STEP.statistics })));
  await world.trainer.score(views, WEIGHTS, BLACK);
  return world;
}

/** Half of the Gaussians are candidates, half of those are cloned. */
function setsOf({ trainer, gaussians }: World): Sets {
  const gradients = meanGradients(trainer);
  const axes = longestAxes(gaussians.toArrays());
  const gradientThreshold = middle(gradients.filter((value) => value > 0));
  const sizeThreshold = middle(axes);
  const all = [...gradients.keys()];
  const candidates = all.filter((i) => gradients[i] >= gradientThreshold);
  return {
    clones: candidates.filter((i) => axes[i] <= sizeThreshold),
    splits: candidates.filter((i) => axes[i] > sizeThreshold),
    others: all.filter((i) => !candidates.includes(i)),
    gradients,
    options: { iteration: 500, round: 0, target: gradients.length, gradientThreshold, sizeThreshold, fill: false },
  };
}
