// Reads a file of Gaussians or points in any format that is known, and makes its Gaussians finite.

import { DataError } from "../base/errors.ts";
import { readDataFile } from "./bytes.ts";
import { finiteSplats } from "./finite_splats.ts";
import type { CapturePoints } from "./capture.ts";
import { type FileSplats, parsePointsPly, parseSplatsPly, splatsOf } from "./ply.ts";
import { parsePlyHeader } from "./ply_header.ts";
import { parseSplatCsv } from "./splat_csv.ts";
import { type SplatFormat, splatFormat } from "./splat_format.ts";
import { parseSplatGlb } from "./splat_glb.ts";
import { sogOfPage } from "./splat_html.ts";
import { runSplatJob, type SplatJob, type SplatJobOptions } from "./splat_library.ts";

/** A file of Gaussians, or of points. */
export interface SplatFile {
  /** Its format. */
  format: SplatFormat;
  /** Its bytes; of a format in several files, those of the one that was named. */
  bytes: number;
  /** Properties of a vertex, if it is a PLY. */
  properties?: number;
  /** The Gaussians, with finite numbers only; undefined if it has points. */
  splats?: FileSplats;
  /** The points, as stored; undefined if it has Gaussians. */
  points?: CapturePoints;
  /** The comment lines of a PLY, or of what another format was converted to. */
  comments: string[];
  /** What was left out or clamped, one line. */
  notices: string[];
}

/** How a file is read. */
export type ReadSplatsOptions = Pick<SplatJobOptions, "signal" | "onNotice">;

/**
 * Reads a PLY of Gaussians or points, or Gaussians in another format. GLB and CSV files are read here; SPZ, SOG, .splat,
 * .ksplat and compressed PLY files through the conversion library, which is downloaded once.
 *
 * @internal
 * @throws {DataError} When the file is missing, damaged, or of an unknown format
 * @throws {Error} When the library is needed and cannot be had
 */
export async function readSplatFile(path: string, options: ReadSplatsOptions = {}): Promise<SplatFile> {
  const bytes = await readDataFile(path);
  const format = splatFormat(path, bytes);
  const file = { format, bytes: bytes.length };
  const withSplats = (splats: FileSplats) => ({ ...finiteSplats(splats), comments: splats.comments });
  if (format !== "ply") return { ...file, ...withSplats(await otherSplats({ path, format, bytes }, options)) };
  const { elements, comments } = parsePlyHeader(bytes, path);
  const vertex = elements.find(({ name }) => name === "vertex");
  const has = (property: string) => vertex?.properties.some(({ name }) => name === property) ?? false;
  if (has("packed_position")) {
    return { ...file, ...withSplats(await converted({ path, input: "ply" }, options)) };
  }
  const properties = vertex?.properties.length;
  if (has("f_dc_0")) return { ...file, properties, ...withSplats(parseSplatsPly(bytes, path)) };
  return { ...file, properties, points: parsePointsPly(bytes, path), comments, notices: [] };
}

/**
 * Reads the Gaussians of a file, like {@linkcode readSplatFile}. `onNotice` is called with what was left out or clamped.
 *
 * @internal
 * @throws {DataError} As {@linkcode readSplatFile}, and when the file has points or no usable Gaussian
 */
export async function readSplats(path: string, options: ReadSplatsOptions = {}): Promise<FileSplats> {
  const { splats, notices } = await readSplatFile(path, options);
  if (splats === undefined) {
    throw new DataError("The file has points, not Gaussians: there is no property f_dc_0", { path });
  }
  for (const notice of notices) options.onNotice?.(`${notice} (${path})`);
  return splats;
}

/** The Gaussians of a file that is no PLY. */
async function otherSplats(
  { path, format, bytes }: { path: string; format: Exclude<SplatFormat, "ply">; bytes: Uint8Array },
  options: ReadSplatsOptions,
): Promise<FileSplats> {
  switch (format) {
    case "glb":
      return parseSplatGlb(bytes, path);
    case "csv":
      return splatsOf({ vertices: parseSplatCsv(bytes, path), comments: [] }, path);
    case "html":
      return await converted({ input: "sog" }, { ...options, parts: [sogOfPage(bytes, path)], label: path }, path);
    default:
      return await converted({ path, input: format }, options);
  }
}

async function converted(
  job: Omit<SplatJob, "output">,
  options: SplatJobOptions,
  path: string = job.path!,
): Promise<FileSplats> {
  const { files } = await runSplatJob({ ...job, output: "ply" }, options);
  return parseSplatsPly(files.output, path);
}
