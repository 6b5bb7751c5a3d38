// The script for zsh.

import type { OptionRow } from "../../base/option.ts";
import { arity, type Command, flagsOf, singleQuoted, type Suggestions, valuesOf } from "./command.ts";

/** The script that completes commands in zsh. */
export function zshScript(commands: readonly Command[]): string {
  const verbs = commands.filter(({ isVerb }) => isVerb);
  return `# Completes "tame VERB" and "deno task VERB" in zsh. Written by: deno task completion zsh

# Completes the arguments of command $words[1].
_tame_arguments() {
  case $words[1] in
${commands.map(commandCase).join("\n")}
  esac
}

_tame() {
  if (( CURRENT == 2 )); then
    local -a verbs
    verbs=(
${verbs.map(({ name, summary }) => `      ${singleQuoted(`${name}:${summary}`)}`).join("\n")}
    )
    _describe verb verbs
    return
  fi
  shift words
  (( CURRENT-- ))
  _tame_arguments
}

# What completed deno before, if anything.
if [[ -n \${_comps[deno]-} && \${_comps[deno]} != _tame_deno ]]; then
  _tame_deno_before=\${_comps[deno]}
fi

_tame_deno() {
  if (( CURRENT > 3 )) && [[ $words[2] == task ]]; then
    case $words[3] in
      ${commands.map(({ name }) => name).join("|")})
        shift 2 words
        (( CURRENT -= 2 ))
        _tame_arguments
        return
        ;;
    esac
  fi
  \${_tame_deno_before:-_default}
}

compdef _tame tame
compdef _tame_deno deno
`;
}

function commandCase({ name, rows, positionals }: Command): string {
  const specs = [
    ...rows.flatMap(optionSpecs),
    "'(-h --help)'{-h,--help}'[show the options]'",
    ...positionalSpec(positionals),
  ];
  return [`    ${name})`, "      _arguments \\", ...specs.map((spec) => `        ${spec} \\`), "      ;;"].join("\n")
    .replace(/ \\\n {6};;$/, "\n      ;;");
}

/** One specification of _arguments for each spelling; `=` also lets the value be joined to a long name. */
function optionSpecs(row: OptionRow): string[] {
  const count = arity(row);
  const flags = flagsOf(row);
  const help = `[${row.help.replaceAll(/[\\[\]:]/g, String.raw`\$&`)}]`;
  const value = count === undefined ? "" : `:${escaped(row.unit ?? "value")}:${action(valuesOf(row))}`;
  const others = count === "many" ? "*" : `(${flags.join(" ")})`;
  return flags.map((flag) => {
    const joined = count !== undefined && flag.startsWith("--") ? "=" : "";
    return singleQuoted(`${others}${flag}${joined}${help}${value}`);
  });
}

function positionalSpec(positionals: Suggestions): string[] {
  const suggested = action(positionals);
  return suggested === " " ? [] : [singleQuoted(`*:argument:${suggested}`)];
}

/** What _arguments does for a value: a space suggests nothing, one in front of a function keeps its arguments alone. */
function action({ words, files }: Suggestions): string {
  const list = words.length === 0 ? "" : `(${words.join(" ")})`;
  if (!files) return list || " ";
  return list === "" ? "_files" : ` _alternative "words:word:${list}" "files:file:_files"`;
}

function escaped(text: string): string {
  return text.replaceAll(":", String.raw`\:`);
}
