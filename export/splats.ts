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
 * @param gaussians What to write; may be in training
 * @param path File to write or replace
 * @param options Iteration
 */
export async function savePly(gaussians: Gaussians, path: string | URL, options: SavePlyOptions = {}): Promise<void> {
  const file = path instanceof URL ? fileURLToPath(path) : path;
  await writePartsAtomic(file, plyParts(gaussians, options.iteration));
}

/** The header, then the rows. */
async function* plyParts(gaussians: Gaussians, iteration: number | undefined): AsyncGenerator<Uint8Array, void, void> {
  const { count, shDegree, antialiasing } = gaussians;
  yield splatHeader(count, shDegree, [
    `tame ${project.version}`,
    ...(iteration === undefined ? [] : [`iteration ${iteration}`]),
    "opacity logit",
    ...renderModeComments(antialiasing),
  ]);
  for (let row = 0; row < count; row += ROWS) {
    const rows = await gaussians.plyRowsAsync(row, Math.min(ROWS, count - row));
    yield new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength);
  }
}
