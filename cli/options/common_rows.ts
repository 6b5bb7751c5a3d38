// Rows that several verbs share: folders, device, scores, reports.

import { type OptionRow, rowsNamed } from "../../base/option.ts";
import { DEVICE_ROWS } from "../../ffi/option_table.ts";

/** The folders that `train` reads and writes. */
export const FOLDER_ROWS = [
  {
    name: "source_path",
    short: "s",
    kind: "path",
    unit: "PATH",
    default: "",
    help: "the capture: its folder, a zip archive of it, or its file",
  },
  {
    name: "model_path",
    short: "m",
    kind: "path",
    unit: "PATH",
    default: "",
    help: "model folder to write; empty: a new one in ./output",
  },
] as const satisfies readonly OptionRow[];

/** The row of `train` that looks for a checkpoint in its model folder. */
export const RESUME_ROWS = [
  {
    name: "resume",
    kind: "flag",
    help: "continue the run of the latest checkpoint in --model_path, with its options; without one, start",
  },
] as const satisfies readonly OptionRow[];

/** Device rows. */
export const COMPUTE_ROWS = rowsNamed(DEVICE_ROWS, "backend", "device", "threads", "memory_limit");

export const JSON_ROWS = [
  { name: "json", kind: "flag", help: "print one JSON object per line to the standard output" },
] as const satisfies readonly OptionRow[];

/** Rows of verbs that score images. */
export const LPIPS_ROWS = [
  {
    name: "lpips",
    kind: "path",
    unit: "FILE",
    help: "file of LPIPS weights, see docs/lpips.md; unset: that in the environment variable TAME_LPIPS, if any",
  },
] as const satisfies readonly OptionRow[];

/** Rows of every verb that reports. */
export const REPORT_ROWS = [
  { name: "quiet", kind: "flag", help: "print only warnings, errors and, on a terminal, the progress bar" },
  ...JSON_ROWS,
] as const satisfies readonly OptionRow[];

/** Rows of verbs that read options from a file. */
export const CONFIG_ROWS = [
  {
    name: "config",
    kind: "path",
    unit: "FILE",
    help: "read options from a JSON file, such as the config.json of an earlier run; options on the command line " +
      "override them (--eval=false clears a flag)",
  },
] as const satisfies readonly OptionRow[];
