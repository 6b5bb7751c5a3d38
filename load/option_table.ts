// The options of loadScene.

import { type OptionRow, rowNamed } from "../base/option.ts";
import { DEVICE_ROWS } from "../ffi/option_table.ts";

/** Rows of `LoadOptions`; `coverage`, `referenceCameras`, `library` and `signal` have no flags. */
export const LOAD_ROWS = [
  {
    name: "images",
    short: "i",
    kind: "string",
    unit: "NAME",
    default: "images",
    help: "sub-folder of the capture that holds the photos; a transforms.json names its own unless this is given",
  },
  {
    name: "resolution",
    short: "r",
    kind: "integer",
    unit: "N",
    default: -1,
    minimum: 1,
    maximum: 16_384,
    sentinel: -1,
    help: "1, 2, 4, 8: divide the photos' size by this; -1: at most 1600 wide; any other: this width",
  },
  { name: "eval", kind: "flag", help: "hold out the capture's test set, else every 8th photo, or as the next two say" },
  {
    name: "test_every",
    kind: "integer",
    unit: "N",
    default: 8,
    minimum: 2,
    help: "with --eval, hold out one of every N photos by name, unless the capture names its test set",
  },
  {
    name: "test_offset",
    kind: "integer",
    unit: "K",
    default: 0,
    minimum: 0,
    help: "with --eval, the first photo held out, counted from 0; less than --test_every",
  },
  {
    name: "init",
    kind: "path",
    unit: "FILE",
    help:
      "file to start from instead of the capture's points: a PLY of points, or Gaussians in any format that is read, " +
      "which are taken as they are",
  },
  {
    name: "sky",
    kind: "flag",
    help: "add points on a far shell where photos have pixels that no point explains: skies, and what is far behind",
  },
  {
    name: "random_points",
    kind: "integer",
    unit: "N",
    minimum: 1,
    maximum: 10_000_000,
    help: "fill up captures with fewer points to N with random ones; unset: 100 000 for captures without any",
  },
  {
    name: "near",
    kind: "length",
    unit: "DEPTH",
    default: "100%",
    above: 0,
    help: "near plane in the capture's units, or as a percentage of its default, 0.2 units of the scene's frame",
  },
  {
    name: "allow_outside",
    kind: "flag",
    help: "read photos, masks and points that a transforms.json names outside its own folder",
  },
  {
    name: "missing",
    kind: "string",
    choices: ["error", "skip"],
    help:
      "photos that the capture names and that are not there: an error, or train on the others; unset: error for a " +
      "COLMAP model, else skip",
  },
  {
    name: "undistort_fov",
    kind: "number",
    unit: "DEGREES",
    minimum: 1,
    maximum: 170,
    help: "largest field of view of undistorted photos, horizontally and vertically; unset: no side farther from the " +
      "centre than twice as far as in the photo",
  },
  rowNamed(DEVICE_ROWS, "seed"),
] as const satisfies readonly OptionRow[];
