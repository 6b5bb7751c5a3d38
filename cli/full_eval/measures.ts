// The measures of a report, their units and their formats.

import { count } from "../format.ts";

/** Text of a cell without a number. */
export const NOTHING = "–";

/** The format of one measure. */
interface Measure {
  /** Title of its column. */
  readonly title: string;
  /** Digits after the decimal point; undefined for counts, which have thousands separators. */
  readonly digits?: number;
}

/** All measures, in the order of the columns. The keys are those of report.json, report.csv and of reference rows. */
export const MEASURES = {
  psnr: { title: "PSNR", digits: 2 },
  ssim: { title: "SSIM", digits: 4 },
  psnrCorrected: { title: "PSNR cc", digits: 2 },
  ssimCorrected: { title: "SSIM cc", digits: 4 },
  lpips: { title: "LPIPS", digits: 4 },
  gaussians: { title: "Gaussians" },
  iterations: { title: "steps" },
  trainSeconds: { title: "train s", digits: 1 },
  totalSeconds: { title: "total s", digits: 1 },
  iterationsPerSecond: { title: "it/s", digits: 1 },
  peakMemoryMiB: { title: "peak MiB", digits: 0 },
  plyMiB: { title: "PLY MiB", digits: 1 },
} as const satisfies Record<string, Measure>;

/** A measure's key. */
export type MeasureKey = keyof typeof MEASURES;

/** The measures of one row; unknown ones are absent. */
export type Measures = { [Key in MeasureKey]?: number };

/** The keys in the order of the columns. */
export const MEASURE_KEYS = Object.keys(MEASURES) as MeasureKey[];

/** A number as text for a table. */
export function measureText(key: MeasureKey, value: number | undefined): string {
  if (value === undefined) return NOTHING;
  if (value === Infinity) return "∞";
  const { digits }: Measure = MEASURES[key];
  return digits === undefined ? count(Math.round(value)) : value.toFixed(digits);
}

/** Arithmetic means over rows, of those measures that every row has. */
export function meanMeasures(rows: readonly Measures[]): Measures {
  const means: Measures = {};
  for (const key of MEASURE_KEYS) {
    const values = rows.map((row) => row[key]).filter((value) => value !== undefined);
    if (rows.length === 0 || values.length < rows.length) continue;
    means[key] = values.reduce((sum, value) => sum + value, 0) / values.length;
  }
  return means;
}
