// The options of a verb: groups of rows. The rows are in options.ts and in the folders that read them.

import { apiName, type DefaultedValue, type OptionRow } from "../base/option.ts";
import { DEVICE_ROWS } from "../ffi/option_table.ts";
import { EXPORT_ROWS } from "../export/option_table.ts";
import { LOAD_ROWS } from "../load/option_table.ts";
import { TRAIN_ROWS } from "../train/option_table.ts";

/** Options under one heading of --help. A verb's table is a list of groups. */
export interface OptionGroup {
  readonly title: string;
  readonly rows: readonly OptionRow[];
}

/** The values of a table by the names of flags; undefined if a row has no default and was not given. */
export type OptionValues<Table extends readonly OptionGroup[]> = {
  readonly [Row in Table[number]["rows"][number] as Row["name"]]: DefaultedValue<Row>;
};

/** All rows of a table. */
export function rowsOf(table: readonly OptionGroup[]): OptionRow[] {
  return table.flatMap((group) => [...group.rows]);
}

/** The flag of an option of the library. */
export function flagOf(name: string): string {
  const row = [...DEVICE_ROWS, ...LOAD_ROWS, ...TRAIN_ROWS, ...EXPORT_ROWS].find((row) => apiName(row) === name);
  return `--${row?.name ?? name}`;
}
