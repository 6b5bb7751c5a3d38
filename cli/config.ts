// --config FILE: options from a JSON file, parsed by the same rules as options on the command line.

import { DataError } from "../base/errors.ts";
import type { OptionRow } from "../base/option.ts";
import { readDataFile } from "../load/bytes.ts";
import { describe, isObject, type JsonObject, parseJsonObject } from "../load/json.ts";
import { presetOptions } from "../train/presets.ts";
import { STRATEGY_OPTIONS } from "../train/strategy_options.ts";
import { parse, type Parsed } from "./argv.ts";
import { UsageError } from "./errors.ts";
import { flagOf, type OptionGroup, rowsOf } from "./option.ts";
import { userPath } from "./paths.ts";

/**
 * Parses `argv` after the options of the `--config` file, if there is one, so that `argv` overrides them. The file is
 * an object of options, or has one under "options" like the config.json of a model folder. A preset or a
 * strategy in `argv` also overrides what any strategy sets, and a preset what it sets, so that the file's defaults of
 * another strategy are dropped.
 */
export async function parseWithConfig<const Table extends readonly OptionGroup[]>(
  argv: readonly string[],
  table: Table,
): Promise<Parsed<Table>> {
  const parsed = parse(argv, table);
  const { config: file, preset } = parsed.values as { config?: string; preset?: string };
  if (file === undefined) return parsed;
  const path = userPath(file);
  const chooses = parsed.given.has("preset") || parsed.given.has("strategy");
  const defaults = chooses ? Object.assign({}, ...Object.values(STRATEGY_OPTIONS)) : {};
  const overridden = Object.keys({ ...defaults, ...presetOptions(preset) }).map(flagOf);
  const tokens = configArguments(await readConfig(path), path, rowsOf(table))
    .filter((token) => !overridden.includes(token.split("=")[0]));
  try {
    parse(tokens, table);
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${error.message} (in ${path})`);
    throw error;
  }
  return parse([...tokens, ...argv], table);
}

async function readConfig(path: string): Promise<JsonObject> {
  try {
    return parseJsonObject(await readDataFile(path), path);
  } catch (error) {
    if (error instanceof DataError) throw new UsageError(`Cannot read --config: ${error.message}`);
    throw error;
  }
}

/** The options of a configuration file as arguments. */
function configArguments(data: JsonObject, path: string, rows: readonly OptionRow[]): string[] {
  return optionArguments(isObject(data.options) ? data.options : data, path, rows);
}

/** Converts options by name, from a JSON file at `path`, to arguments. */
export function optionArguments(
  options: Record<string, unknown>,
  path: string,
  rows: readonly OptionRow[],
): string[] {
  return Object.entries(options).filter(([, value]) => value !== null).map(([name, value]) => {
    const row = rows.find((row) => row.name === name.replaceAll("-", "_"));
    if (row === undefined || row.name === "config") throw new UsageError(`Unknown option "${name}" in ${path}`);
    const texts = (Array.isArray(value) ? value : [value]).map((item) => {
      if (!["string", "number", "boolean"].includes(typeof item)) {
        throw new UsageError(`Cannot use ${describe(item)} as "${name}" in ${path}`);
      }
      return String(item);
    });
    return `--${row.name}=${texts.length === 0 ? -1 : texts.join(",")}`;
  });
}
