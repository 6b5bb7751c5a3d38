/**
 * `render.json` beside rendered images: what they were rendered from and how, so that `metrics` can tell whether they
 * are up to date, and render the same views again without rounding to 8 bits.
 *
 * @module
 */

import { join } from "node:path";
import { writeFileAtomic } from "../base/atomic.ts";
import { DataError } from "../base/errors.ts";
import { type Check, ITERATION, object, optional, readChecked, TEXT, value } from "../load/checks.ts";
import { fileHash } from "../load/file_hash.ts";
import { entriesOf, statOrUndefined } from "../load/files.ts";
import { pointCloudPath } from "../load/model_folder.ts";
import type { LoadOptions } from "../load/scene.ts";
import { STORED_OPTIONS } from "../load/stored_options.ts";
import { RENDER_FOLDERS } from "./render.ts";

/** How views were rendered: the options that the capture was loaded with, and the following. */
export interface RenderRecord extends Omit<LoadOptions, "init" | "seed" | "frame" | "library" | "signal"> {
  /** Which saved PLY. */
  iteration: number;
  /** SHA-256 of that file. */
  ply: string;
  /** Training or test views. */
  set: "train" | "test";
  /** Absolute path of the capture. */
  source: string;
  /** White instead of black. */
  whiteBackground: boolean;
  /** Whether each render has the exposure of its photo, if the model has exposures. */
  exposure?: boolean;
}

const FILE = "render.json";

const RECORD: Check<RenderRecord> = object({
  ...STORED_OPTIONS,
  iteration: ITERATION,
  ply: TEXT,
  set: value({ kind: "string", choices: ["train", "test"] }),
  source: TEXT,
  whiteBackground: value({ kind: "flag" }),
  exposure: optional(value({ kind: "flag" })),
});

/** Folders of images by the iteration of their Gaussians. */
const METHOD = /^ours_(\d+)$/;

/** Images of Gaussians that have changed since they were rendered. */
export class OutOfDateError extends DataError {
  /** Names the PLY. */
  constructor(path: string) {
    super("The Gaussians have changed since their images: render the model again", { path });
  }
}

/**
 * The background of the renders.
 *
 * @param record How views are rendered
 * @returns Red, green, blue
 */
export function backgroundOf({ whiteBackground }: Pick<RenderRecord, "whiteBackground">): [number, number, number] {
  return whiteBackground ? [1, 1, 1] : [0, 0, 0];
}

/**
 * Writes `render.json` into a folder of rendered images.
 *
 * @param folder Folder with `renders` and `gt`
 * @param record How they were rendered
 */
export async function writeRenderRecord(folder: string, record: RenderRecord): Promise<void> {
  await writeFileAtomic(join(folder, FILE), JSON.stringify(record, null, 1) + "\n");
}

/**
 * Reads the `render.json` of a folder of rendered images.
 *
 * @param folder Folder with `renders` and `gt`
 * @returns How they were rendered
 * @throws {DataError} When the file is missing or damaged
 */
export async function readRenderRecord(folder: string): Promise<RenderRecord> {
  const path = join(folder, FILE);
  const record = await readChecked(path, RECORD, "render the model again");
  if (record === undefined) throw new DataError("The record of how the images were rendered is missing", { path });
  return record;
}

/**
 * Checks that rendered images are of the Gaussians that a model folder has now. Without a record the times of the files
 * decide.
 *
 * @param model Model folder
 * @param method Name of the folder of images in `test`
 * @param record Their `render.json`, if it can be read
 * @returns SHA-256 of the PLY; undefined if the folder has none of this iteration
 * @throws {OutOfDateError} When the PLY has changed since
 */
export async function checkUpToDate(
  model: string,
  method: string,
  record: RenderRecord | undefined,
): Promise<string | undefined> {
  const iteration = record?.iteration ?? Number(METHOD.exec(method)?.[1] ?? NaN);
  const path = pointCloudPath(model, iteration);
  const saved = await statOrUndefined(path);
  if (!saved?.isFile) return undefined;
  const ply = await fileHash(path);
  const renders = join(model, "test", method, RENDER_FOLDERS.renders);
  const changed = record === undefined ? await isNewer(saved, renders) : record.ply !== ply;
  if (changed) throw new OutOfDateError(path);
  return ply;
}

/** Whether a file was written after the first image of a folder. */
async function isNewer({ mtime }: Deno.FileInfo, folder: string): Promise<boolean> {
  const [first] = await entriesOf(folder);
  const image = first === undefined ? undefined : await statOrUndefined(join(folder, first.name));
  return mtime !== null && image !== undefined && image.mtime !== null && mtime > image.mtime;
}
