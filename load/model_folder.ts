// Reads the folder of a trained model, which export/model_folder.ts writes: saved iterations, checkpoints, and how it was
// trained.

import { join } from "node:path";
import { DataError } from "../base/errors.ts";
import type { Coverage } from "../base/scene.ts";
import { parseCfgArgs } from "./cfg_args.ts";
import { type Check, object, optional, readOwnFile, TEXT, value } from "./checks.ts";
import { entriesOf, statOrUndefined } from "./files.ts";
import type { MissingPhotos } from "./missing_photos.ts";
import { CONFIG_FILE, readRunConfig } from "./run_config.ts";
import { STORED_OPTIONS } from "./stored_options.ts";

/** Names of the files beside the point clouds. */
export const MODEL_FILES = {
  cfgArgs: "cfg_args",
  cameras: "cameras.json",
  frame: "frame.json",
  input: "input.ply",
  config: CONFIG_FILE,
  log: "train.csv",
  report: "report.html",
} as const;

/** Folder of the saved Gaussians, one folder in it for each iteration. */
export const POINT_CLOUDS = "point_cloud";
/** Folder of the previews. */
export const PREVIEWS = "previews";
/** Folder of the checkpoints. */
export const CHECKPOINTS = "checkpoints";
const CHECKPOINT_FILE = /^iteration_\d+\.tame$/;
const ITERATION_FOLDER = /^iteration_(\d+)$/;

/**
 * Where the Gaussians of an iteration are saved.
 *
 * @param folder Model folder
 * @param iteration Iteration
 * @returns Path of the PLY file
 */
export function pointCloudPath(folder: string, iteration: number): string {
  return join(folder, POINT_CLOUDS, `iteration_${iteration}`, "point_cloud.ply");
}

/**
 * Where the exposures of an iteration are saved.
 *
 * @param folder Model folder
 * @param iteration Iteration
 * @returns Path of the JSON file
 */
export function exposuresPath(folder: string, iteration: number): string {
  return join(folder, POINT_CLOUDS, `iteration_${iteration}`, "exposure.json");
}

/**
 * Where the preview of an iteration is, or the sheet of all of them.
 *
 * @param folder Model folder
 * @param iteration Iteration, or `"sheet"`
 * @returns Path of the image
 */
export function previewPath(folder: string, iteration: number | "sheet"): string {
  return join(folder, PREVIEWS, iteration === "sheet" ? "sheet.png" : `iteration_${iteration}.png`);
}

/**
 * Where the checkpoint of an iteration is.
 *
 * @param folder Model folder
 * @param iteration Number of finished iterations
 * @returns Path of the file
 */
export function checkpointPath(folder: string, iteration: number): string {
  return join(folder, CHECKPOINTS, `iteration_${iteration}.tame`);
}

/**
 * The files of all checkpoints in a model folder.
 *
 * @param folder Model folder
 * @returns Paths by iteration, ascending; none if there is no folder
 */
export async function savedCheckpoints(folder: string): Promise<string[]> {
  const inside = join(folder, CHECKPOINTS);
  const files = (await entriesOf(inside)).filter(({ name, isFile }) => isFile && CHECKPOINT_FILE.test(name));
  return files.map(({ name }) => join(inside, name));
}

/**
 * The iterations that have a saved PLY.
 *
 * @param folder Model folder
 * @returns Iterations in ascending order
 * @throws {DataError} When there is none
 */
export async function savedIterations(folder: string): Promise<number[]> {
  const clouds = join(folder, POINT_CLOUDS);
  const iterations: number[] = [];
  for (const { name } of await entriesOf(clouds)) {
    const iteration = Number(ITERATION_FOLDER.exec(name)?.[1] ?? NaN);
    if ((await statOrUndefined(pointCloudPath(folder, iteration)))?.isFile) iterations.push(iteration);
  }
  if (iterations.length === 0) throw new DataError("No saved Gaussians: train the model first", { path: clouds });
  return iterations.sort((a, b) => a - b);
}

/**
 * The iteration that the last run into a folder ended with, which need not be the highest: an earlier, longer run may
 * have left PLYs of higher ones.
 *
 * @param folder Model folder
 * @returns Of the iterations that have a saved PLY: the one that `config.json` states as the result, else the last that
 * its run saved, else the highest
 * @throws {DataError} When there is no saved PLY, or `config.json` is damaged
 */
export async function lastIteration(folder: string): Promise<number> {
  const saved = await savedIterations(folder);
  const config = await readRunConfig(folder);
  const ofRun = saved.filter((iteration) => config?.run?.saved.includes(iteration));
  return saved.find((iteration) => iteration === config?.result?.iteration) ?? ofRun.at(-1) ?? saved[saved.length - 1];
}

/** How the capture of a model was loaded: the values of `cfg_args` that are read again, under their names there. */
export interface StoredCapture {
  /** Path of the capture. */
  source_path?: string;
  /** As in `LoadOptions`. */
  images?: string;
  /** As in `LoadOptions`. */
  resolution?: number;
  /** As in `LoadOptions`. */
  eval?: boolean;
  /** White instead of black. */
  white_background?: boolean;
  /** As `testEvery` in `LoadOptions`. */
  test_every?: number;
  /** As `testOffset` in `LoadOptions`. */
  test_offset?: number;
  /** As in `LoadOptions`. */
  near?: number | `${number}%`;
  /** As `allowOutside` in `LoadOptions`. */
  allow_outside?: boolean;
  /** As in `LoadOptions`. */
  missing?: MissingPhotos;
  /** As `undistortFov` in `LoadOptions`. */
  undistort_fov?: number;
  /** As `referenceCameras` in `LoadOptions`. */
  reference_cameras?: boolean;
  /** As in `LoadOptions`. */
  coverage?: Coverage;
}

const CFG_ARGS: Check<StoredCapture> = object({
  source_path: optional(TEXT),
  images: STORED_OPTIONS.images,
  resolution: STORED_OPTIONS.resolution,
  eval: STORED_OPTIONS.eval,
  white_background: optional(value({ kind: "flag" })),
  test_every: STORED_OPTIONS.testEvery,
  test_offset: STORED_OPTIONS.testOffset,
  near: STORED_OPTIONS.near,
  allow_outside: STORED_OPTIONS.allowOutside,
  missing: STORED_OPTIONS.missing,
  undistort_fov: STORED_OPTIONS.undistortFov,
  reference_cameras: STORED_OPTIONS.referenceCameras,
  coverage: STORED_OPTIONS.coverage,
});

/**
 * Reads `cfg_args`.
 *
 * @param folder Model folder
 * @returns Names and values; those that are not there are left out
 * @throws {DataError} When the file is missing, is not `cfg_args` text, or has a value that cannot be used
 */
export async function readCfgArgs(folder: string): Promise<StoredCapture> {
  const path = join(folder, MODEL_FILES.cfgArgs);
  const advice = "correct the value, or train the model again";
  const bytes = await readOwnFile(path, advice);
  if (bytes === undefined) throw new DataError("Not a model folder: there is no cfg_args in it", { path });
  return CFG_ARGS(parseCfgArgs(new TextDecoder().decode(bytes), path), { path, field: "", advice });
}
