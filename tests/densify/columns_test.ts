// Expressions over columns: grammar, reading and writing, and scratch columns in edits of rows.
import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { TameError } from "../../ffi/errors.ts";
import { STEP } from "../../ffi/trainer.ts";
import { assertSameBits } from "../raster/compare.ts";
import { deviceTest } from "../support/device.ts";
import { open, sources, steps, twoSided, WEIGHTS } from "./world.ts";

const COUNT = 40;

const VALUES: [expression: string, value: number][] = [
  // By increasing precedence: | & comparisons sums products signs.
  ["1 | 0 & 0", 1],
  ["(1 | 0) & 0", 0],
  ["1 == 2 | 2 == 2", 1],
  ["0 == 0 & 1 == 2", 0],
  ["1 + 1 < 3", 1],
  ["3 < 1 + 1", 0],
  ["1 + 2 * 3", 7],
  ["(1 + 2) * 3", 9],
  ["-2 * -3", 6],
  ["- -2", 2],
  ["-2 + 3", 1],
  ["!0 + 1", 2],
  ["!(0 + 1)", 0],
  ["!2 == 0", 1],
  // Left-associative.
  ["8 / 2 / 2", 2],
  ["5 - 3 - 1", 1],
  ["3 > 2 > 1", 0],
  // 1 or 0; any value but 0 is true.
  ["2 & 3", 1],
  ["0 | 0.5", 1],
  ["!-7", 0],
  ["2 <= 2", 1],
  ["2 >= 3", 0],
  ["2 != 2", 0],
  ["2 > 1", 1],
  ["1e-3 + .5 + 1.5e+2", 150.501],
  ["min(2, 3) + max(2, 3) * 10", 32],
  ["exp(1)", Math.E],
  ["log(2)", Math.LN2],
  ["sqrt(2)", Math.SQRT2],
  ["abs(-3) + abs(2)", 5],
  ["floor(-1.5)", -2],
  ["sigmoid(0) + sigmoid(100)", 1.5],
  ["logit(0.25)", -Math.log(3)],
  ["choose(2, 3, 4) * 10 + choose(0, 3, 4)", 34],
  ["max(0 / 0, 1)", 1],
  ["max(1, 0 / 0)", 1],
  ["min(0 / 0, 1)", 1],
  ["min(1, 0 / 0)", 1],
  ["0 / 0 == 0 / 0", 0],
  ["1 / 0", Infinity],
  ["\n min ( 1 ,\n 2 ) ", 1],
];

deviceTest("Columns.evaluate() evaluates operators by precedence, functions and numbers", async (device) => {
  using world = open(device, twoSided(2));
  for (const [expression, value] of VALUES) {
    for (const result of await world.trainer.columns.evaluate(expression)) {
      if (Number.isFinite(value)) assertAlmostEquals(result, value, 1e-6 * Math.abs(value), expression);
      else assertEquals(result, value, expression);
    }
  }
});

deviceTest("Columns.read() computes in 32-bit floats, in the order written", (device) => {
  using world = open(device, twoSided(1));
  const { columns } = world.trainer;
  assertEquals(columns.read("16777216 + 1 - 16777216"), new Float32Array([0]));
  assertEquals(columns.read("0.1 + 0.2"), new Float32Array([Math.fround(0.1) + Math.fround(0.2)]));
  // A number is parsed as a double and rounded to float.
  assertEquals(columns.read("1.00000017881393432617187499"), new Float32Array([1.000000178813934326]));
});

deviceTest("Columns.read() reads parameters, moments, statistics and scores by name", async (device) => {
  using world = open(device, twoSided(COUNT));
  const { trainer, gaussians } = world;
  const { columns } = trainer;
  assertEquals(columns.read("score"), new Float32Array(COUNT));
  await steps(trainer, [{ flags: STEP.statistics | STEP.shAccumulate }]); // sees one half
  await trainer.score([0, 1], WEIGHTS, { shDegree: 1, background: [0, 0, 0] });
  const every = (values: Float32Array, width: number, k: number) => values.filter((_, i) => i % width === k);
  assertEquals(columns.read("means.2"), every(gaussians.download("means"), 3, 2));
  assertEquals(columns.read("quats.3"), every(gaussians.download("quats"), 4, 3));
  assertEquals(columns.read("sh_dc.1"), every(gaussians.download("shDc"), 3, 1));
  assertEquals(columns.read("sh_rest.8"), every(gaussians.download("shRest"), 9, 8));
  assertEquals(columns.read("opacities"), gaussians.download("opacities"));
  assertEquals(columns.read("opacities.0"), gaussians.download("opacities"));
  columns.read("used_opacity").forEach((value, i) => {
    assertAlmostEquals(value, 1 / (1 + Math.exp(-gaussians.download("opacities")[i])), 1e-6);
  });
  for (const name of ["means_m.0", "log_scales_v.1", "sh_rest_sum.0", "score", "gradient_sum", "max_radius"]) {
    assert(columns.read(name).filter((value) => value !== 0).length > COUNT / 3, name);
  }
  assertEquals([...new Set(columns.read("visible_steps"))].sort(), [0, 1]);
});

