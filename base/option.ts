// Options. Each room has a table of the options that it reads, one row for each. The library and the command line check
// values, fill in defaults and find names with the same rows.

/** The type of an option's value for each kind. */
export interface KindValues {
  flag: boolean;
  integer: number;
  number: number;
  /** A number in the capture's units, or a percentage of the default. */
  length: number | `${number}%`;
  /** A whole number, which the command line also reads as 8G or 512M. */
  bytes: number;
  string: string;
  /** In the library also a URL. */
  path: string;
  /** One or more, as the next three. */
  integers: readonly number[];
  numbers: readonly number[];
  strings: readonly string[];
  paths: readonly string[];
}

/** What an option takes. */
export type OptionKind = keyof KindValues;

/** Any value of an option. */
export type OptionValue = KindValues[OptionKind];

/** The values that are allowed. */
export interface ValueRow {
  readonly kind: OptionKind;
  /** All allowed values. */
  readonly choices?: readonly (string | number)[];
  /** Smallest allowed number. */
  readonly minimum?: number;
  /** Numbers must be greater than this. */
  readonly above?: number;
  /** Largest allowed number; Infinity if infinity is allowed. */
  readonly maximum?: number;
  /** A number outside the bounds with a special meaning, which the help states: -1 for "all". */
  readonly sentinel?: number;
  /** Why a value within the bounds is rejected, as the end of a sentence; undefined accepts it. */
  readonly reject?: (value: OptionValue) => string | undefined;
}

/** One option. */
export interface OptionRow extends ValueRow {
  /** Name of the flag without dashes, snake_case. */
  readonly name: string;
  /** Short name of the flag without the dash: `s`, `m360`. */
  readonly short?: string;
  /** Name in the library where it is not {@linkcode name} in camelCase. */
  readonly api?: string;
  /** What --help calls the value: PATH, N, SECONDS. */
  readonly unit?: string;
  /** Value when the option is not given; without one the value is undefined. That of a flag is always false. */
  readonly default?: OptionValue;
  /**
   * For an option of a schedule, which counts iterations and scales with the length of a run: the smallest value that
   * scaling gives.
   */
  readonly scaledMinimum?: number;
  readonly help: string;
}

type CamelCase<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

type ApiName<Row extends OptionRow> = Row extends { readonly api: infer Name extends string } ? Name
  : CamelCase<Row["name"]>;

/** The type of an option's value: one of the choices if they are strings, else the type of its kind. */
export type RowValue<Row extends ValueRow> = Row extends { readonly choices: readonly (infer Choice extends string)[] }
  ? Choice
  : KindValues[Row["kind"]];

/** The value after defaults are filled in. */
export type DefaultedValue<Row extends OptionRow> =
  | RowValue<Row>
  | (Row extends { readonly default: OptionValue } | { readonly kind: "flag" } ? never : undefined);

/** Options of a function of the library. */
export type GivenOptions<Rows extends readonly OptionRow[]> = {
  readonly [Row in Rows[number] as ApiName<Row>]?: RowValue<Row> | (Row["kind"] extends "path" ? URL : never);
};

/** The same after defaults are filled in. */
export type ResolvedOptions<Rows extends readonly OptionRow[]> = {
  [Row in Rows[number] as ApiName<Row>]: DefaultedValue<Row> | (Row["kind"] extends "path" ? URL : never);
};

/** The values that belong to the rows, with names of flags replaced by names in the library. */
export type LibraryOptions<Rows extends readonly OptionRow[], Values> = {
  [Row in Rows[number] as Row["name"] extends keyof Values ? ApiName<Row> : never]: Values[Row["name"] & keyof Values];
};

/** Highest value of a native unsigned integer, as iterations and indices are. */
export const UINT32_MAX: number = 2 ** 32 - 1;

/** An invalid option. The message uses the library's names of options. */
export class OptionError extends RangeError {
  /** The message with other names of options, such as those of flags. */
  readonly spelled: (spelling: (name: string) => string) => string;

  /** Creates an error from a function that writes its message with a given spelling of option names. */
  constructor(spelled: (spelling: (name: string) => string) => string) {
    super(spelled((name) => name));
    this.spelled = spelled;
  }
}

/** The row of an option by the name of its flag. */
export function rowNamed<Row extends OptionRow, const Name extends Row["name"]>(
  rows: readonly Row[],
  name: Name,
): Extract<Row, { readonly name: Name }> {
  const row = rows.find((row) => row.name === name);
  if (row === undefined) throw new Error(`No option is called ${name}`);
  return row as Extract<Row, { readonly name: Name }>;
}

/** The rows of some options by the names of their flags, in the order of the names. */
export function rowsNamed<Row extends OptionRow, const Name extends Row["name"]>(
  rows: readonly Row[],
  ...names: readonly Name[]
): Extract<Row, { readonly name: Name }>[] {
  return names.map((name) => rowNamed(rows, name) as Extract<Row, { readonly name: Name }>);
}

