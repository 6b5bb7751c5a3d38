// The options of openDevice.

import { type OptionRow, UINT32_MAX } from "../base/option.ts";

/** Rows of `DeviceOptions`; `library` has no flag. */
export const DEVICE_ROWS = [
  {
    name: "backend",
    kind: "string",
    choices: ["auto", "cuda", "cpu"],
    default: "auto",
    help: "what to compute on; auto: a GPU if one can be used, else the CPU",
  },
  {
    name: "device",
    api: "index",
    kind: "integer",
    unit: "N",
    default: 0,
    minimum: 0,
    maximum: UINT32_MAX,
    help: "index of the GPU",
  },
  {
    name: "threads",
    kind: "integer",
    unit: "N",
    default: 0,
    minimum: 0,
    maximum: 256,
    help: "host threads; 0: all hardware threads, beside a GPU at most 8",
  },
  {
    name: "memory_limit",
    kind: "bytes",
    unit: "BYTES",
    default: 0,
    minimum: 0,
    help: "maximum device memory (8G, 512M); 0: no limit",
  },
  {
    name: "seed",
    kind: "integer",
    unit: "N",
    default: 0,
    minimum: 0,
    help: "seed of all random numbers; the same seed gives the same PLY",
  },
] as const satisfies readonly OptionRow[];
