// A benchmark of sizes as a table.

import { count } from "../../cli/format.ts";
import { PHASES } from "../../ffi/device.ts";
import { exponents, line } from "./growth.ts";
import { type Machine, machineLines } from "./machine.ts";
import { amountOf, type Scale, type ScalePoint, type ScaleSize } from "./scale.ts";
import { columns, threeDigits } from "./table.ts";

/** The results of a benchmark of sizes, as --json writes them. */
export interface ScaleReport {
  machine: Machine;
  scale: Scale;
  points: ScalePoint[];
  /** Sizes that did not fit into the memory. */
  leftOut: ScaleSize[];
}

/** The report of sizes as text. */
export function scaleText({ machine, scale, points, leftOut }: ScaleReport): string {
  const steps = points.map(({ parts }) => parts[0].least);
  const pairs = points.map(({ counts }) => counts.instances);
  const last = scale === "threads"
    ? { head: "speed-up", cells: steps.map((step) => (steps[0] / step).toFixed(2)) }
    : { head: "exponent", cells: exponentCells(points.map((point) => amountOf(scale, point)), steps) };
  const rows = points.map(({ counts, parts, memory, trainingState, ...size }, i) => [
    count(size.gaussians),
    pictureSize(size),
    String(size.threads),
    count(Math.round(counts.instances)),
    ...parts.map(({ least }) => threeDigits(1000 * least)),
    threeDigits(1e9 * steps[i] / pairs[i]),
    last.cells[i],
    threeDigits(memory / 2 ** 20),
    threeDigits(trainingState),
  ]);
  const phases = PHASES.slice(0, -1);
  const head = ["Gaussians", "pixels", "threads", "pairs", "step ms", ...phases, "ns a pair", last.head];
  return [
    ...machineLines(machine),
    "",
    ...columns([[...head, "MiB", "bytes a Gaussian"], ...rows]),
    ...leftOutLines(leftOut),
    ...scale === "threads" || points.length < 2 ? [] : lineLines(pairs, steps),
  ].join("\n");
}

/** The first row has no exponent. */
function exponentCells(amounts: number[], steps: number[]): string[] {
  return ["-", ...exponents(amounts, steps).map((exponent) => exponent.toFixed(2))];
}

function leftOutLines(sizes: ScaleSize[]): string[] {
  if (sizes.length === 0) return [];
  const names = sizes.map((size) => `${count(size.gaussians)} Gaussians at ${pictureSize(size)}`);
  return ["", `Left out, because the memory does not suffice: ${names.join("; ")}`];
}

function lineLines(pairs: number[], steps: number[]): string[] {
  const { slope, offset, r2 } = line(pairs, steps);
  return [
    "",
    `A step takes ${threeDigits(1000 * offset)} ms and ${threeDigits(1e9 * slope)} ns a (tile, splat) pair; the line ` +
    `explains ${(100 * r2).toFixed(2)} % of the variance`,
  ];
}

function pictureSize({ width, height }: ScaleSize): string {
  return `${width} x ${height}`;
}
