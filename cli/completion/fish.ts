// The script for fish.

import type { OptionRow } from "../../base/option.ts";
import { arity, type Command, valuesOf } from "./command.ts";

/** The script that completes commands in fish. */
export function fishScript(commands: readonly Command[]): string {
  const verbs = commands.filter(({ isVerb }) => isVerb);
  return `# Completes "tame VERB" and "deno task VERB" in fish. Written by: deno task completion fish

# Whether the line is of command $argv[1]: "tame VERB …" or "deno task VERB …".
function __tame_command
    set -l words (commandline -opc)
    if test "$words[1]" = deno
        test "$words[2]" = task; and test "$words[3]" = $argv[1]
    else
        test "$words[2]" = $argv[1]
    end
end

function __tame_no_verb
    test (count (commandline -opc)) -eq 1
end

complete -c tame -f
${verbs.map(({ name, summary }) => `complete -c tame -n __tame_no_verb -a ${name} -d ${quoted(summary)}`).join("\n")}

for program in tame deno
${commands.flatMap(commandLines).map((line) => `    complete -c $program ${line}`).join("\n")}
end
`;
}

function commandLines({ name, rows, positionals: { words, files } }: Command): string[] {
  const condition = `-n "__tame_command ${name}"`;
  const given = words.length === 0 ? "" : ` -a ${quoted(words.join(" "))}`;
  return [
    `${condition} ${files ? "-F" : "-f"}${given}`,
    ...rows.map((row) => `${condition} ${optionArguments(row)}`),
    `${condition} -s h -l help -d 'show the options'`,
  ];
}

function optionArguments(row: OptionRow): string {
  const { words, files } = valuesOf(row);
  const short = row.short === undefined ? [] : [row.short.length === 1 ? `-s ${row.short}` : `-o ${row.short}`];
  const value = arity(row) === undefined ? [] : [files ? "-r -F" : "-x"];
  const given = words.length === 0 ? [] : [`-a ${quoted(words.join(" "))}`];
  return [...short, `-l ${row.name}`, ...value, ...given, `-d ${quoted(row.help)}`].join(" ");
}

/** Text as one word of fish, whose quotes escape a quote and a backslash by a backslash. */
function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`;
}
