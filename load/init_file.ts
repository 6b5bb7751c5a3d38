// Reads the PLY file that `init` names: initial points, or initial Gaussians.

import { DataError } from "../base/errors.ts";
import { CAPTURE_FRAME, type Frame } from "../base/frame.ts";
import { SH_C0 } from "../base/numbers.ts";
import { readDataFile } from "./bytes.ts";
import type { CapturePoints } from "./capture.ts";
import { frameInComments } from "./frame_comment.ts";
import { type FileSplats, parsePointsPly, parseSplatsPly } from "./ply.ts";
import { parsePlyHeader } from "./ply_header.ts";
import { usablePoints } from "./points.ts";

/** Points, or Gaussians with their centres as points. */
export interface InitFile {
  /** At least one point. */
  points: CapturePoints;
  /** Gaussians, if the file has any. */
  splats?: FileSplats;
  /** The frame that the file states, else the capture's own. */
  frame: Frame;
  /** What was left out, one line each. */
  notices: string[];
}

/**
 * Reads a PLY of Gaussians (with `f_dc_*`) or of points. Rows with a number that is not finite are left out. Throws a
 * {@linkcode DataError} when the file is missing or damaged, or no row can be used.
 *
 * @internal
 */
export async function readInitFile(path: string): Promise<InitFile> {
  const bytes = await readDataFile(path);
  const { elements, comments } = parsePlyHeader(bytes, path);
  const vertex = elements.find(({ name }) => name === "vertex");
  const file = vertex?.properties.some(({ name }) => name === "f_dc_0")
    ? fromSplats(parseSplatsPly(bytes, path))
    : fromPoints(parsePointsPly(bytes, path));
  if (file.points.count === 0) throw new DataError("File has no usable points or Gaussians", { path });
  return { ...file, frame: frameInComments(comments, path) ?? CAPTURE_FRAME };
}

function fromPoints(all: CapturePoints): Omit<InitFile, "frame"> {
  const { points, dropped } = usablePoints(all);
  return { points, notices: dropped > 0 ? [notice(dropped, all.count, "points")] : [] };
}

function fromSplats(all: FileSplats): Omit<InitFile, "frame"> {
  const splats = usableSplats(all);
  const { count, means, sh, shDegree } = splats;
  const colors = new Uint8ClampedArray(3 * count);
  const width = 3 * (shDegree + 1) ** 2;
  for (let i = 0; i < colors.length; i++) {
    colors[i] = 255 * (0.5 + SH_C0 * sh[Math.floor(i / 3) * width + i % 3]);
  }
  const points = { count, positions: means, colors: new Uint8Array(colors.buffer) };
  return { points, splats, notices: count < all.count ? [notice(all.count - count, all.count, "Gaussians")] : [] };
}

/** The Gaussians whose every number is finite. */
function usableSplats(splats: FileSplats): FileSplats {
  const { count, shDegree } = splats;
  const widths = { means: 3, logScales: 3, quats: 4, opacities: 1, sh: 3 * (shDegree + 1) ** 2 } as const;
  const fields = Object.keys(widths) as (keyof typeof widths)[];
  const usable = Array.from(
    { length: count },
    (_, i) =>
      fields.every((field) =>
        splats[field].subarray(i * widths[field], (i + 1) * widths[field]).every(Number.isFinite)
      ),
  );
  const left = usable.filter((is) => is).length;
  if (left === count) return splats;
  const kept = fields.map((field) => [field, splats[field].filter((_, i) => usable[Math.floor(i / widths[field])])]);
  return { ...splats, ...Object.fromEntries(kept), count: left };
}

function notice(dropped: number, count: number, what: string): string {
  return `${dropped} of ${count} ${what} of the init file are left out: they have unusable numbers`;
}
