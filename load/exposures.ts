// Reads the exposures that a model folder has beside the Gaussians of an iteration.

import type { Exposures } from "../base/exposure.ts";
import { type Check, object, readChecked, sized, table, value } from "./checks.ts";
import { exposuresPath } from "./model_folder.ts";

/** Version of the file. */
export const EXPOSURES_VERSION = 1;

const FILE: Check<Exposures & { version: number }> = object({
  version: value({ kind: "integer", minimum: EXPOSURES_VERSION, maximum: EXPOSURES_VERSION }),
  kind: value({ kind: "string", choices: ["gains", "affine"] }),
  views: table(sized(12, value({ kind: "number" }))),
});

/**
 * Reads the exposures of the views of a model.
 *
 * @param folder Model folder
 * @param iteration Iteration of the Gaussians
 * @returns The exposures; undefined if its run trained none
 * @throws {DataError} When the file is damaged
 */
export async function readExposures(folder: string, iteration: number): Promise<Exposures | undefined> {
  const file = await readChecked(exposuresPath(folder, iteration), FILE, "remove the file, or train the model again");
  return file && { kind: file.kind, views: file.views };
}
