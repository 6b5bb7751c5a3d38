// Rows of exports: the files that `export` writes, and the formats of `train`.

import type { OptionRow, OptionValue } from "../../base/option.ts";
import { EXPORT_FORMATS, type ExportFormat, FORMAT_NAMES, isExportFormat } from "../../export/export_format.ts";

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

/** The formats of one file, beside the PLY that every run writes. */
export const END_FORMATS: readonly string[] = Object.keys(EXPORT_FORMATS).filter((name) =>
  name !== "ply" && name !== "lod-meta.json"
);
const OTHER_NAMES = END_FORMATS.join(", ");

/** The exports of `train`. */
export const EXPORT_AT_END_ROWS = [
  {
    name: "export",
    kind: "strings",
    unit: "FORMATS",
    reject: formatProblem,
    help: `also export the last Gaussians, beside their PLY: one or more of ${OTHER_NAMES}`,
  },
] as const satisfies readonly OptionRow[];

/** The formats of a value of `--export`, which can also have commas. */
export function formatsOf(value: readonly string[] | undefined): ExportFormat[] {
  return namesIn(value ?? []).filter(isExportFormat);
}

function formatProblem(value: OptionValue): string | undefined {
  const known = namesIn(value as readonly string[]).every((name) => END_FORMATS.includes(name));
  return known ? undefined : `it takes one or more of ${OTHER_NAMES}`;
}

function namesIn(value: readonly string[]): string[] {
  return value.flatMap((text) => text.split(","));
}
