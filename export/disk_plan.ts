/**
 * Plans what a run writes into its model folder, and compares it with the free disk space before the run begins.
 *
 * @module
 */

import { freeBytes } from "../base/disk.ts";
import { formatBytes } from "../base/format.ts";
import type { Scene } from "../base/scene.ts";
import { EXPORT_FORMATS, type ExportFormat, VIEWER_BYTES } from "./export_format.ts";
import { splatBytes } from "./ply.ts";

/** Bytes of a camera in `cameras.json`, and of a row of `train.csv`; both are shorter. */
const CAMERA_BYTES = 1024, LOG_ROW_BYTES = 128;

/** Bytes of a report at most: charts, settings, and three pictures of 960 pixels across. */
const REPORT_BYTES = 2 ** 20;

/** One kind of output. */
export interface DiskItem {
  /** What it is, such as `"3 PLY files"`. */
  output: string;
  /** Bytes that it takes at most. */
  bytes: number;
}

/** What determines the size of a model folder. */
export interface PlannedRun {
  /** What is trained on. */
  scene: Pick<Scene, "train" | "test" | "points">;
  /** The maximum number of Gaussians. */
  count: number;
  /** Degree of the spherical harmonics. */
  shDegree: number;
  /** Number of iterations that are saved. */
  saves: number;
  /** Number of previews. Default 0. */
  previews?: number;
  /** Number of iterations. */
  iterations: number;
  /** Bytes of a checkpoint. Default 0: none are written. */
  checkpointBytes?: number;
  /** Formats of the exports at the end. Default none. */
  exports?: readonly ExportFormat[];
}

/** Checkpoints that are kept, and the one being written. */
const CHECKPOINTS = 3;

/**
 * The maximum that a run writes. There is one PLY more than saves: a file that is replaced stays until the new one is
 * complete, and a run that ends early saves once more.
 *
 * @param run Sizes
 * @returns Bytes by kind of output
 */
export function planDisk(run: PlannedRun): DiskItem[] {
  const { scene, count, shDegree, saves, previews = 0, iterations, checkpointBytes, exports = [] } = run;
  const cameras = CAMERA_BYTES * (scene.train.length + scene.test.length);
  const checkpoints = checkpointBytes === undefined
    ? []
    : [{ output: `${CHECKPOINTS} checkpoints`, bytes: CHECKPOINTS * checkpointBytes }];
  return [
    { output: `${saves + 1} PLY files of ${count} Gaussians`, bytes: (saves + 1) * splatBytes(count, shDegree) },
    {
      output: "points, cameras, log and report",
      bytes: 27 * scene.points.count + cameras + 2 * LOG_ROW_BYTES * iterations + REPORT_BYTES,
    },
    ...checkpoints,
    ...(previews === 0 ? [] : [{ output: `${previews} previews`, bytes: previewBytes(scene, previews) }]),
    ...exports.map((format) => ({
      output: `.${format} file`,
      bytes: EXPORT_FORMATS[format].most * splatBytes(count, shDegree) + (format === "html" ? VIEWER_BYTES : 0),
    })),
  ];
}

/** Bytes of uncompressed previews, each a render beside a photo, and of a sheet of all renders and the photo. */
function previewBytes({ test, train }: PlannedRun["scene"], previews: number): number {
  const { width, height } = [...test, ...train][0].camera;
  return 3 * width * height * (2 * previews + previews + 1);
}

/**
 * Throws an error with the numbers if a plan exceeds the free bytes of a folder's disk; does nothing where the system
 * does not tell them.
 *
 * @param folder Model folder, which need not exist
 * @param items What will be written
 */
export async function checkDisk(folder: string, items: readonly DiskItem[]): Promise<void> {
  const free = await freeBytes(folder);
  const bytes = items.reduce((sum, item) => sum + item.bytes, 0);
  if (free === undefined || bytes <= free) return;
  throw new Error(
    `Too little disk space for ${folder}: this run writes up to ${formatBytes(bytes)} (` +
      items.map((item) => `${item.output} ${formatBytes(item.bytes)}`).join(", ") +
      `), and ${
        formatBytes(free)
      } are free. Free some space, choose a folder on another disk, save fewer iterations, or write no checkpoints`,
  );
}
