// The benchmark of sizes: the scenes it makes, what it measures of them, its table and its picture.

import { assert, assertAlmostEquals, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { join } from "@std/path";
import { PHASES } from "../../ffi/device.ts";
import { checkSplats } from "../../ffi/gaussians.ts";
import { exponents, line } from "../../scripts/bench/growth.ts";
import { amountOf, scale, type ScalePoint, type ScaleSize, sizesOf } from "../../scripts/bench/scale.ts";
import { scalePlot } from "../../scripts/bench/scale_plot.ts";
import { type ScaleReport, scaleText } from "../../scripts/bench/scale_report.ts";
import { circleCameras, cloudArrays, stripes } from "../../scripts/bench/synthetic.ts";
import { threeDigits } from "../../scripts/bench/table.ts";
import { deviceTest } from "../support/device.ts";
import { ended, start } from "../support/process.ts";

const SMALL: ScaleSize = { gaussians: 500, shDegree: 1, width: 64, height: 48, threads: 1 };

/** A point whose phases take equal shares of the step. */
function point(gaussians: number, step: number, pairs: number): ScalePoint {
  const phases = PHASES.filter((phase) => phase !== "score");
  const part = (name: string, least: number) => ({ name, work: "some", seconds: 2 * least, least, runs: 3 });
  const none = { gaussians, visible: 0, pixels: 0, evaluated: 0, blended: 0, parameters: 59 };
  return {
    ...SMALL,
    gaussians,
    counts: { ...none, instances: pairs },
    parts: [part("step", step), ...phases.map((phase) => part(`phase: ${phase}`, step / phases.length))],
    memory: 2 ** 20 * gaussians / 1000,
    trainingState: 720,
  };
}

function report(points: ScalePoint[], options: Partial<ScaleReport> = {}): ScaleReport {
  const names = { tame: "1", deno: "2", target: "x86_64", cpu: "Some", device: "Some GPU", code: "sm_90" };
  return {
    machine: { ...names, cores: 2, threads: 2, backend: "cuda" },
    scale: "gaussians",
    points,
    leftOut: [],
    ...options,
  };
}

/** The table's rows by the names of its columns; both keep single spaces within a cell. */
function table(text: string): Record<string, string>[] {
  const lines = text.split("\n");
  const first = lines.findIndex((row) => row.startsWith("Gaussians"));
  const [head, ...rows] = lines.slice(first, lines.indexOf("", first)).map((row) => row.trim().split(/ {2,}/));
  return rows.map((row) => {
    assertEquals(row.length, head.length);
    return Object.fromEntries(head.map((name, c) => [name, row[c]]));
  });
}

Deno.test("line() finds slope, offset and r2 when points lie on a line, and a smaller r2 when they do not", () => {
  const { slope, offset, r2 } = line([1, 2, 5], [5, 7, 13]);
  assertAlmostEquals(slope, 2, 1e-12);
  assertAlmostEquals(offset, 3, 1e-12);
  assertAlmostEquals(r2, 1, 1e-12);
  assertAlmostEquals(line([0, 1, 2], [0, 1, 0]).r2, 0, 1e-12);
});

Deno.test("exponents() is 1 where growth is in proportion, 0 where there is none, 2 where it is quadratic", () => {
  const found = exponents([1, 3, 30, 60, 120], [5, 15, 15, 60, 30]);
  [1, 0, 2, -1].forEach((exponent, i) => assertAlmostEquals(found[i], exponent, 1e-12));
  assertEquals(found.length, 4);
  assertEquals(exponents([7], [1]), []);
});

Deno.test("threeDigits() keeps three digits of small numbers and all before the point of large ones", () => {
  const values = [0.03124, 4.526, 99.96, 141.4, 1234.4, -0.5];
  assertEquals(values.map(threeDigits), ["0.0312", "4.53", "100", "141", "1 234", "-0.500"]);
});

Deno.test("cloudArrays() makes the same Gaussians each time, spread evenly over the cube", () => {
  const count = 8000;
  for (const shDegree of [0, 1, 3]) {
    const cloud = cloudArrays(count, shDegree);
    assertEquals(checkSplats(cloud), count);
    assertEquals(cloudArrays(count, shDegree), cloud);
  }
  // In every version too, or figures measured with one would be of other scenes than those of the next.
  assertEquals(cloudArrays(2, 0).opacities, new Float32Array([1.233106255531311, 1.3941649198532104]));
  const { means, sh, quats } = cloudArrays(count, 3);
  const octants = new Array(8).fill(0);
  for (let i = 0; i < count; i++) {
    octants[(means[3 * i] > 0 ? 1 : 0) + (means[3 * i + 1] > 0 ? 2 : 0) + (means[3 * i + 2] > 0 ? 4 : 0)]++;
  }
  for (const inside of octants) assertAlmostEquals(inside, count / 8, 120); // 4 standard deviations
  assert(means.every((value) => Math.abs(value) <= 1));
  assert(sh.every((value) => Math.abs(value) <= 0.5));
  assert(new Set(means).size > 0.99 * means.length);
  assertNotEquals(means.slice(0, 9), quats.slice(0, 9).map((value) => 2 * value)); // numbers are not drawn again
});

Deno.test("cloudArrays() makes Gaussians of the size of their share: eight times as many are half as large", () => {
  const mean = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [few, many] = [cloudArrays(1000, 0), cloudArrays(8000, 0)];
  assertAlmostEquals(mean(few.logScales) - mean(many.logScales), Math.log(2), 0.03);
});

Deno.test("circleCameras() sees the middle of the cube in the middle of the picture, from all sides", () => {
  const cameras = circleCameras(4, SMALL);
  const places = cameras.map(({ rotation: r, translation: t }) => {
    return [0, 1, 2].map((axis) => -(r[axis] * t[0] + r[3 + axis] * t[1] + r[6 + axis] * t[2]));
  });
  for (const { translation, cx, cy } of cameras) {
    assertEquals([translation[0], translation[1], cx, cy], [0, 0, 32, 24]);
    assert(translation[2] > 1);
  }
  for (const axis of [0, 2]) assertAlmostEquals(places[0][axis], -places[2][axis], 1e-12);
  const { data, channels } = stripes(SMALL);
  assertEquals(data.length, channels * SMALL.width * SMALL.height);
  assert(new Set(data).size > 200);
});

Deno.test("sizesOf() goes from 50 k to 5 M Gaussians of degree 3 and from 0.1 to 8 megapixels on a GPU", () => {
  const gaussians = sizesOf("gaussians", "cuda", 16);
  assertEquals(gaussians.map((size) => size.gaussians), [50_000, 150_000, 500_000, 1_500_000, 5_000_000]);
  assertEquals(new Set(gaussians.map(({ width }) => width)).size, 1);
  const pixels = sizesOf("pixels", "cuda", 16);
  assertEquals(new Set(pixels.map((size) => size.gaussians)), new Set([500_000]));
  const megapixels = pixels.map((size) => amountOf("pixels", size) / 1e6);
  assertAlmostEquals(megapixels[0], 0.1, 0.01);
  assertAlmostEquals(megapixels[megapixels.length - 1], 8, 0.05);
  for (const { width, height, shDegree, threads } of [...gaussians, ...pixels]) {
    assertEquals([width % 2, height % 2, shDegree, threads], [0, 0, 3, 16]);
  }
});

Deno.test("sizesOf() stays at degree 1 and never asks for more threads than there are on the CPU", () => {
  const sizes = sizesOf("threads", "cpu", 6);
  assertEquals(sizes.map(({ threads }) => threads), [1, 2, 4, 6]);
  assertEquals(new Set(sizes.map(({ shDegree }) => shDegree)), new Set([1]));
});

Deno.test("scaleText() says time, exponent, memory and parts of a nanosecond a pair when a GPU is measured", () => {
  const rows = table(scaleText(report([point(1000, 0.002, 1e6), point(4000, 0.004, 5e6), point(8000, 0.016, 32e6)])));
  assertEquals(rows.map((row) => row["Gaussians"]), ["1 000", "4 000", "8 000"]);
  assertEquals(rows.map((row) => row["step ms"]), ["2.00", "4.00", "16.0"]);
  assertEquals(rows.map((row) => row["exponent"]), ["-", "0.50", "2.00"]);
  assertEquals(rows.map((row) => row["ns a pair"]), ["2.00", "0.800", "0.500"]);
  assertEquals(rows.map((row) => row["MiB"]), ["1.00", "4.00", "8.00"]);
  assertEquals(rows.map((row) => row["bytes a Gaussian"]), ["720", "720", "720"]);
  assertEquals(rows[0]["loss"], "0.333");
});

Deno.test("scaleText() takes exponents to pixels when pixels grow, and says speed-ups when threads do", () => {
  const [one, two] = [point(1000, 0.002, 1e6), point(1000, 0.001, 1e6)];
  const larger = { ...point(1000, 0.008, 2e6), width: 128, height: 96 };
  const pixels = table(scaleText(report([one, larger], { scale: "pixels" })));
  assertEquals(pixels.map((row) => [row["pixels"], row["exponent"]]), [["64 x 48", "-"], ["128 x 96", "1.00"]]);
  const threads = scaleText(report([one, { ...two, threads: 2 }], { scale: "threads" }));
  assertEquals(table(threads + "\n").map((row) => [row["threads"], row["speed-up"]]), [["1", "1.00"], ["2", "2.00"]]);
  assert(!threads.includes("exponent"));
});

Deno.test("scaleText() keeps the line through the pairs, and names sizes that were left out", () => {
  const points = [point(1000, 0.002, 1e6), point(4000, 0.003, 3e6)];
  const leftOut = [{ ...SMALL, gaussians: 5_000_000 }, { ...SMALL, gaussians: 9_000_000 }];
  const text = scaleText(report(points, { leftOut }));
  assertMatch(text, /\nA step takes 1\.50 ms and 0\.500 ns a \(tile, splat\) pair; the line explains 100\.00 % /);
  assertMatch(text, /\nLeft out, .*memory.*: 5 000 000 Gaussians at 64 x 48; 9 000 000 Gaussians at 64 x 48(\n|$)/);
  assertEquals(table(text).length, 2);
  assert(!scaleText(report(points)).includes("Left out"));
  const nothing = scaleText(report([], { leftOut }));
  assertMatch(nothing, /Left out/);
  assert(!/NaN|A step takes/.test(nothing));
});

Deno.test("scalePlot() draws time by phase and memory, with a guide where growth can be in proportion", async () => {
  const points = [point(1000, 0.002, 1e6), point(4000, 0.003, 3e6), point(8000, 0.02, 9e6)];
  const texts = (svg: string) => [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, text]) => text);
  const shown = texts(await scalePlot(report(points)));
  const phases = PHASES.filter((phase) => phase !== "score");
  for (const text of ["Time of a step", "Memory of the device", "milliseconds", "MiB", "1k", "8k", "whole step"]) {
    assert(shown.includes(text), text);
  }
  for (const phase of phases) assert(shown.includes(phase), phase);
  assertEquals(shown.filter((text) => text === "Gaussians").length, 2);
  assertEquals(shown.filter((text) => text === "in proportion").length, 2);
  const threads = texts(
    await scalePlot(report(points.map((p, i) => ({ ...p, threads: i + 1 })), { scale: "threads" })),
  );
  assert(threads.includes("threads") && !threads.includes("in proportion"));
  assert(texts(await scalePlot(report([]))).includes("Memory of the device"));
});

