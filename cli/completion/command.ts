// What shells complete: the commands, their options, and what these take. bash.ts, zsh.ts and fish.ts write it down.

import { isList, type OptionRow } from "../../base/option.ts";
import { rowsOf } from "../option.ts";
import { type CommandName, OPTIONS } from "../options.ts";
import { VERBS } from "../verbs.ts";

/** The shells that have a script. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** A shell that has a script. */
export type Shell = typeof SHELLS[number];

/** What can follow: words of a list, files, or both. */
export interface Suggestions {
  readonly words: readonly string[];
  readonly files: boolean;
}

/** A verb, or a task beside the verbs. */
export interface Command {
  readonly name: CommandName;
  /** One sentence. */
  readonly summary: string;
  /** Whether it is a verb of cli.ts, and not only a task. */
  readonly isVerb: boolean;
  readonly rows: readonly OptionRow[];
  /** What its arguments without dashes can be. */
  readonly positionals: Suggestions;
}

/** The arguments without dashes of the commands that have them. */
const POSITIONALS: Partial<Record<CommandName, Suggestions>> = {
  export: { words: [], files: true },
  view: { words: [], files: true },
  convert: { words: ["lpips"], files: true },
  info: { words: [], files: true },
  completion: { words: SHELLS, files: false },
};

/** All commands, the verbs in the order of --help. */
export const COMMANDS: readonly Command[] = [
  ...Object.entries(VERBS).map(([name, { summary }]) => command(name as CommandName, summary, true)),
  command("full-eval", "the paper's benchmark and reports", false),
];

function command(name: CommandName, summary: string, isVerb: boolean): Command {
  const positionals = POSITIONALS[name] ?? { words: [], files: false };
  return { name, summary, isVerb, rows: rowsOf(OPTIONS[name]), positionals };
}

/** The spellings of an option, dashes included, the short one first. */
export function flagsOf({ name, short }: OptionRow): string[] {
  return short === undefined ? [`--${name}`] : [`-${short}`, `--${name}`];
}

/** The values of an option that a shell can suggest. */
export function valuesOf({ kind, choices = [] }: OptionRow): Suggestions {
  return { words: choices.map(String), files: kind === "path" || kind === "paths" };
}

/** What an option takes, as the first two words of the scripts' tables; undefined for a flag. */
export function arity(row: OptionRow): "one" | "many" | undefined {
  if (row.kind === "flag") return undefined;
  return isList(row) ? "many" : "one";
}

/** Text as one word of a POSIX shell or zsh. */
export function singleQuoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
