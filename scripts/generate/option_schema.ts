// docs/schemas: JSON schemas (draft 7, which editors read) of the files of options of train, from its rows.

import { isList, type OptionRow, PERCENTAGE, problemOf } from "../../base/option.ts";
import { CAPTURE_CONFIG_ROWS, CONFIG_FILE_ROWS } from "../../cli/config.ts";
import { BYTES_TEXT, SCHEMA_KEY } from "../../cli/json_options.ts";
import { END_FORMATS } from "../../cli/options/export_rows.ts";
import { PARITY_PARTS } from "../../train/parity.ts";
import { DIALECT, type Schema } from "./schema.ts";

/** null stands for an option that is not given. */
const NOT_GIVEN: Schema = { type: "null" };

/** Rows that reject values within their bounds: what they take. */
const SPECIAL: Readonly<Record<string, Schema>> = {
  parity: { type: "string", pattern: `^(none|reference|${listOf(PARITY_PARTS)})$` },
  export: { type: "string", pattern: `^${listOf(END_FORMATS)}$` },
  debug_from: { const: -1 },
  benchmark_dir: NOT_GIVEN,
};

/** The schema of tame.config.json in a capture. */
export function captureConfigSchema(): Schema {
  return {
    $schema: DIALECT,
    title: "tame.config.json",
    description: "Options of tame's train for the capture that the file is in",
    ...optionsSchema(CAPTURE_CONFIG_ROWS, "#"),
  };
}

/** The schema of a file for `train --config`: options, or an object that has them under "options". */
export function configFileSchema(): Schema {
  const place = "#/definitions/options";
  const options = { $ref: place };
  return {
    $schema: DIALECT,
    title: "File of train --config",
    description: "Options of tame's train, or an object with them under the key options",
    type: "object",
    if: { properties: { options: { type: "object" } }, required: ["options"] },
    then: { properties: { options } },
    else: options,
    definitions: { options: optionsSchema(CONFIG_FILE_ROWS, place) },
  };
}

/** The schema of an object of options at a place in its file. */
function optionsSchema(rows: readonly OptionRow[], place: string): Schema {
  const spelled = rows.filter(({ name }) => name.includes("_"));
  return {
    type: "object",
    properties: {
      [SCHEMA_KEY]: { type: "string", description: "this schema, for editors" },
      ...Object.fromEntries(
        rows.map((row) => [row.name, { description: row.help, ...withDefault(row), ...valueOf(row) }]),
      ),
    },
    // The same names with dashes.
    patternProperties: Object.fromEntries(
      spelled.map(({ name }) => [`^${name.replaceAll("_", "[-_]")}$`, { $ref: `${place}/properties/${name}` }]),
    ),
    additionalProperties: false,
  };
}

function withDefault({ kind, default: value }: OptionRow): Schema {
  if (kind === "flag") return { default: false };
  return value === undefined || value === Infinity ? {} : { default: value };
}

function valueOf(row: OptionRow): Schema {
  const item = itemOf(row);
  return { anyOf: [...item, ...(isList(row) ? [{ type: "array", items: { anyOf: item } }] : []), NOT_GIVEN] };
}

/** What an option takes, or each of its values if it takes several: alternatives. */
function itemOf(row: OptionRow): Schema[] {
  if (Object.hasOwn(SPECIAL, row.name)) return [SPECIAL[row.name]];
  if (row.kind === "flag") return [{ enum: [true, false].filter((value) => problemOf(row, value) === undefined) }];
  if (row.reject !== undefined) throw new Error(`No schema of --${row.name}, which rejects some values`);
  if (row.choices !== undefined) return [{ enum: row.choices }];
  const { kind, sentinel } = row;
  const special = sentinel === undefined ? [] : [{ const: sentinel }];
  switch (kind) {
    case "string":
    case "strings":
    case "path":
    case "paths":
      return [{ type: "string" }];
    case "length":
      return [numbers(row), { type: "string", pattern: notZero(row, PERCENTAGE) }];
    case "bytes":
      return [numbers(row), { type: "string", pattern: BYTES_TEXT.source }];
    default:
      return [numbers(row), ...special];
  }
}

/** The numbers of a row. Integers are those that are exact in a double. */
function numbers({ kind, minimum, above, maximum = Infinity }: OptionRow): Schema {
  const whole = kind === "integer" || kind === "integers" || kind === "bytes";
  const most = whole ? Math.min(maximum, Number.MAX_SAFE_INTEGER) : maximum;
  const least = minimum ?? (whole && above === undefined ? Number.MIN_SAFE_INTEGER : undefined);
  return {
    type: whole ? "integer" : "number",
    ...(least === undefined ? {} : { minimum: least }),
    ...(above === undefined ? {} : { exclusiveMinimum: above }),
    ...(most === Infinity ? {} : { maximum: most }),
  };
}

/** A pattern of positive percentages. */
function notZero({ name, above }: OptionRow, percentage: RegExp): string {
  if (above !== 0) throw new Error(`No schema of the percentages of --${name}, which are not those above 0`);
  return percentage.source.replace("^", "^(?=.*[1-9])");
}

/** A pattern of words that are joined by commas. */
function listOf(words: readonly string[]): string {
  const word = `(${words.map((name) => name.replaceAll(".", "\\.")).join("|")})`;
  return `${word}(,${word})*`;
}
