// Parses an argument vector with a verb's option table.
//
// One pass rewrites every spelling (`-m360 A`, `--test_iterations 7000 30000`, `--budget -1`, kebab-case) to
// `--name=value`, where the table says which options take a value; then the parser of @std/cli reads it. Abbreviated
// names are not accepted: an unknown name is an error that suggests the nearest.

import { parseArgs } from "@std/cli/parse-args";
import {
  expected,
  isList,
  type LibraryOptions,
  libraryOptions,
  type OptionRow,
  type OptionValue,
  problemOf,
} from "../base/option.ts";
import { UsageError } from "./errors.ts";
import { nearest } from "../base/nearest.ts";
import { type OptionGroup, type OptionValues, rowsOf } from "./option.ts";
import { insteadOf } from "./peer_options.ts";

/** A parsed command line. */
export interface Parsed<Table extends readonly OptionGroup[]> {
  values: OptionValues<Table>;
  /** Names of the options that were given, in any spelling. */
  given: ReadonlySet<string>;
  positionals: string[];
}

/** Settings of {@linkcode parse}. */
export interface ParseSettings {
  /** Maximum number of positional arguments. Default 0. */
  positionals?: number;
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const INTEGER = /^[+-]?\d+$/;
const BYTES = /^(\d+\.?\d*|\.\d+)([KMGT]?)(i?B)?$/i;

/**
 * Rewrites `argv` so that every option is one `--name=value`; of repeated options the last occurrence is kept. Errors
 * say so where a path is an argument of the verb, which takes at most `limit`.
 */
export function normalise(
  argv: readonly string[],
  table: readonly OptionGroup[],
  limit: number = 0,
): { options: string[]; positionals: string[] } {
  const rows = rowsOf(table);
  const occurrences = new Map<string, string[]>();
  const positionals: string[] = [];
  let index = 0;
  while (index < argv.length) {
    const token = argv[index++];
    if (token === "--") {
      positionals.push(...argv.slice(index));
      break;
    }
    if (!looksLikeOption(token)) {
      positionals.push(token);
      continue;
    }
    const equals = token.indexOf("=");
    const spelling = equals < 0 ? token : token.slice(0, equals);
    const row = findRow(spelling, rows, limit);
    const values = equals < 0 ? [] : [token.slice(equals + 1)];
    if (equals < 0 && row.kind !== "flag") {
      while (index < argv.length && !looksLikeOption(argv[index]) && (isList(row) || values.length === 0)) {
        if (row.kind === "integers" && values.length > 0 && !isListOf(INTEGER, argv[index])) break;
        if (row.kind === "numbers" && values.length > 0 && !isListOf(NUMBER, argv[index])) break;
        values.push(argv[index++]);
      }
      if (values.length === 0) throw missingValue(row, argv[index]);
    }
    occurrences.delete(row.name); // the last occurrence wins, at its position
    occurrences.set(row.name, values.length > 0 ? values : ["true"]);
  }
  const options = [...occurrences].flatMap(([name, values]) => values.map((value) => `--${name}=${value}`));
  return { options, positionals };
}

/** Parses `argv` with `table` to typed values, with defaults filled in. Throws a {@linkcode UsageError}. */
export function parse<const Table extends readonly OptionGroup[]>(
  argv: readonly string[],
  table: Table,
  settings: ParseSettings = {},
): Parsed<Table> {
  const rows = rowsOf(table);
  const limit = settings.positionals ?? 0;
  const { options, positionals } = normalise(argv, table, limit);
  const names = rows.map((row) => row.name);
  const raw = parseArgs(options, { string: names, collect: names });
  const given = new Set(names.filter((name) => (raw[name] as string[] | undefined ?? []).length > 0));
  if (positionals.length > limit) throw unexpected(positionals[limit], rows, given);
  const values: Record<string, OptionValue | undefined> = {};
  for (const row of rows) {
    values[row.name] = given.has(row.name)
      ? readValue(row, raw[row.name] as string[])
      : row.default ?? (row.kind === "flag" ? false : undefined);
  }
  return { values: values as OptionValues<Table>, given, positionals };
}

/** The library's options that were given. The library determines the values of the others. */
export function givenOptions<const Rows extends readonly OptionRow[], Table extends readonly OptionGroup[]>(
  rows: Rows,
  { values, given }: Parsed<Table>,
): LibraryOptions<Rows, Partial<OptionValues<Table>>> {
  const named = Object.entries(values).filter(([name]) => given.has(name));
  return libraryOptions(rows, Object.fromEntries(named) as Partial<OptionValues<Table>>);
}

/** A single dash and negative numbers (also a list of them) are values. */
function looksLikeOption(token: string): boolean {
  return token.startsWith("-") && token !== "-" && !isListOf(NUMBER, token);
}

function isListOf(item: RegExp, token: string): boolean {
  return token.split(",").every((part) => item.test(part));
}

/**
 * An argument that belongs to no option. It may be the value of a flag that was given, or a path of the first option for
 * one that was not.
 */
function unexpected(argument: string, rows: readonly OptionRow[], given: ReadonlySet<string>): UsageError {
  const isValue = /^(true|false)$/.test(argument);
  const meant = isValue
    ? rows.find(({ name, kind }) => kind === "flag" && given.has(name))
    : rows.find(({ name, kind, short }) => /^paths?$/.test(kind) && short !== undefined && !given.has(name));
  const spelled = isValue ? `--${meant?.name}=${argument}` : `-${meant?.short} ${argument}`;
  const hint = meant === undefined || NUMBER.test(argument) ? "" : `. Did you mean "${spelled}"?`;
  return new UsageError(`Unexpected argument "${argument}": it belongs to no option${hint}`);
}

/** Options by which most verbs get a path that is an argument of some. */
const PATH_OPTIONS = ["-s", "--source_path", "-m", "--model_path", "--model_paths"];

function findRow(spelling: string, rows: readonly OptionRow[], limit: number): OptionRow {
  const long = spelling.startsWith("--") ? spelling.slice(2).replaceAll("-", "_") : undefined;
  const row = rows.find((row) => long === undefined ? row.short === spelling.slice(1) : row.name === long);
  if (row !== undefined) return row;
  const attached = rows.find((row) => long === undefined && row.short?.length === 1 && row.short === spelling[1]);
  const known = rows.flatMap((row) => row.short === undefined ? [`--${row.name}`] : [`--${row.name}`, `-${row.short}`]);
  const near = nearest(long === undefined ? `-${spelling}` : `--${long}`, known) ?? nearest(spelling, known);
  const split = attached !== undefined && /^\d/.test(spelling.slice(2));
  const instead = insteadOf(spelling, rows.map(({ name }) => name));
  if (instead !== undefined) throw new UsageError(`Unknown option "${spelling}": ${instead}`);
  if (limit > 0 && PATH_OPTIONS.includes(long === undefined ? spelling : `--${long}`)) {
    throw new UsageError(`Unknown option "${spelling}": give the path without it, as an argument`);
  }
  const suggestion = split ? `-${attached.short} ${spelling.slice(2)}` : near;
  throw new UsageError(
    `Unknown option "${spelling}"${suggestion === undefined ? "" : `: did you mean "${suggestion}"?`}`,
  );
}

function missingValue(row: OptionRow, next: string | undefined): UsageError {
  const hint = next === undefined ? "" : `; write a value that begins with a dash as --${row.name}=${next}`;
  return new UsageError(`Missing value of --${row.name}: it takes ${expected(row)}${bytesHint(row)}${hint}`);
}

/** What an error says of the spelling of an option's value, if that is bytes. */
export function bytesHint({ kind }: OptionRow): string {
  return kind === "bytes" ? ", such as 8G or 512M" : "";
}

function readValue(row: OptionRow, texts: readonly string[]): OptionValue {
  if (!isList(row)) return readItem(row, texts[texts.length - 1]);
  const commas = row.kind === "integers" || row.kind === "numbers";
  const items = commas ? texts.flatMap((text) => text.split(",")) : texts;
  const { reject, ...item } = row; // which is about the list as a whole
  const values = items.map((text) => readItem(item, text)) as OptionValue;
  const problem = reject?.(values);
  if (problem === undefined) return values;
  throw new UsageError(`Cannot use "${texts.join(" ")}" as --${row.name}: ${problem}`);
}

/** Converts a text to a value, or to one of a list; throws when the option does not accept it. */
function readItem(row: OptionRow, text: string): boolean | number | string {
  const value = textValue(row, text);
  const problem = problemOf(row, isList(row) ? [value] : value);
  if (problem === undefined) return value;
  const what = value === true ? `--${row.name}` : `"${text}" as --${row.name}`;
  throw new UsageError(`Cannot use ${what}: ${problem}${bytesHint(row)}`);
}

/** Converts a text to the option's kind; {@linkcode problemOf} rejects NaN and texts that remain. */
function textValue({ kind }: OptionRow, text: string): boolean | number | string {
  switch (kind) {
    case "flag":
      return text === "true" || text === "false" ? text === "true" : text;
    case "integer":
    case "integers":
      return INTEGER.test(text) ? Number(text) : NaN;
    case "length":
      return NUMBER.test(text) ? Number(text) : text;
    case "number":
    case "numbers":
      return NUMBER.test(text) ? Number(text) : NaN;
    case "bytes":
      return bytesOf(text);
    default:
      return text;
  }
}

/** The bytes of a text such as 8G; NaN if it is none. */
export function bytesOf(text: string): number {
  const match = BYTES.exec(text);
  if (match === null) return NaN;
  const power = ["", "K", "M", "G", "T"].indexOf(match[2].toUpperCase());
  return Math.round(Number(match[1]) * 1024 ** power);
}
