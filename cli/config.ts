// Options of train from JSON files: --config FILE, or tame.config.json in the capture.

import { dirname, join } from "@std/path";
import { DataError } from "../base/errors.ts";
import type { OptionRow } from "../base/option.ts";
import { quote } from "../base/quote.ts";
import { readDataFile } from "../load/bytes.ts";
import { isInside } from "../load/files.ts";
import { isObject, type JsonObject, parseJsonObject } from "../load/json.ts";
import { captureConfig } from "../load/nested_folders.ts";
import { parse, type Parsed } from "./argv.ts";
import { UsageError } from "./errors.ts";
import { argumentsOf, type JsonOptions, optionsFrom, withOptions } from "./json_options.ts";
import { type OptionGroup, rowsOf } from "./option.ts";
import { TRAIN_OPTIONS } from "./options.ts";
import { CONFIG_ROWS, FOLDER_ROWS, REPORT_ROWS, RESUME_ROWS } from "./options/common_rows.ts";
import { VIEW_ROWS } from "./options/view_rows.ts";
import { userPath } from "./paths.ts";

/** Options that a file given by --config may have. */
export const CONFIG_FILE_ROWS: readonly OptionRow[] = rowsOf(TRAIN_OPTIONS).filter(({ name }) => name !== "config");

/**
 * Options that a capture cannot set: it may come from anywhere, and must not say what is written where, what may be read
 * outside of it, or who may look at the run.
 */
const OF_THE_COMMAND: readonly string[] = [
  ...[...FOLDER_ROWS, ...CONFIG_ROWS, ...RESUME_ROWS, ...REPORT_ROWS, ...VIEW_ROWS].map(({ name }) => name),
  ...["start_checkpoint", "allow_outside"],
];

/** Options that the tame.config.json of a capture may have. */
export const CAPTURE_CONFIG_ROWS: readonly OptionRow[] = rowsOf(TRAIN_OPTIONS)
  .filter(({ name }) => !OF_THE_COMMAND.includes(name));

/** Options of a capture that are paths in it. */
const PATHS = ["images", "init"];

/**
 * Parses `argv` with the options of the `--config` file, if there is one, which `argv` overrides. The file is an object
 * of options, or has one under "options" like the config.json of a model folder.
 */
export async function parseWithConfig(argv: readonly string[]): Promise<Parsed<typeof TRAIN_OPTIONS>> {
  const parsed = parse(argv, TRAIN_OPTIONS);
  if (parsed.values.config === undefined) return parsed;
  const path = userPath(parsed.values.config);
  const data = await readConfig(path);
  return withOptions(parsed, optionsFrom(isObject(data.options) ? data.options : data, path, CONFIG_FILE_ROWS)).parsed;
}

async function readConfig(path: string): Promise<JsonObject> {
  try {
    return parseJsonObject(await readDataFile(path), path);
  } catch (error) {
    if (error instanceof DataError) throw new UsageError(`Cannot read --config: ${error.message}`);
    throw error;
  }
}

/**
 * Adds the options of a capture's tame.config.json, if it has one, to those of the command line.
 *
 * @param parsed The command line of a verb, whose options are some of `train`; others of the file are left out
 * @param source Absolute path of the capture
 * @returns The options, and a line that says what was read, if anything was
 * @throws {UsageError} When the file has an unknown option, a wrong value, or an option that a capture cannot set
 */
export async function withCaptureConfig<const Table extends readonly OptionGroup[]>(
  parsed: Parsed<Table>,
  source: string,
): Promise<{ parsed: Parsed<Table>; notice?: string }> {
  const path = await captureConfig(source);
  if (path === undefined) return { parsed };
  const data = parseJsonObject(await readDataFile(path), path);
  const refused = Object.keys(data).find((key) => OF_THE_COMMAND.includes(key.replaceAll("-", "_")));
  if (refused !== undefined) {
    throw new UsageError(
      `Cannot use "${refused}" in ${path}: a capture may come from anywhere. Give it on the command line, or in a file ` +
        "of --config",
    );
  }
  const options = placed(optionsFrom(data, path, CAPTURE_CONFIG_ROWS), path);
  const { parsed: all, added } = withOptions(
    parsed,
    Object.fromEntries(Object.entries(options).filter(([name]) => name in parsed.values)),
  );
  const used = argumentsOf(added).map(quote);
  return { parsed: all, notice: `Options from ${path}: ${used.length === 0 ? "none that apply" : used.join(" ")}` };
}

/** The options with paths in the capture made absolute where they are read so; throws for one that leads out of it. */
function placed(options: JsonOptions, file: string): JsonOptions {
  const folder = dirname(file);
  for (const name of PATHS) {
    const value = options[name];
    if (value === undefined) continue;
    const path = join(folder, `${value}`);
    if (path === folder || isInside(folder, path)) continue;
    throw new UsageError(
      `Cannot use "${value}" as "${name}" in ${file}: it is outside the capture. Give it on the command line`,
    );
  }
  return "init" in options ? { ...options, init: join(folder, `${options.init}`) } : options;
}