const ERRORS: [expression: string, byte: number, words: string][] = [
  ["1 +", 3, "expected a number, a column, a function"],
  ["1 2", 2, "expected an operator or the end"],
  ["(1", 2, 'expected ")"'],
  ["1)", 1, "expected an operator or the end"],
  ["1 || 1", 3, "expected a number, a column"],
  ["min(1)", 5, 'expected "," and another argument'],
  ["abs(1, 2)", 5, 'expected ")"'],
  ["2 * fine(1)", 4, 'there is no function "fine"'],
  ["1 + nobody", 4, 'there is no column "nobody" with one value per Gaussian'],
  ["means", 0, 'there is no column "means"'],
  ["log_scales.3", 0, 'there is no column "log_scales.3"'],
  ["log_scales.x", 0, 'there is no column "log_scales.x"'],
  ["log_scales.", 0, 'there is no column "log_scales."'],
  ["row_steps", 0, 'there is no column "row_steps"'],
  ["1e999", 0, "expected a number"],
  ["2 + 1e", 4, "expected a number"],
  ["1.5.5", 3, "expected an operator"],
  [". + 1", 0, "expected a number"],
  ["0x10", 1, "expected an operator"],
  ["1 + é", 4, "expected a number, a column"],
  ["-".repeat(64) + "1", 64, "at most 64 levels"],
  ["(".repeat(64) + "1" + ")".repeat(64), 64, "at most 64 levels"],
  ["abs(".repeat(64) + "1" + ")".repeat(64), 256, "at most 64 levels"],
];

deviceTest("Columns.evaluate() reports the byte at which an expression is wrong", async (device) => {
  using world = open(device, twoSided(2));
  const { columns } = world.trainer;
  for (const [expression, byte, words] of ERRORS) {
    const error = await assertRejects(() => columns.evaluate(expression), TameError, words, expression);
    assertEquals(error.status, "invalid argument");
    assert(error.message.includes(`at byte ${byte}: `), error.message);
  }
  assertEquals(columns.read("-".repeat(63) + "1"), new Float32Array([-1, -1]));
  assertEquals(columns.read("(".repeat(63) + "1" + ")".repeat(63)), new Float32Array([1, 1]));
  await assertRejects(() => columns.evaluate(""), TameError, "expression is 0: expected 1 to 4096");
  await assertRejects(() => columns.evaluate("1" + " ".repeat(4096)), TameError, "expression is 4097");
  assertThrows(() => columns.read("nobody"), TameError, "byte 0");
  await assertRejects(() => columns.sum("nobody"), TameError, "byte 0");
});

deviceTest("Columns.evaluate() reads numbers as JavaScript does", async (device) => {
  using world = open(device, twoSided(1));
  const { columns } = world.trainer;
  for (const text of ["7", "0.1", ".5", "3.", "1e3", "2.5E-3", "1e+2", "16777217", "1.00000005960464477540", "3e38"]) {
    assertEquals(await columns.evaluate(`${text}-1`), new Float32Array([Math.fround(Number(text)) - 1]), text);
  }
});

deviceTest("Columns.sum() adds in float64, in the order of the rows", async (device) => {
  using world = open(device, twoSided(COUNT));
  const { columns } = world.trainer;
  await columns.compute("large", "choose(means.2 > 0, 16777216, 0.1) + means.0");
  const values = columns.read("large");
  assertEquals(await columns.sum("large"), values.reduce((sum, value) => sum + value, 0));
});

deviceTest("Columns.compute() writes one plane of the state, or the selected rows of it", async (device) => {
  using world = open(device, twoSided(COUNT));
  const { trainer, gaussians, splats } = world;
  const { columns } = trainer;
  await steps(trainer, [{ view: 0 }, { view: 1 }]);
  const before = gaussians.toArrays();
  await columns.compute("log_scales.1", "log_scales.0 - 1");
  await columns.compute("means.2", "100", { rows: "means.2 < 0" });
  await columns.compute("quats_m.2", "0.25");
  await columns.compute("score", "means.0", { rows: "means.2 == 100" });
  const after = gaussians.toArrays();
  after.logScales.forEach((value, i) => {
    assertEquals(value, i % 3 === 1 ? Math.fround(before.logScales[i - 1] - 1) : before.logScales[i]);
  });
  after.means.forEach((value, i) => {
    assertEquals(value, i % 6 === 5 ? 100 : before.means[i], `mean ${i}`); // odd rows are behind the camera
  });
  for (const field of ["quats", "opacities", "sh"] as const) assertSameBits(after[field], before[field], field);
  assertEquals(new Set(columns.read("quats_m.2")), new Set([0.25]));
  assertEquals(trainer.scores(), before.means.filter((_, i) => i % 3 === 0).map((x, row) => row % 2 === 1 ? x : 0));
  assertEquals(splats.opacities.length, COUNT);
});

