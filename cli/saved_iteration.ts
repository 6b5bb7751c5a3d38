// The iteration of a model folder that an option chooses.

import { DataError } from "../base/errors.ts";
import { lastIteration, savedIterations } from "../load/model_folder.ts";

/** The iteration itself if it was saved, the last for -1; a {@linkcode DataError} otherwise. */
export async function chosenIteration(folder: string, wanted: number): Promise<number> {
  if (wanted === -1) return await lastIteration(folder);
  const saved = await savedIterations(folder);
  if (saved.includes(wanted)) return wanted;
  throw new DataError(`No Gaussians of iteration ${wanted} were saved, only of ${saved.join(", ")}`, { path: folder });
}
