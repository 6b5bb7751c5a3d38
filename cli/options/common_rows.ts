// Rows that verbs of every kind share: device, seed, reports.

import type { OptionRow } from "../option.ts";

/** Rows of every verb that computes. */
export const DEVICE_ROWS = [
  {
    name: "backend",
    kind: "string",
    choices: ["auto", "cuda", "cpu"],
    default: "auto",
    help: "what to compute on; auto: the GPU if one can be used",
  },
  { name: "device", kind: "integer", unit: "N", default: 0, minimum: 0, help: "index of the GPU" },
  {
    name: "threads",
    kind: "integer",
    unit: "N",
    default: 0,
    minimum: 0,
    maximum: 256,
    help: "threads of the CPU backend; 0: one per hardware thread",
  },
  {
    name: "memory_limit",
    kind: "bytes",
    unit: "BYTES",
    default: 0,
    minimum: 0,
    help: "the most device memory to use (8G, 512M); 0: no limit",
  },
] as const satisfies readonly OptionRow[];

export const SEED_ROWS = [
  {
    name: "seed",
    kind: "integer",
    unit: "N",
    default: 0,
    minimum: 0,
    help: "of every random number; the same seed gives the same PLY",
  },
] as const satisfies readonly OptionRow[];

export const JSON_ROWS = [
  { name: "json", kind: "flag", help: "one JSON object per line on the standard output" },
] as const satisfies readonly OptionRow[];

/** Rows of verbs that score pictures. */
export const LPIPS_ROWS = [
  {
    name: "lpips",
    kind: "string",
    unit: "FILE",
    help: "weights for LPIPS, as docs/lpips.md says; unset: the file that the variable TAME_LPIPS names, if it does",
  },
] as const satisfies readonly OptionRow[];

/** Rows of every verb that reports. */
export const REPORT_ROWS = [
  { name: "quiet", kind: "flag", help: "only warnings, errors and, on a terminal, the bar" },
  ...JSON_ROWS,
] as const satisfies readonly OptionRow[];

export const CONFIG_ROWS = [
  {
    name: "config",
    kind: "string",
    unit: "FILE",
    help: "read options from a JSON file, such as the config.json of an earlier run; options on the command line win " +
      "(--eval=false clears a flag)",
  },
] as const satisfies readonly OptionRow[];
