/**
 * The folder of a trained model, laid out as tools of the 3D Gaussian Splatting family expect it:
 *
 * ```text
 * cfg_args                                        how the capture was loaded, as Python text
 * cameras.json                                    all cameras, test views first
 * input.ply                                       the points that training started from
 * point_cloud/iteration_<t>/point_cloud.ply       the Gaussians
 * config.json, train.csv                          how to repeat the run, and how it went
 * ```
 *
 * @module
 */

import { join } from "node:path";
import project from "../deno.json" with { type: "json" };
import type { Gaussians } from "../ffi/gaussians.ts";
import { readDataFile } from "../load/bytes.ts";
import { cameraCenter } from "../load/camera.ts";
import { DataError } from "../load/errors.ts";
import { entriesOf, statOrUndefined } from "../load/files.ts";
import type { Scene, View } from "../load/scene.ts";
import type { TrainResult } from "../train/events.ts";
import { writeFileAtomic } from "./atomic.ts";
import { type CfgArgs, formatCfgArgs, parseCfgArgs } from "./cfg_args.ts";
import { pointsPly } from "./ply.ts";
import { savePly } from "./splats.ts";

/** Everything needed to repeat a run, and how it went: the contents of `config.json`. */
export interface RunConfig {
  /** Options by their names on the command line. */
  options: Record<string, unknown>;
  /** What the run computed on. */
  device: {
    /** `"cpu"` or `"cuda"`. */
    backend: string;
    /** The processor's or GPU's name. */
    name: string;
    /** Why it was chosen. */
    reason: string;
    /** Seed of every random number. */
    seed: number;
  };
  /** What the run trained on. */
  capture: {
    /** Absolute path. */
    source: string;
    /** Number of training views. */
    train: number;
    /** Number of test views. */
    test: number;
    /** Number of points. */
    points: number;
    /** Scene extent in world units. */
    extent: number;
  };
  /** How the run ended. */
  result: TrainResult;
  /** Wall-clock seconds. */
  seconds: {
    /** Before the first step: capture, first Gaussians, photos. */
    load: number;
    /** Training steps. */
    train: number;
    /** From the start of the process to the writing of this file. */
    total: number;
  };
}

/** Names of the files beside the point clouds. */
export const MODEL_FILES = {
  cfgArgs: "cfg_args",
  cameras: "cameras.json",
  input: "input.ply",
  config: "config.json",
  log: "train.csv",
} as const;

const POINT_CLOUDS = "point_cloud";
const ITERATION_FOLDER = /^iteration_(\d+)$/;

/**
 * Makes the folder and writes what is known before training: `cfg_args`, `cameras.json`, `input.ply`.
 *
 * @param folder Model folder
 * @param scene What will be trained on
 * @param cfgArgs Names and values for `cfg_args`
 */
export async function startModelFolder(folder: string, scene: Scene, cfgArgs: CfgArgs): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  await writeFileAtomic(join(folder, MODEL_FILES.cfgArgs), formatCfgArgs(cfgArgs));
  await writeFileAtomic(join(folder, MODEL_FILES.cameras), camerasJson(scene));
  await writeFileAtomic(join(folder, MODEL_FILES.input), pointsPly(scene.points));
}

/**
 * The text of `cameras.json`: one line, test views before training views.
 *
 * @param scene The views; size and focal lengths are written as the capture states them
 * @returns A JSON array
 */
export function camerasJson(scene: Pick<Scene, "train" | "test">): string {
  return JSON.stringify([...scene.test, ...scene.train].map(cameraEntry));
}

function cameraEntry(view: View, id: number): object {
  const { width, height, fx, fy } = view.original;
  const [r00, r01, r02, r10, r11, r12, r20, r21, r22] = view.camera.rotation;
  return {
    id,
    img_name: view.name,
    width,
    height,
    position: cameraCenter(view.camera),
    rotation: [[r00, r10, r20], [r01, r11, r21], [r02, r12, r22]], // camera to world
    fy,
    fx,
  };
}

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
 * Saves Gaussians under their iteration.
 *
 * @param gaussians What to save
 * @param folder Model folder
 * @param iteration Iteration
 * @returns Path of the PLY file
 */
export async function savePointCloud(gaussians: Gaussians, folder: string, iteration: number): Promise<string> {
  await Deno.mkdir(join(folder, POINT_CLOUDS, `iteration_${iteration}`), { recursive: true });
  const path = pointCloudPath(folder, iteration);
  await savePly(gaussians, path, { iteration });
  return path;
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

/** The result's iteration in a `config.json`; folders that other programs made have none, or one of another kind. */
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

/**
 * Writes `config.json`, with the versions of tame and Deno added.
 *
 * @param folder Model folder
 * @param config How to repeat the run, and how it went
 */
export async function writeRunConfig(folder: string, config: RunConfig): Promise<void> {
  const versions = { tame: project.version, deno: Deno.version.deno };
  await writeFileAtomic(join(folder, MODEL_FILES.config), JSON.stringify({ versions, ...config }, null, 2) + "\n");
}
