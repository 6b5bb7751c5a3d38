// The results of the runs: a JSON file with one record for each run, and a table of means.

import { writeFileAtomic } from "../../base/atomic.ts";
import { count } from "../../cli/format.ts";
import { SETTINGS, VARIANTS } from "./variants.ts";

/** One run. */
export interface RunRecord {
  setting: string;
  variant: string;
  seed: number;
  /** Mean over the held-out views, in dB, of float images. */
  psnr: number;
  /** Mean over the held-out views, of float images. */
  ssim: number;
  /** Gaussians at the end. */
  count: number;
  /** Seconds of training steps. */
  trainSeconds: number;
  /** Peak of the bytes that tame held on the device. */
  peakMemory: number;
  /** Runs that shared the machine, this one included. */
  jobs: number;
  /** Name of the processor or GPU. */
  device: string;
  /** Arguments of the run. */
  command: string[];
}

/** Reads the records of a file; empty if there is no file. */
export async function readRecords(path: string): Promise<RunRecord[]> {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Writes the records to a file. */
export async function writeRecords(path: string, records: readonly RunRecord[]): Promise<void> {
  await writeFileAtomic(path, JSON.stringify(records, null, 2) + "\n");
}

/** The records with one more, which replaces an earlier one of the same setting, variant and seed. */
export function withRecord(records: readonly RunRecord[], record: RunRecord): RunRecord[] {
  const same = (other: RunRecord) =>
    other.setting === record.setting && other.variant === record.variant && other.seed === record.seed;
  return [...records.filter((other) => !same(other)), record];
}

/** The records as Markdown: a table for each setting, a row for each variant. */
export function markdown(records: readonly RunRecord[]): string {
  const tables = SETTINGS.map(({ name }) => name).flatMap((setting) => {
    const rows = VARIANTS.flatMap(({ name, what }) => {
      const runs = records.filter((record) => record.setting === setting && record.variant === name);
      return runs.length === 0 ? [] : [row(name, what, runs)];
    });
    return rows.length === 0 ? [] : [[
      `### ${setting}`,
      "",
      "| variant | what | PSNR | SSIM | Gaussians | training | runs |",
      "| --- | --- | --- | --- | --- | --- | --- |",
      ...rows,
    ].join("\n")];
  });
  return tables.join("\n\n");
}

function row(name: string, what: string, runs: RunRecord[]): string {
  const of = (value: (run: RunRecord) => number) => spread(runs.map(value));
  const psnr = of((run) => run.psnr), ssim = of((run) => run.ssim), seconds = of((run) => run.trainSeconds);
  const counts = of((run) => run.count);
  const gaussians = counts.half === 0
    ? count(counts.mean)
    : `${count(Math.round(counts.mean))} ± ${count(Math.ceil(counts.half))}`;
  const cells = [
    name,
    what,
    `${psnr.mean.toFixed(2)} ± ${psnr.half.toFixed(2)}`,
    `${ssim.mean.toFixed(4)} ± ${ssim.half.toFixed(4)}`,
    gaussians,
    `${seconds.mean.toFixed(1)} ± ${seconds.half.toFixed(1)} s`,
    String(runs.length),
  ];
  return `| ${cells.join(" | ")} |`;
}

/** Mean, and half the distance from the smallest to the largest. */
export function spread(values: readonly number[]): { mean: number; half: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, half: (Math.max(...values) - Math.min(...values)) / 2 };
}
