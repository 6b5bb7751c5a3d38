/**
 * Finds the checkpoint of a model folder from which a run goes on.
 *
 * @module
 */

import { DataError } from "../../base/errors.ts";
import { savedCheckpoints } from "../../load/model_folder.ts";
import { CheckpointFile } from "./file.ts";

/** Options of {@linkcode latestCheckpoint}. */
export interface LatestOptions {
  /** Called for each checkpoint that is passed over, with what is wrong with it. Default nothing. */
  onDamaged?: (error: DataError) => void;
}

/**
 * Finds the checkpoint of a model folder that was written last, and reads it completely. One that is damaged is passed
 * over.
 *
 * @example
 * ```ts no-assert
 * import { latestCheckpoint, loadScene, openDevice, train } from "../../mod.ts";
 *
 * export async function goOn(capture: string, folder: string): Promise<void> {
 *   using device = await openDevice();
 *   const checkpoint = await latestCheckpoint(folder);
 *   for await (const event of train(device, await loadScene(capture), { startCheckpoint: checkpoint?.path })) {
 *     if (event.type === "done") event.gaussians[Symbol.dispose]();
 *   }
 * }
 * ```
 *
 * @param folder Model folder
 * @param options What to do about damaged ones
 * @returns The checkpoint; undefined if there is none
 * @throws {DataError} When there are some, but none that can be read
 */
export async function latestCheckpoint(
  folder: string,
  { onDamaged = () => {} }: LatestOptions = {},
): Promise<CheckpointFile | undefined> {
  const opened: CheckpointFile[] = [];
  const paths = await savedCheckpoints(folder);
  for (const path of paths.reverse()) {
    const checkpoint = await intact(() => CheckpointFile.open(path), onDamaged);
    if (checkpoint !== undefined) opened.push(checkpoint);
  }
  // Not by iteration: those of an earlier, longer run may not have been removed yet.
  opened.sort((a, b) => Date.parse(b.manifest.written) - Date.parse(a.manifest.written));
  for (const checkpoint of opened) {
    const verified = await intact(() => checkpoint.verify().then(() => checkpoint), onDamaged);
    if (verified !== undefined) return verified;
  }
  if (paths.length === 0) return undefined;
  throw new DataError(
    "No checkpoint of this model folder can be read: remove its checkpoints to train from the beginning",
    { path: folder },
  );
}

/** What some reading returns; undefined if the file is damaged. */
async function intact<T>(read: () => Promise<T>, onDamaged: (error: DataError) => void): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    onDamaged(error);
    return undefined;
  }
}
