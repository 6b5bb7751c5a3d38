// docs/guide/options.md: the options of every verb, from the rows that the command line and the library use.

import { apiName, expected, type OptionRow } from "../../base/option.ts";
import { defaultText } from "../../cli/help.ts";
import { OPTIONS } from "../../cli/options.ts";
import { EXPORT_ROWS } from "../../export/option_table.ts";
import { DEVICE_ROWS } from "../../ffi/option_table.ts";
import { LOAD_ROWS } from "../../load/option_table.ts";
import { TRAIN_ROWS } from "../../train/option_table.ts";

/** The interfaces of the library that have options as properties. */
const INTERFACES: readonly [name: string, rows: readonly OptionRow[]][] = [
  ["DeviceOptions", DEVICE_ROWS],
  ["LoadOptions", LOAD_ROWS],
  ["TrainOptions", TRAIN_ROWS],
  ["ExportOptions", EXPORT_ROWS],
];

const INTRODUCTION = `<!-- Generated from the option tables by \`deno task generate\`; do not edit. -->

# Options

What \`--help\` of every verb says, in one place. The column "library" names the same option of the library: default and
bounds are the same. An option that takes nothing can be followed by \`=true\` or \`=false\`.`;

/** The text of the page. */
export function optionsPage(): string {
  const withOptions = Object.entries(OPTIONS).filter(([, groups]) => groups.length > 0);
  const verbs = withOptions.flatMap(([verb, groups]) => [
    `## ${verb}`,
    ...groups.flatMap(({ title, rows }) => [`### ${title}`, table(rows)]),
  ]);
  return [INTRODUCTION, ...verbs].join("\n\n") + "\n";
}

/** A Markdown table as `deno fmt` leaves it; columns without an entry are left out. */
function table(rows: readonly OptionRow[]): string {
  const lines = [["option", "library", "takes", "default", "what it does"], ...rows.map(cells)];
  const columns = lines[0].map((_, column) => lines.map((line) => line[column]))
    .filter((column) => column.slice(1).some((cell) => cell !== ""))
    .map((column) => {
      const width = Math.max(...column.map((cell) => cell.length));
      const [title, ...entries] = column.map((cell) => cell.padEnd(width));
      return [title, "-".repeat(width), ...entries];
    });
  return columns[0].map((_, line) => `| ${columns.map((column) => column[line]).join(" | ")} |`).join("\n");
}

function cells(row: OptionRow): string[] {
  const flags = [...(row.short === undefined ? [] : [`-${row.short}`]), `--${row.name}`];
  const library = INTERFACES.filter(([, rows]) => rows.includes(row)).map(([name]) => `${name}.${apiName(row)}`);
  const takes = row.kind === "flag" ? "" : expected(row);
  return [flags.map(code).join(", "), library.map(code).join(", "), takes, defaultText(row), row.help];
}

function code(text: string): string {
  return `\`${text}\``;
}
