// report.csv: a line for each row of the tables, with unrounded numbers.

import { stringify } from "@std/csv";
import { MEASURE_KEYS, type Measures } from "./measures.ts";
import type { Report } from "./report_contents.ts";

/** Value of the column `scene` for a dataset's means. */
const MEAN = "mean";

/** Value of the column `method` for our own rows. */
export const OWN_METHOD = "tame";

/** The text of report.csv. */
export function csvReport({ datasets }: Report): string {
  const lines: Record<string, unknown>[] = [];
  for (const { title, rows, means, complete, references } of datasets) {
    const add = (names: { scene: string; method: string; source: string; problem?: string }, measures: Measures) => {
      const texts = Object.entries({ dataset: title, ...names }).map(([column, text]) => [column, text && plain(text)]);
      lines.push({ ...Object.fromEntries(texts), ...measures });
    };
    for (const { scene, problem, measures, references } of rows) {
      add({ scene, method: OWN_METHOD, source: "", problem }, measures);
      for (const { method, source, measures } of references) add({ scene, method, source }, measures);
    }
    const problem = complete < rows.length ? `${complete} of ${rows.length} scenes` : undefined;
    add({ scene: MEAN, method: OWN_METHOD, source: "", problem }, means);
    for (const { method, source, measures } of references) add({ scene: MEAN, method, source }, measures);
  }
  const columns = ["dataset", "scene", "method", ...MEASURE_KEYS, "problem", "source"];
  return stringify(lines, { columns });
}

/** Text that no spreadsheet runs as a formula: an apostrophe before it marks it as text. */
function plain(text: string): string {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}
