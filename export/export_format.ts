// The formats that Gaussians are exported to.

import { basename } from "node:path";

/** A format by the end of its files' names, without the dot. */
export type ExportFormat =
  | "ply"
  | "compressed.ply"
  | "spz"
  | "sog"
  | "html"
  | "glb"
  | "csv"
  | "splat"
  | "lod-meta.json";

/** What a format is. */
export interface FormatFacts {
  /** The conversion library's name for it; undefined if tame writes it itself. */
  library?: string;
  /** Its size at most, in sizes of the same Gaussians' PLY. */
  most: number;
  /** Whether it states that the Gaussians are to be rendered anti-aliased. */
  tagged: boolean;
}

/** All formats. */
export const EXPORT_FORMATS: Readonly<Record<ExportFormat, FormatFacts>> = {
  "ply": { most: 1, tagged: true },
  "compressed.ply": { library: "compressed-ply", most: 1, tagged: true },
  "spz": { library: "spz", most: 1, tagged: true },
  "sog": { most: 1, tagged: true },
  "html": { most: 2, tagged: true },
  "glb": { library: "glb", most: 1, tagged: false },
  "csv": { library: "csv", most: 6, tagged: false },
  "lod-meta.json": { library: "lod", most: 2, tagged: true },
  "splat": { library: "splat", most: 1, tagged: false },
};

/** Bytes of the viewer in a page, on top of the Gaussians. */
export const VIEWER_BYTES = 4 << 20;

/** The formats' names, as a part of a sentence. */
export const FORMAT_NAMES: string = Object.keys(EXPORT_FORMATS).join(", ");

/** Whether an export to a format, without changes, needs the conversion library. */
export function needsLibrary(format: ExportFormat): boolean {
  return EXPORT_FORMATS[format].library !== undefined || format === "html";
}

/** Whether a text is the name of a format. */
export function isExportFormat(name: string): name is ExportFormat {
  return Object.hasOwn(EXPORT_FORMATS, name);
}

/**
 * The format of a file to write, by its name.
 *
 * @param path Name of the file
 * @returns The format
 * @throws {RangeError} When there is none of that name
 */
export function exportFormat(path: string): ExportFormat {
  const name = basename(path).toLowerCase();
  const formats = Object.keys(EXPORT_FORMATS) as ExportFormat[];
  const longest =
    formats.filter((format) => format === "lod-meta.json" ? name === format : name.endsWith(`.${format}`)).sort((
      a,
      b,
    ) => b.length - a.length)[0];
  if (longest !== undefined) return longest;
  throw new RangeError(`Cannot export to ${path}: its name has to end with one of ${FORMAT_NAMES}`);
}
