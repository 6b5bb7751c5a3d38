// The comparison as Markdown, as docs/quality.md shows it.

import { formatBytes } from "../../base/format.ts";
import { count } from "../../cli/format.ts";
import { compare, type Measure, type SettingComparison, type VariantSummary } from "./comparison.ts";
import type { FinishedRun } from "./records.ts";
import type { Plan } from "./runs.ts";
import type { Difference } from "./statistics.ts";
import { compareViews, type ViewComparison, worstViews } from "./views.ts";

/** Views in the table of the worst. */
const WORST = 5;

/** What the tables are made of. */
export interface Report {
  plan: Plan;
  /** All runs that have a result. */
  finished: readonly FinishedRun[];
  /** Whether to add the tables of views. */
  views: boolean;
}

/** A section for each setting that has results; a sentence where none has. */
export function reportText({ plan, finished, views }: Report): string {
  const names = plan.variants.map(({ name }) => name);
  const sections = plan.settings.flatMap((setting) => {
    const runs = finished.filter(({ run }) => run.setting.name === setting.name);
    if (runs.length === 0) return [];
    const comparison = compare(setting, names, runs);
    const parts = [`### ${setting.name}`, settingTable(comparison), provenance(runs)];
    for (const name of views ? names.slice(1) : []) {
      const { measures, views } = compareViews(setting, [names[0], name], runs);
      if (views.length === 0) continue;
      const titles = [names[0], name] as const;
      parts.push(`#### ${setting.name}: views, ${name} against ${names[0]}`, viewTable(titles, measures, views));
      parts.push(`Worst views of ${names[0]}:`, viewTable(titles, measures, worstViews(views, WORST)));
    }
    return [parts.join("\n\n")];
  });
  return sections.length === 0 ? "There are no results of these runs." : sections.join("\n\n");
}

/** A row for each variant: means, differences from the baseline, cost, verdict. */
export function settingTable({ measures, variants }: SettingComparison): string {
  return table([
    [
      "variant",
      ...measures.flatMap(({ name }) => [name, "difference"]),
      ...["Gaussians", "training", "peak memory", "runs", "pairs", "verdict"],
    ],
    ...variants.map((variant) => [
      variant.name,
      ...measures.flatMap((measure) => [
        variant.means[measure.name].toFixed(measure.digits),
        variant.differences === undefined ? "" : differenceText(variant.differences[measure.name], measure),
      ]),
      count(Math.round(variant.count)),
      `${variant.trainSeconds.toFixed(1)} s`,
      formatBytes(variant.peakMemory),
      `${variant.runs}`,
      pairsText(variant),
      verdictText(variant),
    ]),
  ]);
}

function pairsText({ differences }: VariantSummary): string {
  return differences === undefined ? "" : `${Object.values(differences)[0].pairs}`;
}

function verdictText({ differences, verdict }: VariantSummary): string {
  return differences === undefined ? "baseline" : verdict ?? "none: fewer than two pairs";
}

/** A row for each view, with the PSNR of both. */
function viewTable(
  [baseline, variant]: readonly [string, string],
  measures: readonly Measure[],
  views: readonly ViewComparison[],
): string {
  return table([
    ["view", `PSNR of ${baseline}`, `of ${variant}`, ...measures.map(({ name }) => `difference in ${name}`), "pairs"],
    ...views.map((view) => [
      view.view,
      view.baseline.PSNR.toFixed(2),
      view.variant.PSNR.toFixed(2),
      ...measures.map((measure) => differenceText(view.differences[measure.name], measure)),
      `${view.differences.PSNR.pairs}`,
    ]),
  ]);
}

/** A mean difference with its sign, and its standard error if there is one: `+0.123 ± 0.045`. */
export function differenceText(
  { mean, standardError, pairs }: Difference,
  { digits }: Pick<Measure, "digits">,
): string {
  if (pairs === 0) return "";
  const text = mean.toFixed(digits + 1);
  const signed = mean >= 0 ? `+${text}` : text;
  return standardError === undefined ? signed : `${signed} ± ${standardError.toFixed(digits + 1)}`;
}

/** Where the results are from. */
function provenance(runs: readonly FinishedRun[]): string {
  const unique = (value: (run: FinishedRun) => string | number) => [...new Set(runs.map(value))];
  const folds = unique(({ run }) => run.fold).sort(), seeds = unique(({ run }) => run.seed).sort();
  const devices = unique(({ record }) => `${record.device} (${record.backend})`);
  const code = unique(({ record: { code, commit } }) => commit === null ? code : `${code}, commit ${commit}`);
  const jobs = unique(({ record }) => record.jobs).sort();
  const times = jobs.length === 1 && jobs[0] === 1 ? "" : ` Runs at a time: ${jobs.join(", ")}; times are of that.`;
  return `Folds ${folds.join(", ")}; seeds ${seeds.join(", ")}; ${devices.join(" and ")}; code ${
    code.join(" and ")
  }.${times}`;
}

/** A Markdown table with aligned columns; the first row is the head. */
function table(rows: string[][]): string {
  const widths = rows[0].map((_, c) => Math.max(3, ...rows.map((row) => row[c].length)));
  const line = (cells: string[]) => `| ${cells.map((cell, c) => cell.padEnd(widths[c])).join(" | ")} |`;
  const [head, ...body] = rows;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n");
}