for (const mode of ["logit", "linear"] as const) {
  deviceTest(
    `Columns.compute() stores a used opacity as a ${mode} one, and does not change other rows`,
    async (device) => {
      using world = open(device, twoSided(COUNT));
      const { trainer } = world;
      const { columns } = trainer;
      trainer.setOpacityMode(mode);
      if (mode === "linear") await columns.compute("opacities", "-opacities", { rows: "means.0 > 0" }); // used as |x|
      const [stored, used] = [columns.read("opacities"), columns.read("used_opacity")];
      await columns.compute("used_opacity", "max(used_opacity / 2, 1 / 128)", { rows: "means.2 > 0" });
      const now = columns.read("opacities");
      columns.read("used_opacity").forEach((value, i) => {
        if (i % 2 === 1) assertEquals(now[i], stored[i]);
        assertAlmostEquals(value, i % 2 === 1 ? used[i] : Math.max(used[i] / 2, 1 / 128), 1e-6);
      });
      if (mode === "linear") assert(now.some((value) => value < 0));
      // Clamped away from 0 and 1.
      for (const [expression, end] of [["2", 1 - 1e-6], ["-1", 1e-6], ["1", 1 - 1e-6]] as const) {
        await columns.compute("used_opacity", expression);
        for (const value of columns.read("used_opacity")) assertAlmostEquals(value, end, 1e-7);
        assert(columns.read("opacities").every(Number.isFinite));
      }
    },
  );
}

deviceTest("Columns.compute() rejects columns that it cannot write, and changes nothing", async (device) => {
  using world = open(device, twoSided(COUNT));
  const { columns } = world.trainer;
  const before = world.gaussians.toArrays();
  const wrong: [name: string, words: string][] = [
    ["visible_steps", '"visible_steps" holds whole numbers'],
    ["means", 'column is "means"'],
    ["quats_m", 'column is "quats_m"'],
    ["means.3", 'column is "means.3"'],
    ["own.1", 'column is "own.1"'],
    ["2nd", 'column is "2nd"'],
    ["a b", 'column is "a b"'],
    ["é", 'column is "é"'],
    ["a".repeat(65), `column is "${"a".repeat(64)}"`],
    ["", "column is 0: expected 1 to 4096"],
  ];
  for (const [name, words] of wrong) {
    await assertRejects(() => columns.compute(name, "1"), TameError, words);
    if (name !== "") await assertRejects(() => columns.select(name, "1", { count: 1 }), TameError, words);
  }
  await assertRejects(() => columns.compute("own", "1", { rows: "1" }), TameError, '"own" does not exist yet');
  await assertRejects(() => columns.compute("means.0", "1", { rows: "nobody" }), TameError, "rows");
  assertEquals(world.gaussians.toArrays(), before);
});

deviceTest("Columns.editRows() moves scratch columns with their rows, unless they stay", async (device) => {
  using world = open(device, twoSided(6));
  const { columns } = world.trainer;
  await columns.rank("row", "0"); // ties: the first row comes first
  await columns.compute("follows", "row + 10");
  await columns.compute("stays", "row + 10", { stays: true });
  // Rows 0 and 5 are removed, row 3 is copied twice.
  const table = [{ operation: "keep" }, { operation: "remove" }, { operation: "copy" }] as const;
  await columns.editRows("choose(row == 0 | row == 5, 1, choose(row == 3, 2, 0))", table, {
    iteration: 1,
    copies: "2",
  });
  assertEquals(sources(world.gaussians), [1, 2, 3, 4, 3, 3]);
  assertEquals([...columns.read("follows")], [11, 12, 13, 14, 13, 13]);
  assertEquals([...columns.read("stays")], [10, 11, 12, 13, 14, 15]);
  await columns.editRows("2 * (row == 1)", table, { iteration: 1, copies: "3" });
  assertEquals([...columns.read("stays")], [10, 11, 12, 13, 14, 15, 0, 0, 0]);
  assertEquals([...columns.read("follows")], [11, 12, 13, 14, 13, 13, 11, 11, 11]);
  await columns.editRows("row != 1", table, { iteration: 1 });
  assertEquals([...columns.read("stays")], [10, 11, 12, 13]);
  columns.drop();
  await assertRejects(() => columns.evaluate("follows"), TameError, 'no column "follows"');
});
