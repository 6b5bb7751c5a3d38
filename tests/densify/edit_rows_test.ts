// Edits of rows: the source of each row, its new parameters, and what it inherits.
import { assert, assertAlmostEquals, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import type { Device } from "../../ffi/device.ts";
import { TameError } from "../../ffi/errors.ts";
import type { EditOptions, RowKind } from "../../ffi/trainer.ts";
import { STEP } from "../../ffi/trainer.ts";
import { rotationFromQuaternion } from "../../load/camera.ts";
import { deviceTest } from "../support/device.ts";
import { assertSameState, exportColumns, rowOf, type StateColumns } from "../support/trainer_state.ts";
import { EVERYTHING } from "../gpu/training.ts";
import { relocationScale } from "../reference/relocation.ts";
import { open, steps, twoSided, WEIGHTS, type World } from "./world.ts";

const COUNT = 8;
const PARAMETERS = ["means", "sh_dc", "sh_rest", "opacities", "log_scales", "quats"];
const STATISTICS = ["gradient_sum", "visible_steps", "max_radius", "fragment_count", "weight_sum", "score"];
const MOMENTS = [...PARAMETERS.flatMap((name) => [`${name}_m`, `${name}_v`]), "sh_rest_sum", "row_steps"];

/** Gaussians with moments, statistics and a score in every row; the column `row` is the row's index. */
async function world(device: Device, change: (world: World) => void | Promise<void> = () => {}): Promise<World> {
  const made = open(device, { ...twoSided(COUNT), capacity: 2 * COUNT, fragments: true, rowSteps: true });
  const flags = STEP.statistics | STEP.shAccumulate;
  const seen = [0, 1, 0, 1].map((view, i) => ({ view, flags: flags | (i < 2 ? STEP.shApply : 0), update: EVERYTHING }));
  await steps(made.trainer, seen);
  await made.trainer.score([0, 1], WEIGHTS, { shDegree: 1, background: [0, 0, 0] });
  for (const column of ["row_steps", "fragment_count", "weight_sum"]) {
    const numbers = Array.from({ length: COUNT }, (_, row) => row + 1);
    const values = column === "row_steps" ? Uint32Array.from(numbers) : Float32Array.from(numbers);
    await made.trainer.state.import({ column, offset: 0, data: new Uint8Array(values.buffer) });
  }
  await made.trainer.columns.rank("row", "0");
  await change(made);
  return made;
}

/** An expression for the kinds of rows 0, 1, 2, … */
function kindsOf(kinds: readonly number[]): string {
  return kinds.reduce((rest, kind, row) => `choose(row == ${row}, ${kind}, ${rest})`, "0");
}

/** Edits, and returns the state before and after. */
async function edit(
  { trainer }: World,
  kinds: readonly number[],
  table: readonly RowKind[],
  options: Partial<EditOptions> = {},
): Promise<{ before: StateColumns; after: StateColumns; count: number }> {
  const before = await exportColumns(trainer);
  const count = await trainer.columns.editRows(kindsOf(kinds), table, { iteration: 3, ...options });
  assertEquals([trainer.gaussians.count, trainer.state.progress.count], [count, count]);
  return { before, after: await exportColumns(trainer), count };
}

/**
 * Checks the source of each row, that only the parameters in `changed` differ, and that rows from `fresh` on (or the
 * listed ones) have zero moments.
 */
function assertRows(
  { before, after }: { before: StateColumns; after: StateColumns },
  from: readonly number[],
  { fresh, changed = () => [] }: { fresh: number | readonly number[]; changed?: (row: number) => readonly string[] },
): void {
  const isFresh = (row: number) => typeof fresh === "number" ? row >= fresh : fresh.includes(row);
  assertEquals(after.get("opacities")!.data.length, from.length);
  from.forEach((source, row) => {
    for (const name of [...PARAMETERS, ...STATISTICS]) {
      if (changed(row).includes(name)) continue;
      assertEquals(rowOf(after, name, row), rowOf(before, name, source), `${name} of row ${row}`);
    }
    for (const name of MOMENTS) {
      const old = rowOf(before, name, source);
      assertEquals(rowOf(after, name, row), isFresh(row) ? old.map(() => 0) : old, `${name} of row ${row}`);
    }
  });
}

const KEEP: RowKind = { operation: "keep" };

deviceTest("Columns.editRows() keeps and removes rows, in their order", async (device) => {
  using made = await world(device);
  for (const name of [...MOMENTS, ...STATISTICS]) {
    const { data, values } = (await exportColumns(made.trainer)).get(name)!;
    for (let row = 0; row < COUNT; row++) {
      assert(
        data.subarray(values * row, values * (row + 1)).some((value) => value !== 0),
        `${name} of row ${row} is 0`,
      );
    }
  }
  const edited = await edit(made, [0, 1, 0, 0, 1, 0, 0, 1], [KEEP, { operation: "remove" }]);
  assertRows(edited, [0, 2, 3, 5, 6], { fresh: Infinity });
  assertRows(await edit(made, [], [KEEP]), [0, 1, 2, 3, 4], { fresh: Infinity });
});

deviceTest("Columns.editRows() appends 0, 1 or more copies in the order of their sources", async (device) => {
  using made = await world(device);
  const edited = await edit(made, [0, 1, 0, 1, 1], [KEEP, { operation: "copy" }], { copies: "row - 1" });
  assertRows(edited, [0, 1, 2, 3, 4, 5, 6, 7, 3, 3, 4, 4, 4], { fresh: 8 });
  using one = await world(device); // one each by default
  assertRows(await edit(one, [0, 1, 1], [KEEP, { operation: "copy" }]), [0, 1, 2, 3, 4, 5, 6, 7, 1, 2], { fresh: 8 });
});

deviceTest("Columns.editRows() clears the moments of copied rows if the kind says so", async (device) => {
  using made = await world(device);
  const table: RowKind[] = [KEEP, { operation: "copy", clearMoments: true }];
  // Row 1 gives no copy: it is unchanged.
  const edited = await edit(made, [0, 1, 1, 1], table, { copies: "row == 2 | row == 3" });
  assertRows(edited, [0, 1, 2, 3, 4, 5, 6, 7, 2, 3], { fresh: [2, 3, 8, 9] });
  using kept = await world(device);
  const cleared = await edit(kept, [1, 0], [KEEP, { operation: "keep", clearMoments: true }]);
  assertRows(cleared, [0, 1, 2, 3, 4, 5, 6, 7], { fresh: [0] });
});

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

for (const mode of ["logit", "linear"] as const) {
  const opacities = [0.5, 0.9, 0.99, 0.02, 0.3, 0.6, 0.7, 0.8];
  const withOpacities = async ({ trainer }: World) => {
    trainer.setOpacityMode(mode);
    for (const [row, o] of opacities.entries()) {
      await trainer.columns.compute("used_opacity", `${o}`, { rows: `row == ${row}` });
    }
    await steps(trainer, [0, 1].map((view) => ({ view, update: EVERYTHING, learningRates: new Array(6).fill(0) })));
  };
  const used = ({ trainer }: World) => trainer.columns.read("used_opacity");

  deviceTest(`Columns.editRows() shares a ${mode} opacity between a row and its copies`, async (device) => {
    for (const share of ["opacity", "volume", 0.6] as const) {
      using made = await world(device, withOpacities);
      const edited = await edit(made, [1, 1, 1, 0], [KEEP, { operation: "copy", share }], {
        copies: "choose(row == 0, 1, choose(row == 1, 3, 0))",
      });
      const from = [0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 1, 1];
      const touched = (row: number) => from[row] < 2;
      const changed = share === "volume" ? ["opacities", "log_scales"] : ["opacities"];
      assertRows(edited, from, { fresh: 8, changed: (row) => touched(row) ? changed : [] });
      used(made).forEach((value, row) => {
        const [o, n] = [opacities[from[row]], from[row] === 0 ? 2 : 4];
        const shared = 1 - (1 - o) ** (1 / n);
        if (!touched(row)) return assertAlmostEquals(value, o, 1e-6);
        assertAlmostEquals(value, share === 0.6 ? 0.6 * o : shared, 2e-6, `row ${row}`);
        if (share !== "volume") return;
        const shift = Math.log(relocationScale(o, shared, n));
        const old = rowOf(edited.before, "log_scales", from[row]);
        rowOf(edited.after, "log_scales", row).forEach((now, k) => assertAlmostEquals(now, old[k] + shift, 1e-5));
      });
    }
  });

  deviceTest(`Columns.editRows() turns relocated rows into copies of others, in ${mode} mode`, async (device) => {
    using made = await world(device, withOpacities);
    const table: RowKind[] = [KEEP, { operation: "relocate" }, {
      operation: "giveCopies",
      share: "volume",
      clearMoments: true,
    }];
    // Rows 0 and 2 and 5 become copies: two of row 4, then one of row 6; row 7 gives none.
    const edited = await edit(made, [1, 0, 1, 0, 2, 1, 2, 2], table, {
      copies: "choose(row == 4, 2, row == 6)",
    });
    const from = [4, 1, 4, 3, 4, 6, 6, 7];
    const changed = ["opacities", "log_scales"];
    assertRows(edited, from, { fresh: [0, 2, 4, 5, 6], changed: (row) => [4, 6].includes(from[row]) ? changed : [] });
    const rows = used(made);
    for (const [source, n] of [[4, 3], [6, 2]]) {
      const o = opacities[source];
      const shared = 1 - (1 - o) ** (1 / n);
      const shift = Math.log(relocationScale(o, shared, n));
      const old = rowOf(edited.before, "log_scales", source);
      from.forEach((of, row) => {
        if (of !== source) return;
        assertAlmostEquals(rows[row], shared, 2e-6);
        rowOf(edited.after, "log_scales", row).forEach((now, k) => assertAlmostEquals(now, old[k] + shift, 1e-5));
      });
      assertAlmostEquals(1 - (1 - rows[source]) ** n, o, 1e-5); // the opacity at the centre stays
    }
  });
}

deviceTest("Columns.editRows() computes the shares of 2, 8 and 51 rows", async (device) => {
  for (
    const [o, n, shared, scale] of [[0.5, 2, 0.2929, 0.9522], [0.9, 8, 0.2501, 0.7805], [0.99, 51, 0.0863, 0.6421]]
  ) {
    using made = open(device, { ...twoSided(1), capacity: 60 });
    const { columns } = made.trainer;
    await columns.compute("used_opacity", `${o}`);
    const before = columns.read("log_scales.1")[0];
    await columns.editRows("0", [{ operation: "copy", share: "volume" }], { iteration: 1, copies: `${n - 1}` });
    assertEquals(made.gaussians.count, n);
    for (const value of columns.read("used_opacity")) assertAlmostEquals(value, shared, 5e-5);
    for (const value of columns.read("log_scales.1")) assertAlmostEquals(Math.exp(value - before), scale, 5e-5);
  }
});

deviceTest("Columns.editRows() replaces a split row by two children", async (device) => {
  using made = await world(device);
  const split: RowKind = { operation: "split", place: "random", logScale: -0.5, share: "opacity" };
  const edited = await edit(made, [0, 1, 0, 0, 1], [KEEP, split]);
  const from = [0, 1, 2, 3, 4, 5, 6, 7, 1, 4];
  const isChild = (row: number) => from[row] === 1 || from[row] === 4;
  const changed = ["means", "log_scales", "opacities"];
  assertRows(edited, from, { fresh: [1, 4, 8, 9], changed: (row) => isChild(row) ? changed : [] });
  const { before, after } = edited;
  for (const row of [1, 4, 8, 9]) {
    const source = from[row];
    const old = rowOf(before, "log_scales", source);
    rowOf(after, "log_scales", row).forEach((value, k) => assertAlmostEquals(value, old[k] - 0.5, 1e-6));
    const o = sigmoid(rowOf(before, "opacities", source)[0]);
    assertAlmostEquals(sigmoid(rowOf(after, "opacities", row)[0]), 1 - Math.sqrt(1 - o), 1e-6);
    // Within five standard deviations along each axis, and not at the parent's mean.
    const [mean, child] = [rowOf(before, "means", source), rowOf(after, "means", row)];
    const far = Math.hypot(...child.map((value, k) => value - mean[k]));
    assert(far > 0 && far < 5 * Math.sqrt(3) * Math.exp(Math.max(...old)), `child ${row} is ${far} away`);
  }
  assertNotEquals(rowOf(after, "means", 1), rowOf(after, "means", 8));
});

deviceTest("Columns.editRows() draws children's means from iteration and round", async (device) => {
  const means: string[] = [];
  for (const [iteration, round] of [[3, 0], [3, 0], [3, 1], [4, 0]]) {
    using made = await world(device);
    const { after } = await edit(made, [1], [KEEP, { operation: "split", place: "random" }], { iteration, round });
    means.push(rowOf(after, "means", 0).join());
  }
  assertEquals(means[1], means[0]);
  assertEquals(new Set(means).size, 3);
});

/** The mean of a child along the longest axis: `offset` scales away, on the side of `sign`. */
function alongLongest(before: StateColumns, row: number, offset: number): number[] {
  const scales = rowOf(before, "log_scales", row).map(Math.exp);
  const longest = scales.indexOf(Math.max(...scales)); // ties: the first
  const quat = rowOf(before, "quats", row);
  const length = Math.hypot(...quat);
  const rotation = rotationFromQuaternion(quat.map((value) => value / length));
  return rowOf(before, "means", row).map((value, k) => value + offset * scales[longest] * rotation[3 * k + longest]);
}

deviceTest("Columns.editRows() splits along the longest axis, for ties along the first", async (device) => {
  using made = await world(device, async ({ trainer }) => {
    await trainer.columns.compute("log_scales.2", "log_scales.1", { rows: "row == 2" });
    await trainer.columns.compute("log_scales.0", "log_scales.1 - 1", { rows: "row == 2" });
  });
  const split: RowKind = {
    operation: "split",
    place: "longAxis",
    offset: 0.75,
    logScale: -0.7,
    logScaleOthers: -0.1,
    share: 0.5,
  };
  const edited = await edit(made, [0, 1, 1, 1], [KEEP, split]);
  const { before, after } = edited;
  const from = [0, 1, 2, 3, 4, 5, 6, 7, 1, 2, 3];
  const children = [1, 2, 3, 8, 9, 10];
  const changed = ["means", "log_scales", "opacities"];
  assertRows(edited, from, { fresh: children, changed: (row) => children.includes(row) ? changed : [] });
  for (const row of children) {
    const source = from[row];
    const expected = alongLongest(before, source, row < COUNT ? 0.75 : -0.75);
    rowOf(after, "means", row).forEach((value, k) => assertAlmostEquals(value, expected[k], 1e-5));
    const old = rowOf(before, "log_scales", source);
    const longest = old.indexOf(Math.max(...old));
    rowOf(after, "log_scales", row).forEach((value, k) =>
      assertAlmostEquals(value, old[k] - (k === longest ? 0.7 : 0.1), 1e-6)
    );
    const o = sigmoid(rowOf(before, "opacities", source)[0]);
    assertAlmostEquals(sigmoid(rowOf(after, "opacities", row)[0]), o / 2, 1e-6);
  }
});

deviceTest("Columns.editRows() adds a child and does not change its parent", async (device) => {
  for (const place of ["same", "longAxis"] as const) {
    using made = await world(device);
    const child: RowKind = { operation: "addChild", place, offset: 0.5, logScale: -1, logScaleOthers: -1, share: 0.6 };
    const edited = await edit(made, [0, 0, 0, 1, 0, 1], [KEEP, child]);
    const from = [0, 1, 2, 3, 4, 5, 6, 7, 3, 5];
    const changed = ["log_scales", "opacities", ...(place === "same" ? [] : ["means"])];
    assertRows(edited, from, { fresh: 8, changed: (row) => row < 8 ? [] : changed });
    for (const row of [8, 9]) {
      const old = rowOf(edited.before, "log_scales", from[row]);
      rowOf(edited.after, "log_scales", row).forEach((value, k) => assertAlmostEquals(value, old[k] - 1, 1e-6));
      const o = sigmoid(rowOf(edited.before, "opacities", from[row])[0]);
      assertAlmostEquals(sigmoid(rowOf(edited.after, "opacities", row)[0]), 0.6 * o, 1e-6);
      if (place === "same") continue;
      const expected = alongLongest(edited.before, from[row], 0.5);
      rowOf(edited.after, "means", row).forEach((value, k) => assertAlmostEquals(value, expected[k], 1e-5));
    }
  }
});

deviceTest(
  "Columns.editRows() appends rows in the order of their sources, or children after all others",
  async (device) => {
    const table: RowKind[] = [KEEP, { operation: "remove" }, { operation: "copy" }, { operation: "split" }, {
      operation: "addChild",
    }];
    const kinds = [3, 2, 1, 4, 3, 0, 2, 0];
    using first = await world(device);
    assertRows(await edit(first, kinds, table, { copies: "1 + (row == 6)" }), [0, 1, 3, 4, 5, 6, 7, 0, 1, 3, 4, 6, 6], {
      fresh: [0, 3, 7, 8, 9, 10, 11, 12],
    });
    using last = await world(device);
    const options = { copies: "1 + (row == 6)", childrenLast: true };
    assertRows(await edit(last, kinds, table, options), [1, 3, 5, 6, 7, 1, 3, 6, 6, 0, 4, 0, 4], { fresh: 5 });
  },
);

deviceTest("Columns.editRows() changes nothing when an edit is invalid", async (device) => {
  using made = await world(device);
  const { columns } = made.trainer;
  const before = await exportColumns(made.trainer);
  const copy: RowKind[] = [KEEP, { operation: "copy" }];
  const relocate: RowKind[] = [KEEP, { operation: "relocate" }, { operation: "giveCopies" }];
  const wrong: [kinds: string, table: RowKind[], copies: string | undefined, words: string][] = [
    ["1", copy, "2", "more rows than the Gaussians' capacity of 16"],
    ["row == 7", copy, "9", "more rows than the Gaussians' capacity of 16"],
    ["row == 7", copy, "268435456", "more rows than the Gaussians' capacity of 16"],
    ["1", copy, "0.5", "copies is 0.5 at row 0: expected a whole number from 0"],
    ["row == 3", copy, "-1", "copies is -1 at row 3"],
    ["row == 3", copy, "0 / 0", "nan at row 3"],
    ["row == 3", copy, "1e30", "copies is 1e+30 at row 3"],
    ["row", copy, undefined, "kinds is 2 at row 2: expected a whole number from 0 to 1"],
    ["1", [KEEP, { operation: "remove" }], undefined, "removes every row"],
    ["row == 0", relocate, undefined, "1 rows are to be relocated, and 0 copies are given"],
    ["2 * (row == 0)", relocate, undefined, "0 rows are to be relocated, and 1 copies are given"],
    ["choose(row == 0, 2, row < 3)", relocate, "3", "2 rows are to be relocated, and 3 copies are given"],
    ["0", [{ operation: "copy", share: 1.5 }], undefined, "Row kind 0: opacity_factor is 1.5"],
    ["0", [KEEP, { operation: "split", offset: -1 }], undefined, "Row kind 1: offset is -1"],
    ["0", [], undefined, "n is 0: expected 1 to 16"],
    ["0", new Array(17).fill(KEEP), undefined, "n is 17: expected 1 to 16"],
    ["nobody", copy, undefined, 'kinds "nobody" at byte 0'],
    ["0", copy, "nobody", 'copies "nobody" at byte 0'],
    ["0", [{ operation: "move" as "copy" }], undefined, 'no operation "move"'],
    ["0", [{ operation: "split", place: "here" as "same" }], undefined, 'no place "here"'],
    ["0", [{ operation: "copy", share: "half" as "none" }], undefined, 'no share "half"'],
  ];
  for (const [kinds, table, copies, words] of wrong) {
    await assertRejects(() => columns.editRows(kinds, table, { iteration: 3, copies }), TameError, words);
  }
  await assertRejects(() => columns.editRows("0", copy, { iteration: 0.5 }), TameError, "iteration is 0.5");
  await assertRejects(() => columns.editRows("0", copy, { iteration: 1, round: -1 }), TameError, "round is -1");
  assertSameState(await exportColumns(made.trainer), before);
  assertEquals([...columns.read("row")], [...Array(COUNT).keys()]);
});

deviceTest("Columns.clearMoments() zeroes the moments of the given parameters at the given rows", async (device) => {
  using made = await world(device);
  const { columns } = made.trainer;
  const index = (name: string) => PARAMETERS.indexOf(name);
  const before = await exportColumns(made.trainer);
  await columns.clearMoments(1 << index("means") | 1 << index("opacities"), "row == 2 | row >= 6");
  await columns.clearMoments(1 << index("quats"));
  await columns.clearMoments(0);
  const after = await exportColumns(made.trainer);
  for (const [name, { values, data }] of before) {
    const expected = data.map((value, i) => {
      const row = Math.floor(i / values);
      const cleared = /^quats_[mv]$/.test(name) || (/^(means|opacities)_[mv]$/.test(name) && (row === 2 || row >= 6));
      return cleared ? 0 : value;
    });
    assertEquals(after.get(name)!.data, expected, name);
  }
  assertEquals(Object.values(made.trainer.state.progress.steps), [4, 4, 2, 4, 4, 4]);
  await assertRejects(() => columns.clearMoments(64), TameError, "mask is 64: expected 0 to 63");
  await assertRejects(() => columns.clearMoments(1, "nobody"), TameError, 'rows "nobody" at byte 0');
});
