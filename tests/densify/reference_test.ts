// An event as in the authors' implementation: shares rounded down, rows that are no candidates as substitutes, and
// pruning by scores of the wrong rows.
import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import type { Device } from "../../ffi/device.ts";
import { STEP } from "../../ffi/trainer.ts";
import { referenceEvent, type ReferenceEventOptions } from "../../train/strategies/reference_event.ts";
import { deviceTest } from "../support/device.ts";
import { assertRaceLike } from "./race.ts";
import { longestAxes, meanGradients, middle, open, sources, steps, twoSided, WEIGHTS, type World } from "./world.ts";

const COUNT = 120;
const KEEP = { minOpacity: 0, maxScale: 1e30, share: 0 };

/** Candidates by operation, and options that make half of the visible Gaussians candidates. */
interface Sets {
  clones: number[];
  splits: number[];
  options: ReferenceEventOptions;
}

async function scored(device: Device, views: number[], count = COUNT): Promise<World & Sets> {
  const world = open(device, twoSided(count));
  await steps(world.trainer, [0, 1, 1, 0].map((view) => ({ view, flags: STEP.statistics })));
  await world.trainer.score(views, WEIGHTS, { shDegree: 1, background: [0, 0, 0] });
  const gradients = meanGradients(world.trainer);
  const axes = longestAxes(world.gaussians.toArrays());
  const gradientThreshold = middle(gradients.filter((value) => value > 0));
  const sizeThreshold = middle(axes);
  const candidates = [...gradients.keys()].filter((i) => gradients[i] >= gradientThreshold);
  return Object.assign(world, {
    clones: candidates.filter((i) => axes[i] <= sizeThreshold),
    splits: candidates.filter((i) => axes[i] > sizeThreshold),
    options: { iteration: 7, target: count, gradientThreshold, sizeThreshold, ...KEEP },
  });
}

/** The row blocks after an event without pruning: kept ones, clones, first and second children. */
function blocks(rows: number[], { cloned, split }: { cloned: number; split: number }) {
  const [second, first] = [rows.slice(-split), rows.slice(-2 * split, -split)];
  return {
    kept: rows.slice(0, -2 * split - cloned),
    copies: rows.slice(-2 * split - cloned, -2 * split),
    first,
    second,
  };
}

deviceTest("referenceEvent() grows both sets in shares rounded down, in blocks of rows", async (device) => {
  using world = await scored(device, [0, 1]);
  const { trainer, gaussians, clones, splits, options } = world;
  const wanted = 31;
  const candidates = clones.length + splits.length;
  assert(wanted * clones.length % candidates !== 0, "rounding down must lose one Gaussian");
  const result = await referenceEvent(trainer, { ...options, target: COUNT + wanted });
  const cloned = Math.floor(wanted * clones.length / candidates);
  const split = Math.floor(wanted * splits.length / candidates);
  const count = COUNT + wanted - 1;
  assertEquals(result, { candidates, cloned, split, filled: 0, weak: 0, pruned: 0, count });
  const { kept, copies, first, second } = blocks(sources(gaussians), result);
  assertEquals(kept, [...Array(COUNT).keys()].filter((i) => !first.includes(i)));
  assert(copies.every((i) => clones.includes(i)) && first.every((i) => splits.includes(i)));
  assertEquals([new Set(copies).size, new Set(first).size], [cloned, split]);
  for (const block of [copies, first]) assertEquals(block, block.toSorted((a, b) => a - b));
  assertEquals(second, first);
});

deviceTest(
  "referenceEvent() never grows by more than the candidates, and not at all when none is wanted",
  async (device) => {
    using world = await scored(device, [0, 1]);
    const { trainer, clones, splits, options } = world;
    for (const target of [0, COUNT - 9, COUNT]) {
      assertEquals((await referenceEvent(trainer, { ...options, target })).count, COUNT);
    }
    assertEquals(
      (await referenceEvent(trainer, { ...options, gradientThreshold: 1e30, target: 4 * COUNT })).count,
      COUNT,
    );
    const { count } = await referenceEvent(trainer, { ...options, target: 4 * COUNT });
    assertEquals(count, COUNT + clones.length + splits.length);
  },
);