deviceTest("scale() leaves a size out and goes on when the memory does not suffice for it", async (device) => {
  const sizes = [SMALL, { ...SMALL, gaussians: 400_000 }, { ...SMALL, gaussians: 1000, shDegree: 3 }];
  const { points, leftOut } = await scale(sizes, { backend: device.backend, memoryLimit: 64 * 2 ** 20 });
  assertEquals(points.map(({ gaussians }) => gaussians), [500, 1000]);
  assertEquals(leftOut, [sizes[1]]);
  for (const { memory, trainingState, counts: { parameters }, gaussians } of points) {
    assert(trainingState >= 3 * 4 * parameters, "parameters and two moments");
    assert(trainingState < 3 * 4 * parameters + 64, "and little more");
    assert(memory > trainingState * gaussians + 6 * 3 * 64 * 48, "and six photos");
    assert(memory < 64 * 2 ** 20);
  }
});

deviceTest("scale() profiles a step with one thread and with two when threads grow", async (device) => {
  if (device.backend !== "cpu") return;
  const { points } = await scale([SMALL, { ...SMALL, threads: 2 }], { backend: "cpu" });
  assertEquals(points.map(({ threads }) => threads), [1, 2]);
  const [one, two] = points;
  assertEquals(one.counts, two.counts);
  for (const { parts } of points) {
    assertMatch(parts.map(({ name }) => name).join(), /^step: … and Adam,phase: project,.*phase: optimize$/);
    for (const { name, least } of parts) assertEquals(least > 0, true, name);
  }
});

Deno.test("bench ends with code 2 and says what to add when --plot comes without --scale", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { code, stderr } = await ended(start("scripts/bench.ts", ["--plot", join(folder, "x.svg")]));
    assertEquals(code, 2);
    assertMatch(stderr, /--plot .*--scale gaussians/);
    assertEquals([...Deno.readDirSync(folder)], []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
