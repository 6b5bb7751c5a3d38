// Reads config.json: which run a model folder is of, what that run has saved, and how it ended.

import { join } from "node:path";
import { AMOUNT, type Check, COUNT, ITERATION, list, object, optional, readChecked, TEXT } from "./checks.ts";
import { isObject } from "./json.ts";

/** Name of the file in a model folder. */
export const CONFIG_FILE = "config.json";

/** A run, as the files of its model folder name it. */
export interface RunIdentity {
  /** Different in every run. */
  id: string;
  /** When it began: an ISO date and time. */
  started: string;
  /** The iterations whose Gaussians it has saved. */
  saved: number[];
}

/** The values of a `config.json` that are read again. */
export interface StoredConfig {
  /** The run. */
  run?: RunIdentity;
  /** What it computed on: `"cpu"` or `"cuda"`, and the name of the processor or GPU. */
  device: { backend: string; name: string };
  /** The numbers of views that it trained on, and that it held out. */
  capture?: { train: number; test: number };
  /** How it ended; absent if it has not. */
  result?: {
    /** The last finished iteration. */
    iteration: number;
    /** Number of Gaussians. */
    count: number;
    /** Seconds of training steps. */
    seconds: number;
    /** Peak of the bytes that the device held. */
    peakMemory: number;
  };
  /** Wall-clock seconds; absent if it has not ended. */
  seconds?: { load: number; train: number; total: number };
}

const RUN: Check<RunIdentity> = object({ id: TEXT, started: TEXT, saved: list(ITERATION) });

const CONFIG: Check<StoredConfig> = object({
  run: optional(RUN),
  device: object({ backend: TEXT, name: TEXT }),
  capture: optional(object({ train: COUNT, test: COUNT })),
  result: optional(object({ iteration: ITERATION, count: COUNT, seconds: AMOUNT, peakMemory: COUNT })),
  seconds: optional(object({ load: AMOUNT, train: AMOUNT, total: AMOUNT })),
});

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
