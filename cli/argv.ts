// Reads an argument vector against a verb's option table.
//
// One pass rewrites every spelling (`-m360 A`, `--test_iterations 7000 30000`, `--budget -1`, kebab-case) to
// `--name=value`, with the table deciding what takes a value; only then does the parser of @std/cli see it. Names are
// never abbreviated: an unknown one is an error that names the nearest.

import { parseArgs } from "@std/cli/parse-args";
import { UsageError } from "./errors.ts";
import { nearest } from "./nearest.ts";
import { type OptionGroup, type OptionRow, type OptionValue, type OptionValues, rowsOf } from "./option.ts";

/** A parsed command line. */
export interface Parsed<Table extends readonly OptionGroup[]> {
  values: OptionValues<Table>;
  /** Names of the options that were given, by whatever spelling. */
  given: ReadonlySet<string>;
  positionals: string[];
}

/** Settings of {@linkcode parse}. */
export interface ParseSettings {
  /** How many positional arguments the verb takes at most; 0 unless said. */
  positionals?: number;
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const INTEGER = /^[+-]?\d+$/;
const BYTES = /^(\d+\.?\d*|\.\d+)([KMGT]?)(i?B)?$/i;

/** Rewrites `argv` so that every option is one `--name=value`; repeated options keep the last occurrence. */
export function normalise(
  argv: readonly string[],
  table: readonly OptionGroup[],
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
    const row = findRow(spelling, rows);
    const values = equals < 0 ? [] : [token.slice(equals + 1)];
    if (equals < 0 && row.kind !== "flag") {
      const many = row.kind === "integers" || row.kind === "strings";
      while (index < argv.length && !looksLikeOption(argv[index]) && (many || values.length === 0)) {
        if (row.kind === "integers" && values.length > 0 && !isIntegerList(argv[index])) break;
        values.push(argv[index++]);
      }
      if (values.length === 0) throw missingValue(row, argv[index]);
    }
    occurrences.delete(row.name); // the last occurrence wins, in its place
    occurrences.set(row.name, values.length > 0 ? values : ["true"]);
  }
  const options = [...occurrences].flatMap(([name, values]) => values.map((value) => `--${name}=${value}`));
  return { options, positionals };
}

/** Parses `argv` by `table`: typed values, defaults filled in, every complaint a {@linkcode UsageError}. */
export function parse<const Table extends readonly OptionGroup[]>(
  argv: readonly string[],
  table: Table,
  settings: ParseSettings = {},
): Parsed<Table> {
  const rows = rowsOf(table);
  const { options, positionals } = normalise(argv, table);
  const limit = settings.positionals ?? 0;
  if (positionals.length > limit) {
    throw new UsageError(`Unexpected argument "${positionals[limit]}": an option and its value go together`);
  }
  const names = rows.map((row) => row.name);
  const raw = parseArgs(options, { string: names, collect: names });
  const given = new Set(names.filter((name) => (raw[name] as string[] | undefined ?? []).length > 0));
  const values: Record<string, OptionValue | undefined> = {};
  for (const row of rows) {
    const value = given.has(row.name) ? readValue(row, raw[row.name] as string[]) : undefined;
    const reason = value === undefined ? undefined : row.refuse?.(value);
    if (reason !== undefined) throw new UsageError(`Cannot grant --${row.name}: ${reason}`);
    values[row.name] = value ?? row.default ?? (row.kind === "flag" ? false : undefined);
  }
  return { values: values as OptionValues<Table>, given, positionals };
}

/** A lone dash and negative numbers (also a list of them) are values. */
function looksLikeOption(token: string): boolean {
  return token.startsWith("-") && token !== "-" && !token.split(",").every((part) => NUMBER.test(part));
}

function isIntegerList(token: string): boolean {
  return token.split(",").every((part) => INTEGER.test(part));
}

function findRow(spelling: string, rows: readonly OptionRow[]): OptionRow {
  const long = spelling.startsWith("--") ? spelling.slice(2).replaceAll("-", "_") : undefined;
  const row = rows.find((row) => long === undefined ? row.short === spelling.slice(1) : row.name === long);
  if (row !== undefined) return row;
  const attached = rows.find((row) => long === undefined && row.short?.length === 1 && row.short === spelling[1]);
  const known = rows.flatMap((row) => row.short === undefined ? [`--${row.name}`] : [`--${row.name}`, `-${row.short}`]);
  const near = nearest(long === undefined ? `-${spelling}` : `--${long}`, known) ?? nearest(spelling, known);
  const split = attached !== undefined && /^\d/.test(spelling.slice(2));
  const suggestion = split ? `-${attached.short} ${spelling.slice(2)}` : near;
  throw new UsageError(
    `Unknown option "${spelling}"${suggestion === undefined ? "" : `: did you mean "${suggestion}"?`}`,
  );
}

function missingValue(row: OptionRow, next: string | undefined): UsageError {
  const hint = next === undefined ? "" : `; a value that begins with a dash is written --${row.name}=${next}`;
  return new UsageError(`Missing value of --${row.name}: it takes ${expected(row)}${hint}`);
}

function expected(row: OptionRow): string {
  if (row.choices !== undefined) return row.choices.map((choice) => `"${choice}"`).join(" or ");
  const kinds = {
    flag: "true or false",
    integer: "an integer",
    number: "a number",
    bytes: "a number of bytes such as 8G or 512M",
    string: "a value",
    integers: "one or more integers",
    strings: "one or more values",
  };
  return kinds[row.kind] + bounds(row);
}

function bounds({ minimum, maximum }: OptionRow): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  return minimum === undefined ? "" : `, ${minimum} or more`;
}

function readValue(row: OptionRow, texts: string[]): OptionValue {
  if (row.kind === "strings") return texts;
  if (row.kind === "integers") return texts.flatMap((text) => text.split(",")).map((text) => readInteger(row, text));
  const text = texts[texts.length - 1];
  switch (row.kind) {
    case "flag":
      if (text !== "true" && text !== "false") throw badValue(row, text);
      return text === "true";
    case "integer":
      return readInteger(row, text);
    case "number":
      if (!NUMBER.test(text)) throw badValue(row, text);
      return inBounds(row, Number(text), text);
    case "bytes":
      return readBytes(row, text);
    case "string":
      if (row.choices !== undefined && !row.choices.includes(text)) throw badValue(row, text);
      return text;
  }
}

function readInteger(row: OptionRow, text: string): number {
  const value = Number(text);
  if (!INTEGER.test(text) || !Number.isSafeInteger(value)) throw badValue(row, text);
  return inBounds(row, value, text);
}

function readBytes(row: OptionRow, text: string): number {
  const match = BYTES.exec(text);
  if (match === null) throw badValue(row, text);
  const power = ["", "K", "M", "G", "T"].indexOf(match[2].toUpperCase());
  return inBounds(row, Math.round(Number(match[1]) * 1024 ** power), text);
}

function inBounds(row: OptionRow, value: number, text: string): number {
  const low = row.minimum !== undefined && value < row.minimum;
  const high = row.maximum !== undefined && value > row.maximum;
  if (low || high || !Number.isFinite(value)) throw badValue(row, text);
  return value;
}

function badValue(row: OptionRow, text: string): UsageError {
  return new UsageError(`Cannot use "${text}" as --${row.name}: it takes ${expected(row)}`);
}
