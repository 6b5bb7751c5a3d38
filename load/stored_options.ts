// Checks of the options of loadScene where files repeat them: cfg_args and render.json.

import { rowNamed } from "../base/option.ts";
import type { Coverage } from "../base/scene.ts";
import { type Check, optional, value } from "./checks.ts";
import type { MissingPhotos } from "./missing_photos.ts";
import { LOAD_ROWS } from "./option_table.ts";

/** Checks by the names of `LoadOptions`; each accepts a missing value. */
export const STORED_OPTIONS: {
  readonly images: Check<string | undefined>;
  readonly resolution: Check<number | undefined>;
  readonly eval: Check<boolean | undefined>;
  readonly testEvery: Check<number | undefined>;
  readonly testOffset: Check<number | undefined>;
  readonly near: Check<number | `${number}%` | undefined>;
  readonly allowOutside: Check<boolean | undefined>;
  readonly missing: Check<MissingPhotos | undefined>;
  readonly undistortFov: Check<number | undefined>;
  readonly referenceCameras: Check<boolean | undefined>;
  readonly coverage: Check<Coverage | undefined>;
} = {
  images: optional(value(rowNamed(LOAD_ROWS, "images"))),
  resolution: optional(value(rowNamed(LOAD_ROWS, "resolution"))),
  eval: optional(value(rowNamed(LOAD_ROWS, "eval"))),
  testEvery: optional(value(rowNamed(LOAD_ROWS, "test_every"))),
  testOffset: optional(value(rowNamed(LOAD_ROWS, "test_offset"))),
  near: optional(value(rowNamed(LOAD_ROWS, "near"))),
  allowOutside: optional(value(rowNamed(LOAD_ROWS, "allow_outside"))),
  missing: optional(value(rowNamed(LOAD_ROWS, "missing"))),
  undistortFov: optional(value(rowNamed(LOAD_ROWS, "undistort_fov"))),
  referenceCameras: optional(value({ kind: "flag" })),
  coverage: optional(value({ kind: "string", choices: ["alpha", "rectangle"] })),
};
