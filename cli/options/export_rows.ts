// Rows of exports: the files that `export` writes, and the formats of `train`.

import type { OptionRow, OptionValue } from "../../base/option.ts";
import { FORMAT_NAMES, isExportFormat } from "../../export/export_format.ts";

/** What `export` writes. */
export const EXPORTED_ROWS = [
  {
    name: "output",
    short: "o",
    kind: "paths",
    unit: "FILE",
    default: [],
    help: `files to write; the end of a name states the format: ${FORMAT_NAMES}`,
  },
] as const satisfies readonly OptionRow[];

/** The exports of `train`. */
export const EXPORT_AT_END_ROWS = [
  {
    name: "export",
    kind: "strings",
    unit: "FORMATS",
    reject: formatProblem,
    help: `also export the last Gaussians, beside their PLY: one or more of ${FORMAT_NAMES}`,
  },
] as const satisfies readonly OptionRow[];

/** The formats of a value of `--export`, which can also have commas. */
export function formatsOf(value: readonly string[] | undefined): string[] {
  return (value ?? []).flatMap((text) => text.split(","));
}

function formatProblem(value: OptionValue): string | undefined {
  const known = formatsOf(value as readonly string[]).every(isExportFormat);
  return known ? undefined : `it takes one or more of ${FORMAT_NAMES}`;
}
