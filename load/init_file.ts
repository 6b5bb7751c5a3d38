// Reads the file that `init` names: initial points, or initial Gaussians.

import { DataError } from "../base/errors.ts";
import { CAPTURE_FRAME, type Frame } from "../base/frame.ts";
import { SH_C0 } from "../base/numbers.ts";
import type { CapturePoints } from "./capture.ts";
import { frameInComments } from "./frame_comment.ts";
import type { FileSplats } from "./ply.ts";
import { usablePoints } from "./points.ts";
import { readSplatFile, type ReadSplatsOptions } from "./splats.ts";

/** Points, or Gaussians with their centres as points. */
export interface InitFile {
  /** At least one point. */
  points: CapturePoints;
  /** Gaussians, if the file has any. */
  splats?: FileSplats;
  /** The frame that the file states, else the capture's own. */
  frame: Frame;
  /** What was left out or clamped, one line each. */
  notices: string[];
}

/**
 * Reads a file of Gaussians or of points. Points and Gaussians that cannot be used are left out, and counted in a
 * notice. Throws a {@linkcode DataError} when the file is missing or damaged, or none can be used.
 *
 * @internal
 */
export async function readInitFile(path: string, options: ReadSplatsOptions = {}): Promise<InitFile> {
  const { splats, points, comments, notices } = await readSplatFile(path, options);
  const lines = notices.map((notice) => `${notice} (init file ${path})`);
  const file = splats === undefined ? fromPoints(points!) : { splats, points: centres(splats), notices: lines };
  if (file.points.count === 0) throw new DataError("File has no usable points or Gaussians", { path });
  return { ...file, frame: frameInComments(comments, path) ?? CAPTURE_FRAME };
}

function fromPoints(all: CapturePoints): Omit<InitFile, "frame"> {
  const { points, dropped } = usablePoints(all);
  if (dropped === 0) return { points, notices: [] };
  const notice = `${dropped} of ${all.count} points of the init file are left out: they have unusable numbers`;
  return { points, notices: [notice] };
}

/** The centres of Gaussians as points, in the colours that they have from all sides. */
function centres({ count, means, sh, shDegree }: FileSplats): CapturePoints {
  const colors = new Uint8ClampedArray(3 * count);
  const width = 3 * (shDegree + 1) ** 2;
  for (let i = 0; i < colors.length; i++) {
    colors[i] = 255 * (0.5 + SH_C0 * sh[Math.floor(i / 3) * width + i % 3]);
  }
  return { count, positions: means, colors: new Uint8Array(colors.buffer) };
}
