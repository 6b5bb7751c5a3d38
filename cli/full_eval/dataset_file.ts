// Reads a dataset file: JSON that lists scenes, the flags to train them with, and results to compare with.

import { dirname, resolve } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { readDataFile } from "../../load/bytes.ts";
import { isObject, parseJsonObject } from "../../load/json.ts";
import { CONFIG_FILE_ROWS } from "../config.ts";
import { UsageError } from "../errors.ts";
import { argumentsOf, optionsFrom } from "../json_options.ts";
import type { Reference } from "./published.ts";
import { type Fail, referenceOf, rejectUnknown } from "./references.ts";

/** A scene of a dataset file. */
export interface CustomScene {
  name: string;
  /** Absolute path of the capture. */
  source: string;
  /** Options of `train` except the folders. */
  flags: string[];
  references: Reference[];
}

/** The contents of a dataset file. */
export interface CustomDataset {
  title: string;
  scenes: CustomScene[];
}

/** Default flags of every scene. */
const DEFAULT_FLAGS = ["--quiet", "--eval", "--test_iterations=-1"];

/** Options of train that the benchmark itself sets; a scene cannot. */
export const OWN_OPTIONS: readonly string[] = [
  ...["source_path", "model_path", "config", "json"],
  ...["backend", "device", "threads", "memory_limit"],
];

/** A scene's name is also the name of its folder. */
const NAME = /^[\w][\w.+-]*$/;

/**
 * Reads `{ "name", "flags"?, "scenes": [{ "name", "source", "flags"?, "references"? }] }`: flags are options of `train`
 * by name; a source and the flag `init` are relative to the file; a reference has a `method`, a `source` and measures.
 */
export async function readDatasetFile(path: string): Promise<CustomDataset> {
  const text = new TextDecoder().decode(await readDataFile(path));
  return parseDatasetFile(text, path);
}

/** The same for the text of a file at `path`. */
export function parseDatasetFile(text: string, path: string): CustomDataset {
  const fail: Fail = (what) => {
    throw new DataError(`Not a dataset file: ${what}`, { path });
  };
  const data = parseJsonObject(new TextEncoder().encode(text), path);
  rejectUnknown(data, ["name", "flags", "scenes"], "the file", fail);
  const { name: title, scenes } = data;
  if (typeof title !== "string" || title === "") return fail('"name" is missing');
  if (!Array.isArray(scenes) || scenes.length === 0) return fail('"scenes" is missing or empty');
  const common = flagsOf(data.flags, path, fail);
  const names = new Set<string>();
  return {
    title,
    scenes: scenes.map((scene: unknown, index) => {
      if (!isObject(scene)) return fail(`scene ${index} is not an object`);
      const { name, source } = scene;
      if (typeof name !== "string" || !NAME.test(name)) {
        return fail(`scene ${index} has no "name" of letters, digits, ".", "_", "+" and "-"`);
      }
      rejectUnknown(scene, ["name", "source", "flags", "references"], `scene "${name}"`, fail);
      if (names.has(name)) return fail(`two scenes are called "${name}"`);
      names.add(name);
      if (typeof source !== "string" || source === "") return fail(`scene "${name}" has no "source"`);
      return {
        name,
        source: resolve(dirname(path), source),
        flags: [...DEFAULT_FLAGS, ...common, ...flagsOf(scene.flags, path, fail)],
        references: referencesOf(scene.references, name, fail),
      };
    }),
  };
}

function flagsOf(flags: unknown, path: string, fail: Fail): string[] {
  if (flags === undefined) return [];
  if (!isObject(flags)) return fail('"flags" is not an object of options of train');
  const rows = CONFIG_FILE_ROWS.filter(({ name }) => !OWN_OPTIONS.includes(name));
  const { init } = flags;
  const placed = typeof init === "string" ? { ...flags, init: resolve(dirname(path), init) } : flags;
  try {
    return argumentsOf(optionsFrom(placed, path, rows));
  } catch (error) {
    if (error instanceof UsageError) return fail(error.message);
    throw error;
  }
}

function referencesOf(references: unknown, scene: string, fail: Fail): Reference[] {
  if (references === undefined) return [];
  if (!Array.isArray(references)) return fail(`"references" of scene "${scene}" is not a list`);
  return references.map((row: unknown) => referenceOf(row, `a reference of scene "${scene}"`, fail));
}