deviceTest("referenceEvent() substitutes any rows when too few of a set have a score", async (device) => {
  using world = await scored(device, [0]); // the other half scores 0
  const { trainer, gaussians, clones, splits, options } = world;
  const scores = trainer.scores();
  const result = await referenceEvent(trainer, { ...options, target: 4 * COUNT });
  // A clone may be split in turn, so rows are counted by where they come from.
  const grown = sources(gaussians);
  for (let i = 0; i < COUNT; i++) grown.splice(grown.indexOf(i), 1);
  for (const set of [clones, splits]) assert(set.filter((i) => scores[i] > 0).every((i) => grown.includes(i)));
  const strangers = grown.filter((i) => !clones.includes(i) && !splits.includes(i));
  assertEquals(result.filled, strangers.length);
  assertGreater(strangers.length, 0);
});

deviceTest("referenceEvent() copies, shrinks and moves rows like a split, without moments", async (device) => {
  using world = await scored(device, [0, 1]);
  const { trainer, gaussians, options } = world;
  const before = gaussians.toArrays();
  const { cloned, split, count } = await referenceEvent(trainer, { ...options, target: COUNT + 40 });
  const rows = sources(gaussians);
  const after = gaussians.toArrays();
  const row = (values: Float32Array, i: number) => values.subarray(3 * i, 3 * i + 3);
  for (let i = 0; i < count - 2 * split; i++) assertEquals(row(after.means, i), row(before.means, rows[i]));
  for (let i = count - 2 * split; i < count; i++) {
    row(after.logScales, i).forEach((value, k) =>
      assertLess(Math.abs(value - row(before.logScales, rows[i])[k] + Math.log(1.6)), 1e-6)
    );
    const sibling = i < count - split ? i + split : i - split;
    row(after.means, i).forEach((value, k) => assert(value !== row(after.means, sibling)[k]));
  }
  const opacities = gaussians.download("opacities");
  await steps(trainer, [{ view: 0 }]);
  const unseen = [...rows.keys()].filter((i) => i >= count - cloned - 2 * split && rows[i] % 2 === 1);
  assertGreater(unseen.length, 5);
  const now = gaussians.download("opacities");
  for (const i of unseen) assertEquals(now[i], opacities[i]);
});

deviceTest(
  "referenceEvent() removes only weak rows, and no clone while older rows are left",
  async (device) => {
    for (const rule of [{ minOpacity: 0.4, maxScale: 1e30 }, { minOpacity: 0, maxScale: 0.1 }]) {
      using world = await scored(device, [0, 1]);
      const { trainer, gaussians, options } = world;
      const arrays = gaussians.toArrays();
      const axes = longestAxes(arrays);
      const weak = (i: number) => 1 / (1 + Math.exp(-arrays.opacities[i])) < rule.minOpacity || axes[i] > rule.maxScale;
      const target = COUNT + 20;
      const cloning = { ...options, ...rule, target, sizeThreshold: 1e9, share: 0.5 };
      const result = await referenceEvent(trainer, cloning);
      assertGreater(result.pruned, 0);
      assert(result.pruned <= Math.floor(result.weak / 2));
      assertEquals([result.cloned, result.split, result.count], [20, 0, target - result.pruned]);
      const left = sources(gaussians);
      const kept = new Set(left);
      for (let i = 0; i < COUNT; i++) assert(kept.has(i) || weak(i), `Gaussian ${i} was not weak`);
      assertEquals(left.slice(-20).toSorted((a, b) => a - b), left.slice(-20)); // the clones, all there
    }
  },
);

deviceTest("referenceEvent() prunes by the scores that each row index had before splits", async (device) => {
  const count = 2000;
  const gone: number[] = [];
  let full: number[] = [];
  let scores = new Float32Array();
  let split = 0;
  for (const share of [0, 0.2]) {
    using world = await scored(device, [0, 1], count);
    scores = world.trainer.scores();
    const options = {
      ...world.options,
      target: count + 500,
      gradientThreshold: 0,
      sizeThreshold: 0,
      minOpacity: 1,
      share,
    };
    const result = await referenceEvent(world.trainer, options);
    split = result.split;
    const rows = sources(world.gaussians);
    if (share === 0) {
      full = rows;
      continue;
    }
    assertEquals([result.weak, result.pruned], [count + 500, 500]);
    // The remaining rows are a subsequence of `full`. Names ascend within a block, which distinguishes a parent's
    // children.
    let at = 0;
    for (const [i, name] of full.entries()) {
      if (rows[at] === name) at++;
      else gone.push(i);
    }
    assertEquals(at, rows.length);
  }
  assertEquals(split, 500);
  assert(gone.every((i) => i < count));
  const weights = Array.from(scores, (score) => 1 / (1e-6 + score));
  assertRaceLike(gone, weights);
});
