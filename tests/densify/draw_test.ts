// Choosing Gaussians: selection and ranks by an expression, draws with and without replacement.
import { assert, assertEquals, assertLess, assertNotEquals, assertRejects } from "@std/assert";
import { TameError } from "../../ffi/errors.ts";
import type { DrawOptions } from "../../ffi/trainer.ts";
import { drawRepeatedly, race } from "../reference/draws.ts";
import { deviceTest, testDevice } from "../support/device.ts";
import { open, twoSided, type World } from "./world.ts";

const COUNT = 300;
const SEED = 0x1234_5678_9abc;
const DRAW = { stream: 40, iteration: 7, round: 2 };

/** Rows where a column is not 0. */
function marked({ trainer }: World, column: string): number[] {
  return Array.from(trainer.columns.read(column).entries()).filter(([, value]) => value !== 0).map(([i]) => i);
}

/** Rows by ascending values; for ties the first row comes first. */
function ascending(values: ArrayLike<number>, rows: number[]): number[] {
  return rows.toSorted((a, b) => values[a] - values[b] || a - b);
}

const ALL = [...Array(COUNT).keys()];

deviceTest("Columns.select() marks the smallest values, for ties the first rows", async (device) => {
  using world = open(device, twoSided(COUNT));
  const { columns } = world.trainer;
  await columns.compute("coarse", "floor(means.0 * 4)"); // few values, many ties
  const coarse = columns.read("coarse");
  for (const count of [0, 1, 77, COUNT, COUNT + 1, 0xFFFFFFFF]) {
    await columns.select("chosen", "coarse", { count });
    assertEquals(marked(world, "chosen"), ascending(coarse, ALL).slice(0, count).sort((a, b) => a - b));
    assert(columns.read("chosen").every((value) => value === 0 || value === 1));
  }
  await columns.select("chosen", "-coarse", { count: 50, among: "means.2 < 0" });
  const behind = ALL.filter((i) => i % 2 === 1);
  assertEquals(
    marked(world, "chosen"),
    ascending(coarse.map((value) => -value), behind).slice(0, 50).sort((a, b) => a - b),
  );
  await columns.select("chosen", "coarse", { count: 5, among: "0" });
  assertEquals(marked(world, "chosen"), []);
});

deviceTest("Columns.rank() ranks rows in that order, and sets all others to their number", async (device) => {
  using world = open(device, twoSided(COUNT));
  const { columns } = world.trainer;
  await columns.compute("coarse", "floor(means.0 * 4)");
  const coarse = columns.read("coarse");
  await columns.rank("place", "coarse");
  const places = columns.read("place");
  ascending(coarse, ALL).forEach((row, place) => assertEquals(places[row], place));
  await columns.rank("place", "coarse", { among: "means.2 > 0" });
  const among = columns.read("place");
  ascending(coarse, ALL.filter((i) => i % 2 === 0)).forEach((row, place) => assertEquals(among[row], place));
  for (let row = 1; row < COUNT; row += 2) assertEquals(among[row], COUNT / 2);
});

deviceTest("Columns.select() treats -0 and 0 as equal: the first rows are marked", async (device) => {
  using world = open(device, twoSided(40));
  const { columns } = world.trainer;
  await columns.compute("sign", "choose(means.2 < 0, 0, -0)");
  await columns.select("chosen", "sign", { count: 15 });
  assertEquals([...await columns.evaluate("chosen")], Array.from({ length: 40 }, (_, i) => i < 15 ? 1 : 0));
});

deviceTest("Columns.select() and rank() order NaN as 0, and infinite values first and last", async (device) => {
  using world = open(device, twoSided(8));
  const { columns } = world.trainer;
  await columns.rank("row", "0");
  await columns.compute("value", "choose(row == 1, 0 / 0, choose(row == 2, 1 / 0, choose(row == 3, -1 / 0, row - 5)))");
  // -5 NaN ∞ -∞ -1 0 1 2
  await columns.rank("place", "value");
  assertEquals([...columns.read("place")], [1, 3, 7, 0, 2, 4, 5, 6]);
  await columns.select("chosen", "value", { count: 4 });
  assertEquals(marked(world, "chosen"), [0, 1, 3, 4]);
});

deviceTest("Columns.draw() without replacement is an exponential race by weight", async (device) => {
  using world = open(device, twoSided(COUNT));
  const { columns } = world.trainer;
  // A third has no weight: negative, NaN, 0.
  await columns.rank("row", "0");
  await columns.compute("third", "row - 3 * floor(row / 3)");
  await columns.compute(
    "weight",
    "choose(third == 0, choose(means.0 > 0, choose(means.1 > 0, 0 / 0, -1), 0), exp(means.0))",
  );
  const weights = columns.read("weight");
  for (const [among, members] of [[undefined, ALL], ["means.2 < 0", ALL.filter((i) => i % 2 === 1)]] as const) {
    for (const count of [0, 1, 60, 101, COUNT - 20, COUNT, 2 * COUNT]) {
      await columns.draw("drawn", "weight", { ...DRAW, count, among });
      const expected = race(members, weights, count, { seed: SEED, ...DRAW });
      assertEquals(marked(world, "drawn"), expected.sort((a, b) => a - b), `${count} of ${members.length}`);
      assert(columns.read("drawn").every((value) => value === 0 || value === 1));
    }
  }
}, { seed: SEED });

