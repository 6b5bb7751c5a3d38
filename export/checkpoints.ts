/**
 * The checkpoints of a model folder: `checkpoints/iteration_<t>.tame`, the last two of a run.
 *
 * @module
 */

import { basename, dirname, join } from "node:path";
import { checkpointPath, savedCheckpoints } from "../load/model_folder.ts";
import { entriesOf } from "../load/files.ts";
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
    await Deno.mkdir(dirname(path), { recursive: true });
    await snapshot.write(path, options);
    this.#own = [...this.#own.filter((other) => other !== path), path].slice(-KEPT);
    for (const other of await savedCheckpoints(this.#folder)) {
      if (!this.#own.includes(other)) await Deno.remove(other);
    }
    for (const { name } of await entriesOf(dirname(path))) {
      if (isUnfinished(name)) await Deno.remove(join(dirname(path), name));
    }
    return path;
  }
}

/** Whether a file has the temporary name of a checkpoint. */
function isUnfinished(name: string): boolean {
  return /^iteration_\d+\.tame\.[\da-f-]+\.tmp$/.test(basename(name));
}
