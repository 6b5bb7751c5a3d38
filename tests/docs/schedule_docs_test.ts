// The guide's tables of the schedule and of presets have what the library resolves.

import { assertEquals } from "@std/assert";
import { apiName, type OptionRow } from "../../base/option.ts";
import { givenOptions, parse } from "../../cli/argv.ts";
import { flagOf } from "../../cli/option.ts";
import { TRAIN_OPTIONS } from "../../cli/options.ts";
import { TRAIN_ROWS } from "../../train/option_table.ts";
import { resolveTrainOptions } from "../../train/options.ts";
import { PRESETS } from "../../train/presets.ts";
import { STRATEGY_OPTIONS } from "../../train/strategy_options.ts";
import { page } from "./markdown.ts";

/** The cells of a section's table, without its heading and rule. */
function cells(path: string, heading: string): { titles: string[]; lines: string[][] } {
  const section = page(path).split(`## ${heading}\n`)[1].split("\n## ")[0];
  const [titles, , ...lines] = section.split("\n").filter((line) => line.startsWith("|"))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim().replaceAll("`", "")));
  return { titles, lines };
}

function words(text: string): string[] {
  return text.split(" ").filter((word) => word !== "");
}

Deno.test("docs/guide/train.md has every option of the schedule as it is scaled", () => {
  const { titles, lines } = cells("docs/guide/train.md", "Length of a run");
  const runs = titles.slice(1, -1).map((argv) =>
    resolveTrainOptions(givenOptions(TRAIN_ROWS, parse(words(argv), TRAIN_OPTIONS)) as { iterations: number })
  ) as unknown as Record<string, number>[];
  const rows = TRAIN_ROWS.filter((row: OptionRow) => row.scaledMinimum !== undefined) as OptionRow[];
  assertEquals(
    lines,
    rows.map((row) => [`--${row.name}`, ...runs.map((run) => `${run[apiName(row)]}`), `${row.scaledMinimum}`]),
  );
});

Deno.test("docs/guide/densification.md has the defaults that strategies set", () => {
  const table = page("docs/guide/densification.md").split("These options depend on the strategy:\n")[1];
  const [titles, , ...lines] = table.trimStart().split("\n\n")[0].split("\n")
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim().replaceAll("`", "")));
  for (const [name, options] of Object.entries(STRATEGY_OPTIONS)) {
    const column = titles.indexOf(name);
    for (const option of new Set(Object.values(STRATEGY_OPTIONS).flatMap(Object.keys))) {
      const stated = lines.find(([flag]) => flag === flagOf(option))![column];
      const row: OptionRow = TRAIN_ROWS.find((row) => apiName(row) === option)!;
      const value = options[option] ?? row.default ?? false;
      const text = typeof value === "boolean" ? (value ? "on" : "off") : `${value}`;
      if (stated !== "no effect") assertEquals(stated.replaceAll(" ", "").replace("bydefault", ""), text);
    }
  }
});

Deno.test("docs/guide/densification.md has the options of every preset", () => {
  const { lines } = cells("docs/guide/densification.md", "Presets");
  const listed = lines.map(([preset, argv]) => [preset, givenOptions(TRAIN_ROWS, parse(words(argv), TRAIN_OPTIONS))]);
  const presets = Object.entries(PRESETS).map(([preset, { budget: _, ...options }]) => [preset, options]);
  assertEquals(Object.fromEntries(listed), Object.fromEntries(presets));
});
