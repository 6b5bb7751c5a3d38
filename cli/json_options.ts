// Options from the JSON of a file: their values are checked by the rows, as those of the command line are.

import { nearest } from "../base/nearest.ts";
import { isList, type OptionRow, type OptionValue, problemOf } from "../base/option.ts";
import { describe, type JsonObject } from "../load/json.ts";
import { presetOptions } from "../train/presets.ts";
import { STRATEGY_OPTIONS } from "../train/strategy_options.ts";
import { bytesHint, bytesOf, type Parsed } from "./argv.ts";
import { UsageError } from "./errors.ts";
import { flagOf, type OptionGroup, type OptionValues } from "./option.ts";
import { insteadOf } from "./peer_options.ts";

/** Values by the names of options. */
export type JsonOptions = Readonly<Record<string, OptionValue>>;

/** The key by which an editor finds the schema of a file. */
export const SCHEMA_KEY = "$schema";

/** Bytes as text. */
export const BYTES_TEXT: RegExp = /^[1-9]\d*(\.\d+)?[KMGTkmgt]?([iI]?[bB])?$/;

/**
 * The options in an object of a JSON file. Names may be spelled with dashes; null stands for an option that is not
 * given; an option that takes one or more values may have a single one; bytes may be text such as "8G".
 *
 * @param data The object
 * @param path The file, for error messages
 * @param rows The options that it may have
 * @throws {UsageError} When a key is unknown, or a value is not one that the option takes
 */
export function optionsFrom(data: JsonObject, path: string, rows: readonly OptionRow[]): JsonOptions {
  const options: Record<string, OptionValue> = {};
  for (const [key, value] of Object.entries(data)) {
    if (key === SCHEMA_KEY && typeof value === "string") continue;
    const row = rows.find(({ name }) => name === key.replaceAll("-", "_"));
    if (row === undefined) throw new UsageError(unknownKey(key, path, rows));
    if (value === null) continue;
    const read = valueOf(row, value);
    const problem = problemOf(row, read);
    if (problem !== undefined) {
      throw new UsageError(`Cannot use ${describe(value)} as "${key}" in ${path}: ${problem}${bytesHint(row)}`);
    }
    options[row.name] = read as OptionValue;
  }
  return options;
}

function valueOf(row: OptionRow, value: unknown): unknown {
  if (row.kind === "bytes" && typeof value === "string" && BYTES_TEXT.test(value)) return bytesOf(value);
  if (!isList(row)) return value;
  if (!Array.isArray(value)) return [value];
  return value.length === 0 && row.sentinel !== undefined ? [row.sentinel] : value;
}

function unknownKey(key: string, path: string, rows: readonly OptionRow[]): string {
  const names = rows.map(({ name }) => name);
  const near = nearest(key.replaceAll("-", "_"), names);
  const hint = insteadOf(key, names) ?? (near === undefined ? undefined : `did you mean "${near}"?`);
  return `Unknown option "${key}" in ${path}${hint === undefined ? "" : `: ${hint}`}`;
}

/** Options as they are written on the command line, one argument each. */
export function argumentsOf(options: JsonOptions): string[] {
  return Object.entries(options).map(([name, value]) => `--${name}=${value}`);
}

/** Parsed options with those of a file added; both are of one table. */
export interface WithOptions<Table extends readonly OptionGroup[]> {
  parsed: Parsed<Table>;
  /** The options of the file that hold. */
  added: JsonOptions;
}

/**
 * Adds the options of a file to those of the command line, which override them. A preset or a strategy on the command
 * line also overrides what any strategy sets, and a preset what it sets, so that the file's defaults of another strategy
 * are dropped.
 */
export function withOptions<Table extends readonly OptionGroup[]>(
  { values, given, positionals }: Parsed<Table>,
  options: JsonOptions,
): WithOptions<Table> {
  const { preset } = values as { preset?: string };
  const chooses = given.has("preset") || given.has("strategy");
  const defaults = chooses ? Object.assign({}, ...Object.values(STRATEGY_OPTIONS)) : {};
  const overridden = Object.keys({ ...defaults, ...presetOptions(preset) }).map(flagOf);
  const added: JsonOptions = Object.fromEntries(
    Object.entries(options).filter(([name]) => !given.has(name) && !overridden.includes(`--${name}`)),
  );
  const parsed = {
    values: { ...values, ...added } as OptionValues<Table>,
    given: new Set([...given, ...Object.keys(added)]),
    positionals,
  };
  return { parsed, added };
}
