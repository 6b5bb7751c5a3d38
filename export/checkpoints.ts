/**
 * The checkpoints of a model folder: `checkpoints/iteration_<t>.tame`, the last two of a run.
 *
 * @module
 */

import { dirname } from "node:path";
import { removeOrphans } from "../base/atomic.ts";
import { makeFolder } from "../base/disk.ts";
import { checkpointPath, savedCheckpoints } from "../load/model_folder.ts";
import type { Snapshot, SnapshotWriteOptions } from "../train/checkpoint/snapshot.ts";

/** Checkpoints that are kept: the latest, and one in case that is damaged. */
const KEPT = 2;

/** Writes the checkpoints of one run into a model folder, and removes all others there. */
export class CheckpointFolder {
  readonly #folder: string;
  #own: readonly string[];

  /**
   * @param folder Model folder
   * @param resumed The checkpoint from which the run goes on, if there is one; in this folder it counts as its own
   */
  constructor(folder: string, resumed?: string) {
    this.#folder = folder;
    this.#own = resumed === undefined ? [] : [resumed];
  }

  /**
   * Writes a checkpoint. Only when it is complete are others removed: those of this run except the last two, those of
   * earlier runs, and what a run that was killed had not finished writing.
   *
   * @param snapshot What to write
   * @param options As for `snapshot.write()`
   * @returns Path of the file
   */
  async save(snapshot: Snapshot, options: SnapshotWriteOptions = {}): Promise<string> {
    const path = checkpointPath(this.#folder, snapshot.iteration);
    await makeFolder(dirname(path));
    await snapshot.write(path, options);
    this.#own = [...this.#own.filter((other) => other !== path), path].slice(-KEPT);
    for (const other of await savedCheckpoints(this.#folder)) {
      if (!this.#own.includes(other)) await Deno.remove(other).catch(() => {}); // the next one tries again
    }
    await removeOrphans(dirname(path));
    return path;
  }
}
