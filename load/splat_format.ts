// Recognises the format of a file of Gaussians or points by its first bytes, and by its name where a format has no mark.

import { basename } from "node:path";
import { DataError } from "../base/errors.ts";

/**
 * A format that is read: PLY, glTF with KHR_gaussian_splatting, comma-separated values, and the others through the
 * conversion library, some of them in a page of HTML.
 */
export type SplatFormat = "ply" | "glb" | "csv" | "html" | "spz" | "sog" | "splat" | "ksplat" | "lod";

/** First bytes of formats that have a mark of their own; `PK` is that of a zip file, which a `.sog` is. */
const MARKS: readonly [mark: readonly number[], format: SplatFormat][] = [
  [[...text("ply")], "ply"],
  [[...text("glTF")], "glb"],
  [[...text("NGSP")], "spz"],
  [[0x1f, 0x8b], "spz"],
  [[...text("PK")], "sog"],
];

/** Formats without a mark, whose first bytes, a number, can be those of a short mark. */
const UNMARKED: readonly (SplatFormat | undefined)[] = ["splat", "ksplat"];

/** Bytes of a mark that such a number is not taken for. */
const LONG_MARK = 3;

/** Ends of file names, longest first, of formats without a mark. */
const ENDINGS: readonly [ending: string, format: SplatFormat][] = [
  ["lod-meta.json", "lod"],
  ["meta.json", "sog"],
  [".ksplat", "ksplat"],
  [".splat", "splat"],
  [".html", "html"],
  [".csv", "csv"],
];

/**
 * The format of a file.
 *
 * @param path Name of the file
 * @param bytes Its contents, or their beginning
 * @returns The format
 * @throws {DataError} When it has none that is known
 */
export function splatFormat(path: string, bytes: Uint8Array): SplatFormat {
  const named = ENDINGS.find(([ending]) => basename(path).toLowerCase().endsWith(ending))?.[1];
  const marks = UNMARKED.includes(named) ? MARKS.filter(([mark]) => mark.length >= LONG_MARK) : MARKS;
  const marked = marks.find(([mark]) => mark.every((byte, i) => bytes[i] === byte))?.[1];
  const format = marked ?? named;
  if (format !== undefined) return format;
  throw new DataError(
    "Not a PLY, SPZ, SOG, .splat, .ksplat, GLB, CSV or HTML file of Gaussians, nor a PLY of points",
    { path },
  );
}

function text(mark: string): Uint8Array {
  return new TextEncoder().encode(mark);
}