/** The name of an option in the library. */
export function apiName(row: OptionRow): string {
  return row.api ?? row.name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** What an option takes, as text: `an integer, 1 or more`. */
export function expected(row: ValueRow): string {
  if (row.choices !== undefined) {
    const choices = row.choices.map((choice) => JSON.stringify(choice));
    return [choices.slice(0, -1).join(", "), ...choices.slice(-1)].filter((text) => text !== "").join(" or ");
  }
  const kinds = {
    flag: "true or false",
    integer: "an integer",
    number: "a number",
    length: "a number",
    bytes: "a number of bytes",
    string: "a string",
    path: "a path",
    integers: "one or more integers",
    numbers: "one or more numbers",
    strings: "one or more strings",
    paths: "one or more paths",
  };
  const share = row.kind === "length" ? ", or a percentage such as 50%" : "";
  return kinds[row.kind] + boundsText(row) + share + (row.sentinel === undefined ? "" : `, or ${row.sentinel}`);
}

function boundsText({ kind, minimum, above, maximum = Infinity }: ValueRow): string {
  const each = kind === "integers" || kind === "numbers" ? ", each" : "";
  const most = maximum === UINT32_MAX ? "2^32 - 1" : `${maximum}`;
  if (minimum !== undefined && maximum < Infinity) return `${each} from ${minimum} to ${most}`;
  if (minimum !== undefined) return `${each || ","} ${minimum} or more`;
  return above === undefined ? "" : `${each} greater than ${above}`;
}

/** A length as a percentage. */
export const PERCENTAGE: RegExp = /^(\d+\.?\d*|\.\d+)%$/;

/** Whether an option takes one or more values. */
export function isList({ kind }: ValueRow): boolean {
  return kind === "integers" || kind === "numbers" || kind === "strings" || kind === "paths";
}

/** Why an option rejects a value, as the end of a sentence; undefined if it accepts it. */
export function problemOf(row: ValueRow, value: unknown): string | undefined {
  const fits = isList(row) ? Array.isArray(value) && value.every((item) => accepts(row, item)) : accepts(row, value);
  return fits ? row.reject?.(value as OptionValue) : `it takes ${expected(row)}`;
}

/** Whether a value, or an item of a list, has the right kind and is within the bounds. */
function accepts(row: ValueRow, value: unknown): boolean {
  if (row.choices !== undefined) return row.choices.includes(value as string | number);
  switch (row.kind) {
    case "flag":
      return typeof value === "boolean";
    case "string":
    case "strings":
      return typeof value === "string";
    case "path":
    case "paths":
      return typeof value === "string" || value instanceof URL;
    case "length":
      if (typeof value === "string" && PERCENTAGE.test(value)) return isWithin(row, parseFloat(value));
      return typeof value === "number" && isWithin(row, value);
    case "number":
    case "numbers":
      return typeof value === "number" && isWithin(row, value);
    default:
      return Number.isSafeInteger(value) && isWithin(row, value as number);
  }
}

function isWithin({ minimum, above, maximum, sentinel }: ValueRow, value: number): boolean {
  const { MAX_VALUE } = Number;
  return value === sentinel ||
    value >= (minimum ?? -MAX_VALUE) && value > (above ?? -Infinity) && value <= (maximum ?? MAX_VALUE);
}

/**
 * Resolves the options of a library function by their rows: given options are checked, undefined ones get their
 * defaults. Other properties of `options` are dropped.
 *
 * @param rows Rows of the options
 * @param options What the caller gave
 * @returns All options that have a value
 * @throws {OptionError} When a value is of another kind or out of bounds; the message says what the option takes
 */
export function resolveOptions<const Rows extends readonly OptionRow[]>(
  rows: Rows,
  options: GivenOptions<Rows>,
): ResolvedOptions<Rows> {
  const given = options as Readonly<Record<string, unknown>>;
  const entries = rows.map((row): [string, unknown] => {
    const name = apiName(row);
    const value = given[name];
    if (value === undefined) return [name, row.default ?? (row.kind === "flag" ? false : undefined)];
    const problem = problemOf(row, value);
    if (problem === undefined) return [name, value];
    const shown = typeof value === "number" ? value : JSON.stringify(value);
    throw new OptionError((option) => `Cannot use ${shown} as ${option(name)}: ${problem}`);
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as ResolvedOptions<Rows>;
}

/** Options of the library from values by the names of flags; rows without a value are left out. */
export function libraryOptions<const Rows extends readonly OptionRow[], Values extends object>(
  rows: Rows,
  values: Values,
): LibraryOptions<Rows, Values> {
  const given = values as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    rows.filter(({ name }) => given[name] !== undefined).map((row) => [apiName(row), given[row.name]]),
  ) as LibraryOptions<Rows, Values>;
}
