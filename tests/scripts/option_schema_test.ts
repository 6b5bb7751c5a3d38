// docs/schemas: the schemas of files of options accept and reject what train does. That the files are those that are
// generated is in tests/ffi/symbols_test.ts.

import { assert, assertEquals } from "@std/assert";
import { Ajv } from "ajv";
import { isList, type OptionRow } from "../../base/option.ts";
import { CAPTURE_CONFIG_ROWS, CONFIG_FILE_ROWS } from "../../cli/config.ts";
import { UsageError } from "../../cli/errors.ts";
import { optionsFrom } from "../../cli/json_options.ts";
import { captureConfigSchema, configFileSchema } from "../../scripts/generate/option_schema.ts";
import { samples } from "../support/option_samples.ts";

/** Values of any kind, and of options whose rows reject some values within their bounds. */
const OTHERS: unknown[] = [
  ...[null, true, false, 0, -1, 5, 1.5, 1e20, -1e20, "", "5", "8G", "1.5kib", "0M", "8X", "50%", ".5%", "0.00%", {}],
  ...[[], [5], [-1], [2.5], ["a"], [null], [[5]], [true], "spz", "spz,sog", ["spz", "sog,html"], ["ply"], "none"],
];

function parses(data: Record<string, unknown>, rows: readonly OptionRow[]): boolean {
  try {
    optionsFrom(data, "file.json", rows);
    return true;
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
}

for (
  const [name, schema, rows] of [
    ["tame.config.json", captureConfigSchema(), CAPTURE_CONFIG_ROWS],
    ["--config", configFileSchema(), CONFIG_FILE_ROWS],
  ] as const
) {
  Deno.test(`the schema of ${name} accepts and rejects the values that the parser does`, () => {
    const fits = new Ajv({ strict: false }).compile(schema);
    let [accepted, rejected] = [0, 0];
    const compare = (data: Record<string, unknown>) => {
      const taken = parses(data, rows);
      assertEquals(fits(data), taken, JSON.stringify(data));
      if (taken) accepted++;
      else rejected++;
    };
    for (const row of rows) {
      const bounds = samples(row).map(([value]) => value).filter((value) => value !== Infinity);
      const lists = isList(row) ? bounds.map((value) => [value]) : [];
      for (const value of [...bounds, ...lists, ...OTHERS]) compare({ [row.name]: value });
      compare({ [row.name.replaceAll("_", "-")]: null });
    }
    for (const data of [{}, { $schema: "x" }, { $schema: 5 }, { iteration: 5 }, { iterations: 5, budgets: 1 }]) {
      compare(data);
    }
    assert(accepted > 200 && rejected > 1000, `${accepted} accepted, ${rejected} rejected`);
  });
}

Deno.test("the schema of --config looks under options, as of the config.json of a run, and at their names", () => {
  const fits = new Ajv({ strict: false }).compile(configFileSchema());
  assertEquals(fits({ versions: { tame: "0" }, options: { iterations: 5 } }), true);
  assertEquals(fits({ versions: { tame: "0" }, options: { iterations: 0 } }), false);
  assertEquals(fits({ options: 5 }), false);
  assertEquals(fits({ model_path: "out" }), true);
  assertEquals(new Ajv({ strict: false }).compile(captureConfigSchema())({ model_path: "out" }), false);
});

Deno.test("schemas have the help and the default of each option", () => {
  const { properties } = captureConfigSchema() as { properties: Record<string, Record<string, unknown>> };
  assertEquals(Object.keys(properties), ["$schema", ...CAPTURE_CONFIG_ROWS.map(({ name }) => name)]);
  for (const row of CAPTURE_CONFIG_ROWS) assertEquals(properties[row.name].description, row.help);
  assertEquals(properties.save_iterations.default, [7000, 30_000]);
  assertEquals(properties.eval.default, false);
  assertEquals("default" in properties.max_seconds, false, "JSON has no Infinity");
});
