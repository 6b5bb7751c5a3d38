// The options of an export: one row each, for exportSplats() and for the command line.

import type { OptionRow, OptionValue } from "../base/option.ts";
import { similarityProblem } from "./similarity.ts";

/** What is exported of the Gaussians. */
export const EXPORT_ROWS = [
  {
    name: "crop",
    kind: "numbers",
    unit: "X,Y,Z,X,Y,Z",
    reject: cropProblem,
    help: "keep only Gaussians with centres in a box: its least and its greatest coordinates, before --transform",
  },
  {
    name: "min_opacity",
    kind: "number",
    unit: "N",
    above: 0,
    reject: opacityProblem,
    help: "keep only Gaussians of at least this opacity, less than 1",
  },
  {
    name: "transform",
    kind: "numbers",
    unit: "12 NUMBERS",
    reject: (value: OptionValue) => similarityProblem(value as readonly number[]),
    help: "move, turn and scale: the rows of a 3 x 4 matrix, a rotation times a scale and then a translation",
  },
  {
    name: "sh_degree",
    kind: "integer",
    unit: "N",
    minimum: 0,
    maximum: 3,
    help: "leave out spherical harmonics above this degree",
  },
  {
    name: "decimate",
    kind: "number",
    unit: "N",
    above: 0,
    help: "merge similar Gaussians until this many are left, or up to 1 this share of them",
  },
] as const satisfies readonly OptionRow[];

function cropProblem(value: OptionValue): string | undefined {
  const box = value as readonly number[];
  const ordered = box.length === 6 && [0, 1, 2].every((axis) => box[axis] < box[axis + 3]);
  return ordered ? undefined : "it takes 6 numbers: the least x, y and z, then greater ones";
}

/** All Gaussians have an opacity between 0 and 1. */
function opacityProblem(value: OptionValue): string | undefined {
  return value as number < 1 ? undefined : "it takes a number greater than 0 and less than 1";
}
