// Reads config.json: which run a model folder is of, what that run has saved, and how it ended.

import { join } from "node:path";
import {
  AMOUNT,
  type Check,
  type Checked,
  COUNT,
  ITERATION,
  list,
  object,
  optional,
  readChecked,
  TEXT,
} from "./checks.ts";
import { isObject } from "./json.ts";

/** Name of the file in a model folder. */
export const CONFIG_FILE = "config.json";

const RUN = object({
  id: TEXT,
  started: TEXT,
  saved: list(ITERATION),
});

/** What other verbs read of the file. A run that has not ended has no result. */
const CONFIG = object({
  run: optional(RUN),
  device: object({ backend: TEXT, name: TEXT }),
  result: optional(object({ iteration: ITERATION, count: COUNT, seconds: AMOUNT, peakMemory: COUNT })),
  seconds: optional(object({ load: AMOUNT, train: AMOUNT, total: AMOUNT })),
});

/**
 * A run, as the files of its model folder name it: `id` is different in every run, `started` is an ISO date and time,
 * `saved` has the iterations whose Gaussians it has saved.
 */
export type RunIdentity = Checked<typeof RUN>;

/** The values of a `config.json` that are read again. */
export type StoredConfig = Checked<typeof CONFIG>;

/** Folders of other programs may have a config.json of another kind. */
const OWN_CONFIG: Check<StoredConfig | undefined> = (value, place) =>
  isObject(value) && isObject(value.versions) && "tame" in value.versions ? CONFIG(value, place) : undefined;

/**
 * Reads the `config.json` of a model folder.
 *
 * @param folder Model folder
 * @returns Its values; undefined if there is none, or another program wrote it
 * @throws {DataError} When the file is damaged; the message names the field
 */
export async function readRunConfig(folder: string): Promise<StoredConfig | undefined> {
  return await readChecked(join(folder, CONFIG_FILE), OWN_CONFIG, "remove the file, or train the model again");
}

/** A new run. */
export function newRun(): RunIdentity {
  return { id: crypto.randomUUID(), started: new Date().toISOString(), saved: [] };
}
