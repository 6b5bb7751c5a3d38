// Values at the bounds of options and next to them.

import type { OptionRow } from "../../base/option.ts";

/** The next float after a positive one, or after 0. */
function next(value: number): number {
  return value === 0 ? Number.MIN_VALUE : value * (1 + Number.EPSILON);
}

/** Values at the bounds of a row and next to them, each with whether the row accepts it. */
export function samples(row: OptionRow): [value: string | number | boolean, taken: boolean][] {
  if (row.choices !== undefined) {
    return [...row.choices.map((choice): [string | number, boolean] => [choice, true]), ["x", false]];
  }
  if (row.kind === "flag") return [[true, true], [false, true], ["yes", false]];
  if (row.name === "parity") return [["none", true], ["curve,rates", true], ["curve,all", false]];
  if (row.kind === "string" || row.kind === "path") return [["a", true]];
  if (row.kind === "length") {
    const shares: [string, boolean][] = [["50%", true], ["0.5%", true], ["0%", false], ["-5%", false], ["5x", false]];
    return [...shares, ["%", false], ...samples({ ...row, kind: "number" })];
  }
  const { minimum, above, maximum, sentinel } = row;
  const whole = row.kind !== "number";
  const list: [number, boolean][] = [];
  if (minimum !== undefined) list.push([minimum, true], [minimum - 1, minimum - 1 === sentinel]);
  if (above !== undefined) list.push([above, false], [next(above), true], [above - 1, false]);
  if (maximum !== undefined) list.push([maximum, true]);
  if (maximum !== undefined && maximum < Infinity) list.push([whole ? maximum + 1 : next(maximum), false]);
  if (sentinel !== undefined) list.push([sentinel, true], [sentinel - 1, false]);
  if (maximum !== Infinity) list.push([Infinity, false]);
  // The command line rounds 1.5G to whole bytes.
  if (row.kind !== "bytes") list.push([1.5, !whole && (maximum ?? 2) >= 1.5]);
  return list;
}
