// Options of Taming 3DGS that existing command lines contain and that have no function in tame.
//
// Options whose help says "no effect" are accepted and written to config.json, since they cannot change a result.
// Options that ask for a missing feature are rejected with an error.

import type { OptionRow, OptionValue } from "../base/option.ts";

const NO_DUMP = "every native call is checked already and no dump of a failed one is written";

/** Rejects an option that is set, for the reason given. */
function rejected(reason: string): Pick<OptionRow, "help" | "reject"> {
  return { help: `rejected: ${reason}`, reject: (value) => value === false ? undefined : reason };
}

/** Rows of `train` and `render` for the rasteriser. */
export const PIPELINE_ROWS = [
  { name: "separate_sh", kind: "flag", help: "no effect: always on" },
  {
    name: "convert_SHs_python",
    kind: "flag",
    ...rejected("spherical harmonics are evaluated in the rasteriser only"),
  },
  {
    name: "compute_cov3D_python",
    kind: "flag",
    ...rejected("covariances are computed in the rasteriser only"),
  },
  { name: "debug", kind: "flag", ...rejected(NO_DUMP) },
] as const satisfies readonly OptionRow[];

/** Rows of `train` only. */
export const COMPATIBILITY_ROWS = [
  {
    name: "position_lr_delay_mult",
    kind: "number",
    default: 0.01,
    minimum: 0,
    help: "no effect: the schedule has no delay",
  },
  {
    name: "debug_from",
    kind: "integer",
    unit: "N",
    default: -1,
    help: "only -1 (never)",
    reject: (value: OptionValue) => value === -1 ? undefined : NO_DUMP,
  },
  { name: "detect_anomaly", kind: "flag", ...rejected("gradients are not traced for NaN") },
  {
    name: "benchmark_dir",
    kind: "path",
    unit: "PATH",
    ...rejected("timings of the parts of a step are not recorded in a run; `deno task bench` measures them"),
  },
] as const satisfies readonly OptionRow[];
