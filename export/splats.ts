/**
 * Writes Gaussians to a PLY file part by part: a large model is never wholly in JavaScript's memory.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { writePartsAtomic } from "../base/atomic.ts";
import { CAPTURE_FRAME, type Frame, type FrameChange, pointInFrame, sameFrame } from "../base/frame.ts";
import project from "../deno.json" with { type: "json" };
import type { Gaussians } from "../ffi/gaussians.ts";
import { frameComments } from "../load/frame_comment.ts";
import { renderModeComments } from "../load/render_mode.ts";
import { splatHeader } from "./ply.ts";

/** Comments of every PLY that tame writes. */
export const PROGRAM_COMMENT = `tame ${project.version}`, OPACITY_COMMENT = "opacity logit";

/** Rows in one piece: 4 MB at degree 3 of the spherical harmonics. */
const ROWS = 16_384;

/** What {@linkcode savePly} wrote. */
export interface SavedPly {
  /** Gaussians in the file. */
  count: number;
  /** Gaussians that were left out, because a parameter is not a finite number; see `Gaussians.countNonFinite()`. */
  nonFinite: number;
}

/** Options of {@linkcode savePly}. */
export interface SavePlyOptions {
  /** Iteration to note in the file's header. */
  iteration?: number;
  /**
   * Frame to write in; {@linkcode CAPTURE_FRAME} for the capture's coordinates. If its origin is another than that of
   * the Gaussians, x, y and z are `double`: float32 could not hold them. Default that of the Gaussians.
   */
  frame?: Frame;
}

/**
 * Writes Gaussians as a PLY file that splat viewers open: one `vertex` each, all properties `float`, 62 of them at
 * degree 3. Scales are natural logarithms, quaternions (w, x, y, z) as trained, opacities logits; comments in the
 * header say so, `SplatRenderMode: mip` if the Gaussians are to be rendered anti-aliased, and `CaptureFrame` if the
 * coordinates are not the capture's own. The file appears under its name when it is complete.
 *
 * @example
 * ```ts
 * import { Gaussians, loadPly, openDevice, savePly } from "../mod.ts";
 *
 * using device = await openDevice({ backend: "cpu" });
 * using one = Gaussians.create(device, { capacity: 1, shDegree: 3, count: 1 });
 * const path = await Deno.makeTempFile({ suffix: ".ply" });
 * await savePly(one, path);
 * using same = await loadPly(device, path);
 * if (same.count !== 1) throw new Error("one Gaussian written, one read");
 * await Deno.remove(path);
 * ```
 *
 * @param gaussians What to write; may be in training, but must not change before the promise resolves
 * @param path File to write or replace
 * @param options Iteration, frame
 * @returns How many were written. Gaussians with a number that is not finite never are: other tools reject such files
 * @throws {Error} When none of them is finite, or the file cannot be written; a file of that name then stays as it was
 */
export async function savePly(
  gaussians: Gaussians,
  path: string | URL,
  options: SavePlyOptions = {},
): Promise<SavedPly> {
  const file = path instanceof URL ? fileURLToPath(path) : path;
  const nonFinite = await gaussians.countNonFinite();
  const count = gaussians.count - nonFinite;
  if (count === 0 && nonFinite > 0) {
    throw new Error(`Not saved: none of the ${nonFinite} Gaussians has finite numbers only, for ${file}`);
  }
  await writePartsAtomic(file, plyParts(gaussians, { count, nonFinite }, options));
  return { count, nonFinite };
}

/**
 * The file that {@linkcode savePly} writes, part by part: the header, then the rows.
 *
 * @internal
 */
export async function* plyParts(
  gaussians: Gaussians,
  { count, nonFinite }: SavedPly,
  { iteration, frame: to = gaussians.frame }: SavePlyOptions = {},
): AsyncGenerator<Uint8Array, void, void> {
  const { shDegree, antialiasing, frame: from } = gaussians;
  const doubles = to.origin.some((value, axis) => value !== from.origin[axis]);
  yield splatHeader(count, shDegree, [
    PROGRAM_COMMENT,
    ...(iteration === undefined ? [] : [`iteration ${iteration}`]),
    ...(nonFinite === 0 ? [] : [`${nonFinite} Gaussians that are not finite are left out`]),
    OPACITY_COMMENT,
    ...renderModeComments(antialiasing),
    ...frameComments(to),
  ], { doubles });
  const rowBytes = 4 * (14 + 3 * (shDegree + 1) ** 2);
  let left = count * rowBytes;
  for (let row = 0; row < gaussians.count; row += ROWS) {
    const rows = await gaussians.finitePlyRows(row, Math.min(ROWS, gaussians.count - row));
    left -= rows.byteLength;
    const bytes = new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength);
    yield sameFrame(from, to) ? bytes : rowsInFrame(rows, rowBytes / 4, { from, to, doubles });
  }
  if (left !== 0) throw new Error("Not saved: the Gaussians have changed meanwhile");
}

/** Rows of `width` floats, which begin with the centre and end with the log-scales and the quaternion. */
function rowsInFrame(
  rows: Float32Array,
  width: number,
  { from = CAPTURE_FRAME, to = CAPTURE_FRAME, doubles }: FrameChange & { doubles: boolean },
): Uint8Array {
  const [size, centers] = doubles ? [8, 24] : [4, 12];
  const rowBytes = centers + 4 * (width - 3);
  const scales = width - 7; // scale_0 to scale_2, rot_0 to rot_3
  const grow = Math.log(from.scale / to.scale);
  const view = new DataView(new ArrayBuffer(rows.length / width * rowBytes));
  for (let at = 0, first = 0; first < rows.length; at += rowBytes, first += width) {
    const center = pointInFrame([rows[first], rows[first + 1], rows[first + 2]], { from, to });
    for (const [axis, value] of center.entries()) {
      if (doubles) view.setFloat64(at + size * axis, value, true);
      else view.setFloat32(at + size * axis, value, true);
    }
    for (let k = 3; k < width; k++) {
      const value = rows[first + k] + (k >= scales && k < scales + 3 ? grow : 0);
      view.setFloat32(at + centers + 4 * (k - 3), value, true);
    }
  }
  return new Uint8Array(view.buffer);
}
