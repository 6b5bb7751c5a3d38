// Compares the finished runs of a setting: a summary of each variant, its differences from the baseline and the verdict.

import type { FinishedRun } from "./records.ts";
import type { Setting } from "./settings.ts";
import {
  type Difference,
  type JudgedDifference,
  mean,
  pairedDifference,
  type Verdict,
  verdictOf,
} from "./statistics.ts";

/** A measure that variants are compared by. */
export interface Measure {
  /** Its name among the scores of a record. */
  name: string;
  /** Digits after the point of a mean; a difference has one more. */
  digits: number;
  higherIsBetter: boolean;
  /** Whether a gain in it makes a variant better. */
  decides: boolean;
}

/** A variant over all its runs. */
export interface VariantSummary {
  name: string;
  /** Number of runs. */
  runs: number;
  /** Means over the runs by measure. */
  means: Readonly<Record<string, number>>;
  /** Mean count of Gaussians. */
  count: number;
  /** Mean seconds of training steps. */
  trainSeconds: number;
  /** Largest peak of bytes on the device. */
  peakMemory: number;
  /** Differences from the baseline by measure; undefined for the baseline. */
  differences?: Readonly<Record<string, Difference>>;
  /** Undefined for the baseline, and where there are fewer than two pairs. */
  verdict?: Verdict;
}

/** The variants of a setting, those that have runs, the baseline first. */
export interface SettingComparison {
  setting: Setting;
  measures: readonly Measure[];
  variants: readonly VariantSummary[];
}

/**
 * The measures of a setting: PSNR and SSIM, the PSNR with corrected colours where exposure varies, and LPIPS where all
 * runs have it.
 */
export function measuresOf({ exposureVaries = false }: Setting, finished: readonly FinishedRun[]): Measure[] {
  const lpips = ["LPIPS", "LPIPS_alex"].filter((name) => finished.every(({ record }) => name in record.scores));
  return [
    { name: "PSNR", digits: 2, higherIsBetter: true, decides: true },
    { name: "SSIM", digits: 4, higherIsBetter: true, decides: true },
    ...(exposureVaries ? [{ name: "PSNR_cc", digits: 2, higherIsBetter: true, decides: true }] : []),
    ...lpips.map((name) => ({ name, digits: 4, higherIsBetter: false, decides: false })),
  ];
}

/**
 * Compares the variants of a setting with the baseline.
 *
 * @param setting The setting
 * @param names Names of the variants, the baseline's first
 * @param finished The setting's runs that have a result
 */
export function compare(
  setting: Setting,
  names: readonly string[],
  finished: readonly FinishedRun[],
): SettingComparison {
  const measures = measuresOf(setting, finished);
  const runsOf = (name: string) => finished.filter(({ run }) => run.variant.name === name);
  const baseline = runsOf(names[0]);
  const variants = names.filter((name) => runsOf(name).length > 0).map((name, index): VariantSummary => {
    const runs = runsOf(name);
    const summary = { name, ...summaryOf(runs, measures) };
    if (index === 0 && name === names[0]) return summary;
    const pairs = pairsOf(baseline, runs);
    const judged = measures.map((measure): JudgedDifference & Measure => ({
      ...measure,
      difference: pairedDifference(
        pairs.map(([first, second]) => [first.record.scores[measure.name], second.record.scores[measure.name]]),
      ),
    }));
    const differences = Object.fromEntries(judged.map(({ name, difference }) => [name, difference]));
    return { ...summary, differences, verdict: verdictOf(judged) };
  });
  return { setting, measures, variants };
}

/** The runs of two variants that have the same seed and fold. */
export function pairsOf(
  baseline: readonly FinishedRun[],
  variant: readonly FinishedRun[],
): (readonly [FinishedRun, FinishedRun])[] {
  return variant.flatMap((second) => {
    const first = baseline.find(({ run }) => run.seed === second.run.seed && run.fold === second.run.fold);
    return first === undefined ? [] : [[first, second] as const];
  });
}

function summaryOf(
  runs: readonly FinishedRun[],
  measures: readonly Measure[],
): Omit<VariantSummary, "name" | "differences" | "verdict"> {
  const records = runs.map(({ record }) => record);
  return {
    runs: runs.length,
    means: Object.fromEntries(measures.map(({ name }) => [name, mean(records.map(({ scores }) => scores[name]))])),
    count: mean(records.map(({ count }) => count)),
    trainSeconds: mean(records.map(({ trainSeconds }) => trainSeconds)),
    peakMemory: Math.max(...records.map(({ peakMemory }) => peakMemory)),
  };
}
