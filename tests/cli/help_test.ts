// --help is generated from the option tables: complete, with defaults, and within the line width.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { problemOf } from "../../base/option.ts";
import { asksForHelp, helpText } from "../../cli/help.ts";
import { nearest } from "../../base/nearest.ts";
import { rowsOf } from "../../cli/option.ts";
import {
  CONVERT_OPTIONS,
  DEMO_OPTIONS,
  DOCTOR_OPTIONS,
  FULL_EVAL_OPTIONS,
  INFO_OPTIONS,
  METRICS_OPTIONS,
  RENDER_OPTIONS,
  TRAIN_OPTIONS,
} from "../../cli/options.ts";

Deno.test("helpText() lists every option with its default when a verb has many", () => {
  const text = helpText({ name: "train", summary: "train", usage: "-s CAPTURE", example: "x", table: TRAIN_OPTIONS });
  for (const row of rowsOf(TRAIN_OPTIONS)) assertStringIncludes(text, `--${row.name}`);
  assertStringIncludes(text, "(default: 0.0000016)");
  assertStringIncludes(text, "(default: 7000 30000)");
  assertStringIncludes(text, "(default: no limit)");
  assertStringIncludes(text, "(default: 2G)");
  assertStringIncludes(text, "--backend auto|cuda|cpu");
  assertStringIncludes(text, "-s, --source_path PATH");
  assert(text.split("\n").every((line) => line.length <= 112), "a line is too wide");
});

Deno.test("option tables have unique names and valid defaults", () => {
  const tables = [
    ...[TRAIN_OPTIONS, RENDER_OPTIONS, METRICS_OPTIONS, CONVERT_OPTIONS],
    ...[INFO_OPTIONS, FULL_EVAL_OPTIONS, DEMO_OPTIONS, DOCTOR_OPTIONS],
  ];
  for (const table of tables) {
    const rows = rowsOf(table);
    for (const key of ["name", "short"] as const) {
      const names = rows.map((row) => row[key]).filter((name) => name !== undefined);
      assertEquals(names.length, new Set(names).size);
    }
    for (const row of rows) {
      if (row.default !== undefined) assertEquals(problemOf(row, row.default), undefined, row.name);
    }
  }
});

Deno.test("asksForHelp() accepts --help only before a double dash", () => {
  assertEquals(asksForHelp(["-s", "a", "--help"]), true);
  assertEquals(asksForHelp(["--", "--help"]), false);
});

Deno.test("nearest() finds the word of a typing error, and nothing when no word is near", () => {
  assertEquals(nearest("trian", ["train", "render"]), "train");
  assertEquals(nearest("rendr", ["train", "render"]), "render");
  assertEquals(nearest("zzzzzz", ["train", "render"]), undefined);
});
