/**
 * Writes Gaussians to a PLY file part by part: a large model is never wholly in JavaScript's memory.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { writePartsAtomic } from "../base/atomic.ts";
import project from "../deno.json" with { type: "json" };
import type { Gaussians } from "../ffi/gaussians.ts";
import { renderModeComments } from "../load/render_mode.ts";
import { splatHeader } from "./ply.ts";

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
}

/**
 * Writes Gaussians as a PLY file that splat viewers open: one `vertex` each, all properties `float`, 62 of them at
 * degree 3. Scales are natural logarithms, quaternions (w, x, y, z) as trained, opacities logits; comments in the
 * header say so, and `SplatRenderMode: mip` if the Gaussians are to be rendered anti-aliased. The file appears under
 * its name when it is complete.
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
 * @param options Iteration
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
  await writePartsAtomic(file, plyParts(gaussians, { count, nonFinite }, options.iteration));
  return { count, nonFinite };
}

/** The header, then the rows. */
async function* plyParts(
  gaussians: Gaussians,
  { count, nonFinite }: SavedPly,
  iteration: number | undefined,
): AsyncGenerator<Uint8Array, void, void> {
  const { shDegree, antialiasing } = gaussians;
  yield splatHeader(count, shDegree, [
    `tame ${project.version}`,
    ...(iteration === undefined ? [] : [`iteration ${iteration}`]),
    ...(nonFinite === 0 ? [] : [`${nonFinite} Gaussians that are not finite are left out`]),
    "opacity logit",
    ...renderModeComments(antialiasing),
  ]);
  const rowBytes = 4 * (14 + 3 * (shDegree + 1) ** 2);
  let left = count * rowBytes;
  for (let row = 0; row < gaussians.count; row += ROWS) {
    const rows = await gaussians.finitePlyRows(row, Math.min(ROWS, gaussians.count - row));
    left -= rows.byteLength;
    yield new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength);
  }
  if (left !== 0) throw new Error("Not saved: the Gaussians have changed meanwhile");
}
