/**
 * The folder of a trained model, laid out as tools of the 3D Gaussian Splatting family expect it:
 *
 * ```text
 * cfg_args                                        how the capture was loaded, as Python text
 * cameras.json                                    all cameras, test views first
 * frame.json                                      where the coordinates of all files are in the capture's
 * input.ply                                       the points that training started from
 * point_cloud/iteration_<t>/point_cloud.ply       the Gaussians
 * point_cloud/iteration_<t>/exposure.json         the exposure of each photo, if the run learns it
 * config.json, train.csv, report.html             which run it is, how to repeat it, and how it went
 * ```
 *
 * @module
 */

import { dirname, join } from "node:path";
import { writeFileAtomic, writePartsAtomic } from "../base/atomic.ts";
import type { Exposures } from "../base/exposure.ts";
import { makeFolder } from "../base/disk.ts";
import { CAPTURE_FRAME, type Frame } from "../base/frame.ts";
import type { Scene, View } from "../base/scene.ts";
import project from "../deno.json" with { type: "json" };
import type { Gaussians } from "../ffi/gaussians.ts";
import { cameraCenter, resizeCamera } from "../load/camera.ts";
import type { CfgArgs } from "../load/cfg_args.ts";
import { frameComments } from "../load/frame_comment.ts";
import { EXPOSURES_VERSION } from "../load/exposures.ts";
import { exposuresPath, MODEL_FILES, pointCloudPath } from "../load/model_folder.ts";
import type { RunIdentity } from "../load/run_config.ts";
import type { TrainResult } from "../train/events.ts";
import type { TimePlan } from "../train/time_plan.ts";
import { formatCfgArgs } from "./cfg_args.ts";
import { pointsPlyParts } from "./ply.ts";
import { savePly } from "./splats.ts";

/** Cameras in one part of `cameras.json`. */
const PART_CAMERAS = 256;

/** The contents of `config.json`: which run it is, everything needed to repeat it, and its result. */
export interface RunConfig {
  /** Which run it is, and the iterations that it has saved so far. */
  run: RunIdentity;
  /** Options by their names on the command line. */
  options: Record<string, unknown>;
  /** How many iterations fill the asked time, if that was planned. */
  timePlan?: TimePlan;
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
  /** How the run ended; absent until then. */
  result?: TrainResult;
  /** Wall-clock seconds; absent until the end. */
  seconds?: {
    /** Before the first step: capture, initial Gaussians, photos. */
    load: number;
    /** Training steps. */
    train: number;
    /** From the start of the process to the writing of this file. */
    total: number;
  };
}

/**
 * Creates the folder and writes what is known before training: `cfg_args`, `cameras.json`, `frame.json`,
 * `input.ply`.
 *
 * @param folder Model folder
 * @param scene What will be trained on
 * @param cfgArgs Names and values for `cfg_args`
 */
export async function startModelFolder(folder: string, scene: Scene, cfgArgs: CfgArgs): Promise<void> {
  await makeFolder(folder);
  await writeFileAtomic(join(folder, MODEL_FILES.cfgArgs), formatCfgArgs(cfgArgs));
  const { frame = CAPTURE_FRAME } = scene;
  await writePartsAtomic(join(folder, MODEL_FILES.cameras), camerasJson(scene));
  await writeFileAtomic(join(folder, MODEL_FILES.frame), frameJson(frame));
  await writePartsAtomic(join(folder, MODEL_FILES.input), pointsPlyParts(scene.points, frameComments(frame)));
}

/**
 * The text of `frame.json`.
 *
 * @param frame Frame of the coordinates in the folder: the capture's are `origin + scale * (x, y, z)`
 */
function frameJson({ origin, scale }: Frame): string {
  return JSON.stringify({ origin, scale }) + "\n";
}

/**
 * The text of `cameras.json`: one line, test views before training views.
 *
 * @param scene The views; size and intrinsics are written as the capture states them
 * @returns The parts of a JSON array
 */
export function* camerasJson(scene: Pick<Scene, "train" | "test">): Generator<string, void, void> {
  const views = [...scene.test, ...scene.train];
  yield "[";
  for (let first = 0; first < views.length; first += PART_CAMERAS) {
    const entries = views.slice(first, first + PART_CAMERAS).map((view, i) => cameraEntry(view, first + i));
    yield (first > 0 ? "," : "") + entries.map((entry) => JSON.stringify(entry)).join(",");
  }
  yield "]";
}

function cameraEntry(view: View, id: number): object {
  const { width, height, fx, fy } = view.original;
  const { cx, cy } = resizeCamera(view.camera, view.original);
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
    cx,
    cy,
  };
}

/**
 * Saves Gaussians under their iteration, and the exposures of the views beside them.
 *
 * @param gaussians What to save
 * @param folder Model folder
 * @param iteration Iteration
 * @param exposures Exposures, if the run trains some; those of an earlier save are removed
 * @returns Path of the PLY file
 */
export async function savePointCloud(
  gaussians: Gaussians,
  folder: string,
  iteration: number,
  exposures?: Exposures,
): Promise<string> {
  const path = pointCloudPath(folder, iteration);
  await makeFolder(dirname(path));
  // Removed before and written after: what is there is never of other Gaussians.
  await removeIfThere(exposuresPath(folder, iteration));
  await savePly(gaussians, path, { iteration });
  if (exposures !== undefined) await writeFileAtomic(exposuresPath(folder, iteration), exposuresJson(exposures));
  return path;
}

function exposuresJson({ kind, views }: Exposures): string {
  const lines = Object.entries(views).map(([name, transform]) =>
    `${JSON.stringify(name)}: ${JSON.stringify(transform)}`
  );
  const head = `"version": ${EXPOSURES_VERSION}, "kind": ${JSON.stringify(kind)}`;
  return `{${head}, "views": {\n${lines.join(",\n")}\n}}\n`;
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/**
 * Writes `config.json`, at the start of a run, after every save and at the end, with the versions of tame and Deno added.
 *
 * @param folder Model folder
 * @param config Options and result of the run
 */
export async function writeRunConfig(folder: string, config: RunConfig): Promise<void> {
  const versions = { tame: project.version, deno: Deno.version.deno };
  await writeFileAtomic(join(folder, MODEL_FILES.config), JSON.stringify({ versions, ...config }, null, 2) + "\n");
}