deviceTest("Columns.draw() with replacement draws by integer weights", async (device) => {
  using world = open(device, twoSided(COUNT));
  const { columns } = world.trainer;
  await columns.compute("weight", "choose(means.1 > 0, exp(2 * means.0), means.1)"); // otherwise negative: never drawn
  const weights = columns.read("weight");
  for (const [among, members] of [[undefined, ALL], ["means.2 < 0", ALL.filter((i) => i % 2 === 1)]] as const) {
    for (const count of [0, 1, 5000]) {
      await columns.draw("drawn", "weight", { ...DRAW, count, among, replacement: true });
      const drawn = columns.read("drawn");
      assertEquals([...drawn], drawRepeatedly(members, weights, count, { seed: SEED, ...DRAW }));
      assertEquals(await columns.sum("drawn"), count);
    }
  }
  // Binomial counts: each within five standard deviations, and the mean of their squared deviations close to 1.
  const count = 200_000;
  await columns.draw("drawn", "weight", { ...DRAW, count, replacement: true });
  const positive = ALL.filter((i) => weights[i] > 0);
  const total = positive.reduce((sum, i) => sum + weights[i], 0);
  let squares = 0;
  columns.read("drawn").forEach((value, i) => {
    const p = Math.max(weights[i], 0) / total;
    if (p === 0) return assertEquals(value, 0, `row ${i} has no weight`);
    const deviation = (value - count * p) / Math.sqrt(count * p * (1 - p));
    assertLess(Math.abs(deviation), 5, `row ${i} was drawn ${value} times`);
    squares += deviation ** 2 / positive.length;
  });
  assertLess(Math.abs(squares - 1), 5 * Math.sqrt(2 / positive.length));
}, { seed: SEED });

deviceTest("Columns.draw() with replacement draws nothing when no weight is positive and finite", async (device) => {
  using world = open(device, twoSided(COUNT));
  const { columns } = world.trainer;
  for (const weights of ["0", "-1", "0 / 0", "1 / 0"]) {
    await columns.draw("drawn", weights, { ...DRAW, count: 10, replacement: true });
    assertEquals(await columns.sum("drawn"), 0, weights);
  }
  await columns.draw("drawn", "1", { ...DRAW, count: 10, replacement: true, among: "0" });
  assertEquals(await columns.sum("drawn"), 0);
  // Weights below 2^-20 of the largest become 0.
  await columns.rank("row", "0");
  await columns.draw("drawn", "choose(row == 3, 1, 0.0000009)", { ...DRAW, count: 100, replacement: true });
  assertEquals(columns.read("drawn")[3], 100);
});

deviceTest("Columns.draw() depends on stream, iteration and round, and repeats for the same", async (device) => {
  using world = open(device, twoSided(COUNT));
  const { columns } = world.trainer;
  for (const replacement of [false, true]) {
    const drawn = async (change: Partial<DrawOptions>) => {
      await columns.draw("drawn", "1", { ...DRAW, count: 100, replacement, ...change });
      return columns.read("drawn").join();
    };
    const first = await drawn({});
    assertEquals(await drawn({}), first);
    for (const change of [{ stream: 41 }, { iteration: 8 }, { round: 3 }]) assertNotEquals(await drawn(change), first);
    using other = await testDevice({ seed: SEED + 1 });
    using elsewhere = open(other, twoSided(COUNT));
    await elsewhere.trainer.columns.draw("drawn", "1", { ...DRAW, count: 100, replacement });
    assertNotEquals(elsewhere.trainer.columns.read("drawn").join(), first);
  }
}, { seed: SEED });

deviceTest("Columns.draw() rejects numbers that are out of range", async (device) => {
  using world = open(device, twoSided(4));
  const { columns } = world.trainer;
  const wrong: [Partial<DrawOptions>, string][] = [
    [{ count: -1 }, "count is -1"],
    [{ count: 2 ** 29, replacement: true }, "draw.count"],
    [{ stream: 0.5 }, "stream is 0.5"],
    [{ iteration: NaN }, "iteration is NaN"],
    [{ round: 2 ** 32 }, "round is 4294967296"],
    [{ among: "nobody" }, 'among "nobody" at byte 0'],
  ];
  for (const [change, words] of wrong) {
    await assertRejects(() => columns.draw("drawn", "1", { ...DRAW, count: 1, ...change }), TameError, words);
  }
  await assertRejects(() => columns.select("chosen", "1", { count: 1.5 }), TameError, "count is 1.5");
  await assertRejects(() => columns.evaluate("drawn"), TameError, "no column");
});
