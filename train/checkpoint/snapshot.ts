/**
 * A checkpoint in host memory. The copy is taken between two steps; it is written while training goes on.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { writePartsAtomic } from "../../base/atomic.ts";
import type { StateChunk } from "../../ffi/state.ts";
import { checkpointParts } from "./file.ts";
import type { CheckpointManifest } from "./manifest.ts";

/** Options of {@linkcode Snapshot.write}. */
export interface SnapshotWriteOptions {
  /** JSON that the file keeps for the caller, such as how the capture was loaded. Default none. */
  config?: Record<string, unknown>;
}

/**
 * The complete state of a run after an iteration, in host memory.
 *
 * @example
 * ```ts no-assert
 * import { loadScene, openDevice, savePly, train } from "../../mod.ts";
 *
 * export async function trainSafely(capture: string, checkpoint: string, ply: string): Promise<void> {
 *   using device = await openDevice();
 *   let writing = Promise.resolve();
 *   for await (const event of train(device, await loadScene(capture), { checkpointSeconds: 120 })) {
 *     if (event.type === "checkpoint") {
 *       await writing; // one at a time
 *       const snapshot = await event.snapshot();
 *       writing = snapshot.write(checkpoint);
 *     }
 *     if (event.type === "done") {
 *       await writing;
 *       using gaussians = event.gaussians;
 *       await savePly(gaussians, ply);
 *     }
 *   }
 * }
 * ```
 */
export class Snapshot {
  /** Finished iterations. */
  readonly iteration: number;
  /** Bytes of the copied columns in host memory; the file has a few kilobytes more. */
  readonly bytes: number;
  readonly #manifest: Omit<CheckpointManifest, "written">;
  readonly #chunks: readonly StateChunk[];

  /** @internal Use `snapshot()` of a `checkpoint` event. */
  constructor(manifest: Omit<CheckpointManifest, "written">, chunks: readonly StateChunk[]) {
    this.iteration = manifest.state.iteration;
    this.bytes = manifest.sections.reduce((sum, { bytes }) => sum + bytes, 0);
    this.#manifest = manifest;
    this.#chunks = chunks;
  }

  /**
   * Writes the checkpoint, also while the run goes on. The file appears under its name when it is complete and on the
   * disk. A write that fails leaves an earlier file of that name unchanged.
   *
   * @param path File to write or replace
   * @param options What to add
   */
  async write(path: string | URL, options: SnapshotWriteOptions = {}): Promise<void> {
    const file = path instanceof URL ? fileURLToPath(path) : path;
    const manifest = { written: new Date().toISOString(), ...this.#manifest, config: options.config };
    await writePartsAtomic(file, checkpointParts(manifest, this.#chunks), { durable: true });
  }
}
