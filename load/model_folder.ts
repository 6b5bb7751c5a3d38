// Reads the folder of a trained model, which export/model_folder.ts writes: saved iterations, checkpoints, and how it was
// trained.

import { join } from "node:path";
import { DataError } from "../base/errors.ts";
import { readDataFile } from "./bytes.ts";
import { type CfgArgs, parseCfgArgs } from "./cfg_args.ts";
import { entriesOf, statOrUndefined } from "./files.ts";

/** Names of the files beside the point clouds. */
export const MODEL_FILES = {
  cfgArgs: "cfg_args",
  cameras: "cameras.json",
  input: "input.ply",
  config: "config.json",
  log: "train.csv",
} as const;

/** Name of the folder of the point clouds. */
export const POINT_CLOUDS = "point_cloud";
const CHECKPOINTS = "checkpoints";
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
 * @returns The iteration that `config.json` states if it has a saved PLY, else the highest that has
 * @throws {DataError} When there is no saved PLY
 */
export async function lastIteration(folder: string): Promise<number> {
  const saved = await savedIterations(folder);
  const stated = await statedIteration(join(folder, MODEL_FILES.config));
  return saved.find((iteration) => iteration === stated) ?? saved[saved.length - 1];
}

/** The result's iteration in a `config.json`; folders that other programs wrote have none, or one of another kind. */
async function statedIteration(path: string): Promise<unknown> {
  if (!(await statOrUndefined(path))?.isFile) return undefined;
  try {
    return JSON.parse(await Deno.readTextFile(path))?.result?.iteration;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * Reads `cfg_args`.
 *
 * @param folder Model folder
 * @returns Names and values
 * @throws {DataError} When the file is missing or is not `cfg_args` text
 */
export async function readCfgArgs(folder: string): Promise<CfgArgs> {
  const path = join(folder, MODEL_FILES.cfgArgs);
  if (await statOrUndefined(path) === undefined) {
    throw new DataError("Not a model folder: there is no cfg_args in it", { path });
  }
  return parseCfgArgs(new TextDecoder().decode(await readDataFile(path)), path);
}
