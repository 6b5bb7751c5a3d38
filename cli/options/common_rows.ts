// Rows that several verbs share: folders, the device, scores, reports.

import { type OptionRow, rowsNamed } from "../../base/option.ts";
import { DEVICE_ROWS } from "../../ffi/option_table.ts";

/** The folders that `train` reads and writes. */
export const FOLDER_ROWS = [
  { name: "source_path", short: "s", kind: "path", unit: "PATH", default: "", help: "folder of the capture" },
  {
    name: "model_path",
    short: "m",
    kind: "path",
    unit: "PATH",
    default: "",
    help: "folder to write; empty: a new one in ./output",
  },
] as const satisfies readonly OptionRow[];

/** Rows of every verb that computes. */
export const COMPUTE_ROWS = rowsNamed(DEVICE_ROWS, "backend", "device", "threads", "memory_limit");

export const JSON_ROWS = [
  { name: "json", kind: "flag", help: "one JSON object per line on the standard output" },
] as const satisfies readonly OptionRow[];

/** Rows of verbs that score images. */
export const LPIPS_ROWS = [
  {
    name: "lpips",
    kind: "path",
    unit: "FILE",
    help: "weights for LPIPS, as docs/lpips.md says; unset: the file that the variable TAME_LPIPS names, if it does",
  },
] as const satisfies readonly OptionRow[];

/** Rows of every verb that reports. */
export const REPORT_ROWS = [
  { name: "quiet", kind: "flag", help: "only warnings, errors and, on a terminal, the bar" },
  ...JSON_ROWS,
] as const satisfies readonly OptionRow[];

/** Rows of verbs that read options from a file. */
export const CONFIG_ROWS = [
  {
    name: "config",
    kind: "path",
    unit: "FILE",
    help: "read options from a JSON file, such as the config.json of an earlier run; options on the command line win " +
      "(--eval=false clears a flag)",
  },
] as const satisfies readonly OptionRow[];
