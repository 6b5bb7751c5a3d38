// Reads train.csv for the charts of a run.

import { parse } from "@std/csv";
import { DataError } from "../../base/errors.ts";
import { count, rate } from "../../base/format.ts";
import { parseNumber } from "../../base/numbers.ts";
import { statOrUndefined } from "../../load/files.ts";
import type { Chart, Point } from "./chart.ts";

/** A row of train.csv. */
export interface LogRow {
  iteration: number;
  loss: number;
  gaussians: number;
  seconds: number;
  /** Bytes. */
  memory?: number;
  /** Of the held-out views, where they were evaluated. */
  psnr?: number;
  ssim?: number;
}

/** Columns that every row has. */
const NEEDED = ["iteration", "loss", "gaussians", "seconds"] as const;

/** Maximum points of a curve; more would not be visible. */
const POINTS = 300;

const MIB = 2 ** 20;

/** The rows of a train.csv; undefined if there is none. Throws a `DataError` when it is damaged. */
export async function readTrainLog(path: string): Promise<LogRow[] | undefined> {
  if (!(await statOrUndefined(path))?.isFile) return undefined;
  return parseTrainLog(await Deno.readTextFile(path), path);
}

/** The rows of the text of the train.csv at `path`. */
export function parseTrainLog(csv: string, path: string): LogRow[] {
  let rows: Record<string, string | undefined>[];
  try {
    rows = parse(csv, { skipFirstRow: true });
  } catch (cause) {
    throw new DataError("File is not a table of numbers", { path, cause });
  }
  return rows.map((row, i) => {
    const [iteration, loss, gaussians, seconds] = NEEDED.map((column) => {
      const value = row[column] === "NaN" ? NaN : parseNumber(row[column] ?? "");
      if (value === undefined) throw new DataError(`Column ${column} has no number`, { path, line: i + 2 });
      return value;
    });
    const [memory, psnr, ssim] = ["memory", "psnr", "ssim"].map((column) => parseNumber(row[column] ?? ""));
    return { iteration, loss, gaussians, seconds, memory, psnr, ssim };
  });
}

/** What a chart of a run is of. */
export type ChartName = "loss" | "psnr" | "ssim" | "gaussians" | "rate" | "memory";

/**
 * The charts of a run: mean losses and speeds over the iterations of each point, counts and memory at its end. Scores
 * have a chart if there are two or more.
 *
 * @param rows Rows of train.csv
 * @param along What is along x
 * @param finalPsnr PSNR of the held-out views at the end, if another program computed it
 */
export function trainingCharts(
  rows: readonly LogRow[],
  along: "iteration" | "seconds",
  finalPsnr?: number,
): Record<ChartName, Chart> {
  const size = Math.max(1, Math.ceil(rows.length / POINTS));
  const groups = Array.from({ length: Math.ceil(rows.length / size) }, (_, i) => rows.slice(i * size, (i + 1) * size));
  const last = groups.map((group) => group[group.length - 1]);
  const chart = (title: string, points: Point[], text: (value: number) => string): Chart => (
    { title, along: along === "iteration" ? "iterations" : "seconds of training", points, text }
  );
  const ofLast = (value: (row: LogRow) => number): Point[] => last.map((row) => ({ x: row[along], y: value(row) }));
  const speeds = last.map((row, i) => {
    const before = last[i - 1] ?? { iteration: rows[0].iteration - 1, seconds: 0 };
    return { x: row[along], y: (row.iteration - before.iteration) / (row.seconds - before.seconds) };
  });
  const losses = groups.map((group, i) => (
    { x: last[i][along], y: group.reduce((sum, { loss }) => sum + loss, 0) / group.length }
  ));
  const scores = (name: "psnr" | "ssim", end?: number): Point[] => {
    const points = rows.flatMap((row) => row[name] === undefined ? [] : [{ x: row[along], y: row[name] }]);
    const x = rows.at(-1)?.[along];
    if (x !== undefined && end !== undefined && points.at(-1)?.x !== x) points.push({ x, y: end });
    return points.length < 2 ? [] : points;
  };
  const psnr = chart("PSNR of held-out views", scores("psnr", finalPsnr), (value) => `${value.toFixed(2)} dB`);
  const ssim = chart("SSIM of held-out views", scores("ssim"), (value) => value.toFixed(4));
  return {
    loss: { ...chart("Loss", losses, (value) => String(Number(value.toPrecision(3)))), logarithmic: true },
    psnr: { ...psnr, marked: true },
    ssim: { ...ssim, marked: true },
    gaussians: chart("Gaussians", ofLast(({ gaussians }) => gaussians), count),
    // A run that is resumed, and whose log begins later, has an unknown time before its first row.
    rate: chart("Iterations per second", speeds.slice(rows[0]?.iteration === 1 ? 0 : 1), (value) => rate(value, "it")),
    memory: chart("Memory, MiB", ofLast(({ memory = NaN }) => memory / MIB), (value) => `${value.toFixed(0)} MiB`),
  };
}
