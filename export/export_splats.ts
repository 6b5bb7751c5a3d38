/**
 * Exports Gaussians to the formats of viewers and other tools.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeFileAtomic } from "../base/atomic.ts";
import { makeFolder } from "../base/disk.ts";
import { resolveOptions } from "../base/option.ts";
import type { Gaussians } from "../ffi/gaussians.ts";
import { CAPTURE_FRAME, sameFrame } from "../base/frame.ts";
import { isDirectory } from "../load/files.ts";
import { frameComments } from "../load/frame_comment.ts";
import { parseSplatsPly } from "../load/ply.ts";
import { isAntialiased } from "../load/render_mode.ts";
import { runSplatJob, type SplatChange, type SplatResult } from "../load/splat_library.ts";
import { EXPORT_FORMATS, type ExportFormat, exportFormat, needsLibrary } from "./export_format.ts";
import { EXPORT_ROWS } from "./option_table.ts";
import { similarityOf } from "./similarity.ts";
import { trialPly } from "./ply.ts";
import { encodeSog, sogSeconds } from "./sog.ts";
import { OPACITY_COMMENT, plyParts, PROGRAM_COMMENT, savePly } from "./splats.ts";
import { encodeViewerPage } from "./viewer_page.ts";

const LF = 0x0a;

/** Only a PLY of tame states the frame. */
const FRAME_NOTICE = "Coordinates are those of the model's frame, not the capture's: see docs/guide/captures.md";

/** The library compresses the harmonics of each level, which takes hours without a GPU. */
const LEVELS_NOTICE = "Levels of detail are written without spherical harmonics above degree 0. About 1 ms a Gaussian";

/** Options of {@linkcode exportSplats}; the changes are made in the order of the properties. */
export interface ExportOptions {
  /**
   * Keeps only Gaussians with centres in a box: its least x, y, z, then its greatest, in the Gaussians' coordinates,
   * before {@linkcode transform}. Default none.
   */
  crop?: readonly number[];
  /** Keeps only Gaussians of at least this opacity, greater than 0 and less than 1. Default none. */
  minOpacity?: number;
  /** Rows of a 3 x 4 matrix, 12 numbers: a rotation times a scale, then a translation. Default none. */
  transform?: readonly number[];
  /** Leaves out spherical harmonics above this degree, 0 to 3. Default none. */
  shDegree?: number;
  /** Merges similar Gaussians until this many are left, or up to 1 this share of them. Default none. */
  decimate?: number;
  /** Stops the export; the promise then rejects with the signal's reason, and the file stays as it was. */
  signal?: AbortSignal;
  /** Called with a line before a download, about what the format cannot state, and about a long wait. */
  onNotice?: (message: string) => void;
  /** Called with the share of a SOG file's palette that is found, up to 1. */
  onProgress?: (share: number) => void;
}

/** A file that {@linkcode exportSplats} wrote. */
export interface ExportedFile {
  /** Its path. */
  path: string;
  /** Its format. */
  format: ExportFormat;
  /** Gaussians in it. */
  count: number;
  /** Its size, with that of the files that it refers to. */
  bytes: number;
}

/**
 * Exports Gaussians to a file whose format its name states: `.ply`, `.compressed.ply`, `.spz`, `.sog`, `.html` (a page
 * with a viewer), `.glb` (glTF with KHR_gaussian_splatting), `.csv`, `.splat`, or `lod-meta.json` (levels of detail for
 * streaming, with their files beside it, and without harmonics). Each has the axes that its readers
 * expect, and the mark for anti-aliased rendering if the format has one. The file appears under its name when it is
 * complete; its folder is created if it is missing.
 *
 * tame writes PLY and SOG itself. The other formats, and all changes, need `@playcanvas/splat-transform`, which is
 * downloaded from npm the first time, and runs in a process of its own, for which Deno needs `--allow-run`.
 *
 * @example
 * ```ts no-assert
 * import { exportSplats, loadPly, openDevice } from "../mod.ts";
 *
 * export async function publish(ply: string): Promise<void> {
 *   using device = await openDevice({ backend: "cpu" });
 *   using gaussians = await loadPly(device, ply);
 *   const { count, bytes } = await exportSplats(gaussians, "scene.sog", { minOpacity: 0.02, shDegree: 2 });
 *   console.log(`${count} Gaussians in ${bytes} bytes`);
 * }
 * ```
 *
 * @param gaussians What to export
 * @param path File to write or replace
 * @param options Changes, signal, notices
 * @returns What was written
 * @throws {RangeError} When the name states no format, or an option is out of range
 * @throws {DataError} When no Gaussian is left, or the library cannot write them
 * @throws {Error} When the library is needed and cannot be had, or the file cannot be written
 */
