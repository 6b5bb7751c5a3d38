// The tables of report.md and report.html, with their cells as text.

import type { DatasetReport, SceneRow } from "./collect.ts";
import { MEASURE_KEYS, MEASURES, type Measures, measureText } from "./measures.ts";
import { OWN_METHOD } from "./report_csv.ts";

/** A line of a table. */
export interface TableLine {
  cells: string[];
  /** Whether the numbers were measured with tame. */
  own: boolean;
}

/** Titles of the columns; the first two are names. */
export const HEADS: string[] = ["scene", "method", ...MEASURE_KEYS.map((key) => MEASURES[key].title)];

/** The lines of a dataset: each scene and its references, then the means and their references. */
export function tableLines({ rows, means, complete, references }: DatasetReport): TableLine[] {
  const others = (scene: string, references: SceneRow["references"]): TableLine[] =>
    references.map(({ method, measures }) => ({ cells: [scene, method, ...numbers(measures)], own: false }));
  const lines = rows.flatMap(({ scene, measures, references }) => [
    { cells: [scene, OWN_METHOD, ...numbers(measures)], own: true },
    ...others(scene, references),
  ]);
  if (rows.length === 1 && references.length === 0) return lines;
  const name = complete < rows.length ? `mean of ${complete} of ${rows.length}` : "mean";
  return [...lines, { cells: [name, OWN_METHOD, ...numbers(means)], own: true }, ...others("mean", references)];
}

function numbers(measures: Measures): string[] {
  return MEASURE_KEYS.map((key) => measureText(key, measures[key]));
}

/** The problems, one sentence for each scene that has one. */
export function problems(datasets: readonly DatasetReport[]): string[] {
  return datasets.flatMap(({ rows }) =>
    rows.filter(({ problem }) => problem !== undefined).map(({ scene, problem }) => `${scene}: ${problem}`)
  );
}

/** Notes on the numbers. */
export function remarks(datasets: readonly DatasetReport[]): string[] {
  const references = datasets.flatMap((
    { rows, references },
  ) => [...rows.flatMap((row) => row.references), ...references]);
  const sources = new Set(references.map(({ method, source }) => `${method}: ${source}.`));
  const devices = [...new Set(datasets.flatMap(({ rows }) => rows.map(({ device }) => device)))]
    .filter((device) => device !== undefined);
  return [
    `Rows of ${OWN_METHOD} were measured here${devices.length === 0 ? "" : ` (${devices.join(", ")})`}. Scores are ` +
    "means over the held-out views of the 8-bit images; a mean over a dataset is the mean of its scenes.",
    `"train s" is the time of the training steps, "total s" that of the whole training process; "peak MiB" is the ` +
    `memory that ${OWN_METHOD} allocates on the device, without the driver's.`,
    lpipsRemark(datasets.flatMap(({ rows }) => rows)),
    ...sources,
  ];
}

/** What LPIPS is in our rows. */
function lpipsRemark(rows: readonly SceneRow[]): string {
  const scored = rows.map(({ scores }) => scores).filter((scores) => scores !== undefined);
  if (scored.some((scores) => "LPIPS_alex" in scores)) {
    return "LPIPS of our rows uses AlexNet, that of published rows VGG.";
  }
  return scored.some((scores) => "LPIPS" in scores)
    ? "LPIPS uses VGG and values in [0, 1], as in most tables of Gaussian splatting."
    : "LPIPS of our rows was not computed, no weights: see docs/lpips.md.";
}
