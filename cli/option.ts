// What an option is. The rows themselves are in options.ts, the reading of them in argv.ts, their text in help.ts.

/** What an option takes: nothing, one value, or one or more (`integers`, `strings`). `bytes` reads 8G, 512M, 1000. */
export type OptionKind = "flag" | "integer" | "number" | "bytes" | "string" | "integers" | "strings";

/** The value an option of each kind has after parsing. */
export interface KindValues {
  flag: boolean;
  integer: number;
  number: number;
  bytes: number;
  string: string;
  integers: readonly number[];
  strings: readonly string[];
}

/** Any parsed value. */
export type OptionValue = KindValues[OptionKind];

/** One option of the command line. */
export interface OptionRow {
  /** Long name without dashes, snake_case; the kebab-case twin is understood too. */
  readonly name: string;
  /** Short name without the dash: `s`, `m360`. */
  readonly short?: string;
  readonly kind: OptionKind;
  /** What --help calls the value: PATH, N, SECONDS. */
  readonly unit?: string;
  /** Value when the option is not given; none: the value is undefined. A flag's is always false. */
  readonly default?: OptionValue;
  readonly choices?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly help: string;
  /** Why this value cannot be granted, or undefined when it can. */
  readonly refuse?: (value: OptionValue) => string | undefined;
}

/** Options under one heading of --help. A verb's table is a list of groups. */
export interface OptionGroup {
  readonly title: string;
  readonly rows: readonly OptionRow[];
}

/** The values of a table by option name; undefined where a row has no default. */
export type OptionValues<Table extends readonly OptionGroup[]> = {
  readonly [Row in Table[number]["rows"][number] as Row["name"]]:
    | KindValues[Row["kind"]]
    | (Row extends { readonly default: OptionValue } | { readonly kind: "flag" } ? never : undefined);
};

/** All rows of a table. */
export function rowsOf(table: readonly OptionGroup[]): OptionRow[] {
  return table.flatMap((group) => [...group.rows]);
}

/** Refuses an option that is set, for the reason given. */
export function unavailable(reason: string): (value: OptionValue) => string | undefined {
  return (value) => value === false ? undefined : reason;
}
