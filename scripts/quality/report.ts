// The comparison as Markdown, as docs/quality.md shows it.

import { formatBytes } from "../../base/format.ts";
import { count } from "../../cli/format.ts";
import { MEASURE_KEYS, MEASURES, measureText } from "../../cli/full_eval/measures.ts";
import type { Reference } from "../../cli/full_eval/published.ts";
import { type Peer, referencesTo } from "../../cli/full_eval/references.ts";
import { compare, type Measure, type SettingComparison, type VariantSummary } from "./comparison.ts";
import type { FinishedRun } from "./records.ts";
import type { Setting } from "./settings.ts";
import type { Difference } from "./statistics.ts";
import { compareViews, type ViewComparison, worstViews } from "./views.ts";

/** Views in the table of the worst. */
const WORST = 5;

/** What the tables are made of. */
export interface Report {
  settings: readonly Setting[];
  /** Names of variants to compare, the baseline's first: a table of each setting for each group. */
  groups: readonly (readonly string[])[];
  /** All runs that have a result. */
  finished: readonly FinishedRun[];
  /** Results of other trainers, by the settings' names as scenes. */
  peers: readonly Peer[];
  /** Whether to add the tables of views. */
  views: boolean;
}

/** A section for each setting that has results; a sentence where none has. */
export function reportText({ settings, groups, finished, peers, views }: Report): string {
  const sections = settings.flatMap((setting) => {
    const runs = finished.filter(({ run }) => run.setting.name === setting.name);
    if (runs.length === 0) return [];
    const tables = groups.map((names) => compare(setting, names, runs))
      .filter(({ variants }) => variants.length > 0).map(settingTable);
    const pairs = groups.flatMap(([baseline, ...names]) => names.map((name) => [baseline, name] as const));
    const viewTables = views ? pairs.flatMap((pair) => viewTablesOf(setting, pair, runs)) : [];
    const others = peerTable(referencesTo(setting.name, peers));
    return [[`### ${setting.name}`, ...tables, provenance(runs), ...others, ...viewTables].join("\n\n")];
  });
  return sections.length === 0 ? "There are no results of these runs." : sections.join("\n\n");
}

/** All views of a variant and its baseline, then the worst. */
function viewTablesOf(setting: Setting, names: readonly [string, string], runs: readonly FinishedRun[]): string[] {
  const { measures, views } = compareViews(setting, names, runs);
  if (views.length === 0) return [];
  const [baseline, variant] = names;
  return [
    `#### ${setting.name}: views, ${variant} against ${baseline}`,
    viewTable(names, measures, views),
    `Worst views of ${baseline}:`,
    viewTable(names, measures, worstViews(views, WORST)),
  ];
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

/** A row for each other trainer with the measures that any of them has, and where the rows are from; empty for none. */
function peerTable(references: readonly Reference[]): string[] {
  if (references.length === 0) return [];
  const keys = MEASURE_KEYS.filter((key) => references.some(({ measures }) => measures[key] !== undefined));
  const rows = references.map((
    { method, measures },
  ) => [method, ...keys.map((key) => measureText(key, measures[key]))]);
  const sources = new Set(references.map(({ method, source }) => `- ${method}: ${source}.`));
  return [table([["other trainer", ...keys.map((key) => MEASURES[key].title)], ...rows]), [...sources].join("\n")];
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
  const unique = <T>(value: (run: FinishedRun) => T) => [...new Set(runs.map(value))];
  const ascending = (value: (run: FinishedRun) => number) => unique(value).sort((a, b) => a - b);
  const folds = ascending(({ run }) => run.fold), seeds = ascending(({ run }) => run.seed);
  const devices = unique(({ record }) => `${record.device} (${record.backend})`);
  const code = unique(({ record: { code, commit } }) => commit === null ? code : `${code}, commit ${commit}`);
  const jobs = ascending(({ record }) => record.jobs);
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
