// The held-out views one by one: which of them a variant loses, and which are worst.

import { type Measure, measuresOf, pairsOf } from "./comparison.ts";
import type { FinishedRun } from "./records.ts";
import type { Setting } from "./settings.ts";
import { type Difference, mean, pairedDifference } from "./statistics.ts";

/** A view over the pairs that held it out. */
export interface ViewComparison {
  view: string;
  /** Means of the baseline by measure. */
  baseline: Readonly<Record<string, number>>;
  /** Means of the variant by measure. */
  variant: Readonly<Record<string, number>>;
  /** Variant minus baseline by measure. */
  differences: Readonly<Record<string, Difference>>;
}

/** The views of a setting with two variants. */
export interface ViewsComparison {
  measures: readonly Measure[];
  /** By the mean difference in PSNR, the largest loss first. */
  views: readonly ViewComparison[];
}

/**
 * Compares a variant with the baseline view by view.
 *
 * @param setting The setting
 * @param names Names of the baseline and the variant
 * @param finished The setting's runs that have a result
 */
export function compareViews(
  setting: Setting,
  [baseline, variant]: readonly [string, string],
  finished: readonly FinishedRun[],
): ViewsComparison {
  const measures = measuresOf(setting, finished);
  const runsOf = (name: string) => finished.filter(({ run }) => run.variant.name === name);
  /** Scores of both, of each pair that held the view out. */
  const byView = new Map<string, [Record<string, number>, Record<string, number>][]>();
  for (const [first, second] of pairsOf(runsOf(baseline), runsOf(variant))) {
    for (const { name, scores } of first.record.views) {
      const other = second.record.views.find((view) => view.name === name);
      if (other === undefined) continue;
      byView.set(name, [...byView.get(name) ?? [], [scores, other.scores]]);
    }
  }
  const views = [...byView].map(([view, pairs]): ViewComparison => {
    const of = <T>(value: (measure: string) => T) =>
      Object.fromEntries(measures.map(({ name }) => [name, value(name)]));
    return {
      view,
      baseline: of((name) => mean(pairs.map(([scores]) => scores[name]))),
      variant: of((name) => mean(pairs.map(([, scores]) => scores[name]))),
      differences: of((name) => pairedDifference(pairs.map(([first, second]) => [first[name], second[name]]))),
    };
  });
  return { measures, views: views.sort((a, b) => a.differences.PSNR.mean - b.differences.PSNR.mean) };
}

/** The views with the lowest PSNR of the baseline, the lowest first. */
export function worstViews(views: readonly ViewComparison[], count: number): ViewComparison[] {
  return views.toSorted((a, b) => a.baseline.PSNR - b.baseline.PSNR).slice(0, count);
}