export async function exportSplats(
  gaussians: Gaussians,
  path: string | URL,
  options: ExportOptions = {},
): Promise<ExportedFile> {
  const file = path instanceof URL ? fileURLToPath(path) : path;
  const format = exportFormat(file);
  const changes = changesOf(options, format);
  await prepareOutput(file);
  if (gaussians.antialiasing && !EXPORT_FORMATS[format].tagged) {
    options.onNotice?.(`A .${format} file cannot state that the Gaussians are to be rendered anti-aliased`);
  }
  if (format !== "ply" && !sameFrame(gaussians.frame, CAPTURE_FRAME)) options.onNotice?.(FRAME_NOTICE);
  if (format === "ply" && changes.length === 0) {
    const { count } = await savePly(gaussians, file);
    return { path: file, format, count, bytes: (await Deno.stat(file)).size };
  }
  const { files, count } = await encode(gaussians, { file, format, changes }, options);
  options.signal?.throwIfAborted();
  const main = format === "lod-meta.json" ? format : "output";
  // Files that the named one refers to come first: it is complete when it is there.
  for (const [name, bytes] of Object.entries(files).filter(([name]) => name !== main)) {
    const path = join(dirname(file), name);
    await makeFolder(dirname(path));
    await writeFileAtomic(path, bytes);
  }
  await writeFileAtomic(file, files[main]);
  const bytes = Object.values(files).reduce((sum, { length }) => sum + length, 0);
  return { path: file, format, count, bytes };
}

/**
 * Creates the folder of a file to export, so that a long conversion does not end without one.
 *
 * @internal
 * @throws {Error} When the folder cannot be created, or a folder has the file's name
 */
export async function prepareOutput(file: string): Promise<void> {
  if (await isDirectory(file)) throw new Error(`Cannot write ${file}: it is a folder. Choose another name`);
  await makeFolder(dirname(file));
}

/**
 * Fetches what exports to some formats need, so that nothing can be missing after a long run.
 *
 * @internal
 * @throws {Error} When the library is needed and cannot be had
 */
export async function prepareExports(
  formats: readonly ExportFormat[],
  options: Pick<ExportOptions, "signal" | "onNotice">,
): Promise<void> {
  if (!formats.some(needsLibrary)) return;
  await runSplatJob({ input: "ply", output: "ply" }, { ...options, parts: [trialPly()] });
}

/**
 * The changes that options ask for and a format needs, in order.
 *
 * @throws {OptionError} When an option is out of range
 */
function changesOf(options: ExportOptions, format: ExportFormat): SplatChange[] {
  const { crop, minOpacity, transform, shDegree, decimate } = resolveOptions(EXPORT_ROWS, options);
  const changes: SplatChange[] = [];
  if (crop !== undefined) changes.push({ kind: "crop", min: crop.slice(0, 3), max: crop.slice(3) });
  if (minOpacity !== undefined) changes.push({ kind: "minOpacity", opacity: minOpacity });
  if (transform !== undefined) changes.push({ kind: "transform", ...similarityOf(transform) });
  if (shDegree !== undefined) changes.push({ kind: "shDegree", degree: shDegree });
  if (format === "lod-meta.json" && shDegree !== 0) changes.push({ kind: "shDegree", degree: 0 });
  if (decimate !== undefined) changes.push({ kind: "decimate", keep: decimate });
  return changes;
}

/** The bytes of a file, and those of files that it refers to. */
async function encode(
  gaussians: Gaussians,
  { file, format, changes }: { file: string; format: ExportFormat; changes: SplatChange[] },
  options: ExportOptions,
): Promise<SplatResult> {
  const { signal, onNotice, onProgress } = options;
  const nonFinite = await gaussians.countNonFinite();
  const parts = plyParts(gaussians, { count: gaussians.count - nonFinite, nonFinite });
  const { library } = EXPORT_FORMATS[format];
  const convert = (output: string) =>
    runSplatJob({ input: "ply", changes, output }, { parts, label: file, signal, onNotice });
  if (format === "lod-meta.json") onNotice?.(LEVELS_NOTICE);
  if (library !== undefined) return await convert(library);
  if (format === "ply") {
    const { files, count } = await convert("ply");
    // Transformed coordinates are in no frame that is known here.
    const frame = options.transform === undefined ? frameComments(gaussians.frame) : [];
    return { files: { output: withComments(files.output, [PROGRAM_COMMENT, OPACITY_COMMENT, ...frame]) }, count };
  }
  const ply = changes.length === 0
    ? await new Response(ReadableStream.from(parts)).bytes()
    : (await convert("ply")).files.output;
  const { means, ...rest } = parseSplatsPly(ply, file);
  const splats = { ...rest, means: new Float32Array(means) };
  onNotice?.(`Encoding ${splats.count} Gaussians as SOG takes about ${Math.ceil(sogSeconds(splats))} s on one core`);
  const sog = await encodeSog(splats, { antialiased: isAntialiased(splats.comments), signal, onProgress });
  const output = format === "sog" ? sog : await encodeViewerPage(sog, splats, { label: file, signal, onNotice });
  return { files: { output }, count: splats.count };
}

/** A PLY with more comments: those that {@linkcode savePly} writes and the library does not keep. */
function withComments(ply: Uint8Array, comments: string[]): Uint8Array {
  const first = ply.indexOf(LF, ply.indexOf(LF) + 1) + 1; // after "ply" and the format
  const lines = new TextEncoder().encode(comments.map((comment) => `comment ${comment}\n`).join(""));
  const result = new Uint8Array(ply.length + lines.length);
  result.set(ply.subarray(0, first));
  result.set(lines, first);
  result.set(ply.subarray(first), first + lines.length);
  return result;
}
