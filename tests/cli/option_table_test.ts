// Every option of the library: the command line and the library accept and reject the same values.

import { assertEquals } from "@std/assert";
import { apiName, isList, OptionError, type OptionRow } from "../../base/option.ts";
import { parse } from "../../cli/argv.ts";
import { UsageError } from "../../cli/errors.ts";
import { TRAIN_OPTIONS } from "../../cli/options.ts";
import { openDevice } from "../../ffi/device.ts";
import { DEVICE_ROWS } from "../../ffi/option_table.ts";
import { LOAD_ROWS } from "../../load/option_table.ts";
import { loadScene } from "../../load/scene.ts";
import { TRAIN_ROWS } from "../../train/option_table.ts";
import { resolveTrainOptions } from "../../train/options.ts";
import { samples } from "../support/option_samples.ts";

/** Option tables, and the functions that take them; a function that continues ends at a file that does not exist. */
const TABLES: [name: string, rows: readonly OptionRow[], call: (options: object) => unknown][] = [
  ["openDevice", DEVICE_ROWS, (options) => openDevice({ ...options, library: "/nonexistent/libtame_cpu.so" })],
  ["loadScene", LOAD_ROWS, (options) => loadScene("/nonexistent", options)],
  ["resolveTrainOptions", TRAIN_ROWS, (options) => resolveTrainOptions(options)],
];

/** The values as the command line spells them. */
function spelled(value: string | number | boolean): string {
  return value === Infinity ? "1e999" : String(value);
}

/** Whether the library accepts an option; errors about several options, or after the checks, count as accepted. */
async function taken(call: (options: object) => unknown, options: object): Promise<boolean> {
  try {
    await call(options);
    return true;
  } catch (error) {
    return !(error instanceof OptionError && error.message.includes(": it takes "));
  }
}

function parses(row: OptionRow, text: string): boolean {
  try {
    parse([`--${row.name}=${text}`], TRAIN_OPTIONS);
    return true;
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
}

for (const [name, rows, call] of TABLES) {
  Deno.test(`${name}() and the command line accept and reject the same values of every option`, async () => {
    for (const row of rows) {
      for (const [value, means] of samples(row)) {
        const options = { [apiName(row)]: isList(row) ? [value] : value };
        const what = `${row.name} ${value}`;
        assertEquals(await taken(call, options), means, `${what} in the library`);
        assertEquals(parses(row, spelled(value)), means, `${what} on the command line`);
      }
    }
  });
}

Deno.test("the library and the command line reject 0 for options that must be positive", async () => {
  const rejected = ["budget", "max_seconds", "photo_cache", "near", "resolution", "test_iterations"];
  for (const [, rows, call] of TABLES) {
    for (const row of rows.filter(({ name }) => rejected.includes(name))) {
      assertEquals(await taken(call, { [apiName(row)]: isList(row) ? [0] : 0 }), false, row.name);
      assertEquals(parses(row, "0"), false, row.name);
      rejected.splice(rejected.indexOf(row.name), 1);
    }
  }
  assertEquals(rejected, [], "no such rows");
});
