// The text of --help, generated from the rows that the parser reads.

import { isList, type OptionRow } from "../base/option.ts";
import type { OptionGroup } from "./option.ts";
import { PROGRAM } from "./program.ts";

/** The help of a verb besides its options. */
export interface VerbHelp {
  /** The verb's name. */
  name: string;
  /** One sentence: what it does. */
  summary: string;
  /** What follows the verb on its command line. */
  usage: string;
  /** A whole command that can be typed. */
  example: string;
  /** Paragraphs after the options. */
  notes?: readonly string[];
  table: readonly OptionGroup[];
}

const WIDTH = 110;
const INDENT = 38;
const NO_BREAK = "\u00a0";

/** The whole help text of a verb, without a final newline. */
export function helpText(verb: VerbHelp): string {
  const groups = verb.table.map((group) => [group.title, ...group.rows.map(rowText)].join("\n"));
  return [
    `tame ${verb.name}: ${verb.summary}`,
    `Usage:   ${PROGRAM} ${verb.name} ${verb.usage}\nExample: ${verb.example.replace(/^deno task/, PROGRAM)}`,
    ...groups,
    ...(verb.notes ?? []).map((note) => wrap(note, 0).join("\n")),
    "Names may be spelled with dashes (--name-of-option) and joined to a value (--name=value); the last of two wins.",
  ].join("\n\n");
}

/** Whether the arguments contain --help or -h. */
export function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return (end < 0 ? argv : argv.slice(0, end)).some((token) => token === "--help" || token === "-h");
}

function rowText(row: OptionRow): string {
  const short = row.short === undefined ? "" : `-${row.short}, `;
  const left = `  ${short.padStart(4)}--${row.name}${valueText(row)}`;
  const value = defaultText(row);
  const lines = wrap(row.help + (value === "" ? "" : ` ${unbroken(`(default: ${value})`)}`), INDENT);
  const first = left.length < INDENT ? left.padEnd(INDENT) + lines.shift() : left;
  return [first, ...lines.map((line) => " ".repeat(INDENT) + line)].join("\n");
}

function valueText(row: OptionRow): string {
  if (row.kind === "flag") return "";
  if (row.choices !== undefined) return ` ${row.choices.join("|")}`;
  const unit = row.unit ?? "X";
  return isList(row) ? ` ${unit} …` : ` ${unit}`;
}

/** The default of an option as it is written on the command line; empty if there is none. */
export function defaultText({ kind, default: value = "" }: OptionRow): string {
  if (value === Infinity) return "no limit";
  if (kind === "bytes") return bytesText(Number(value));
  return Array.isArray(value) ? value.join(" ") : `${value}`;
}

/** Bytes as they are written on the command line: 2G for 2³¹. */
function bytesText(bytes: number): string {
  let power = 0;
  while (power < 4 && bytes > 0 && bytes % 1024 === 0) {
    bytes /= 1024;
    power++;
  }
  return `${bytes}${["", "K", "M", "G", "T"][power]}`;
}

/** Text without line breaks inside. */
function unbroken(text: string): string {
  return text.replaceAll(" ", NO_BREAK);
}

/** Breaks text into lines that fit beside `indent` columns. */
function wrap(text: string, indent: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines[lines.length - 1];
    if (last !== undefined && indent + last.length + 1 + word.length <= WIDTH) lines[lines.length - 1] += ` ${word}`;
    else lines.push(word);
  }
  return lines.map((line) => line.replaceAll(NO_BREAK, " "));
}
