// The script for bash 4 or newer.

import { arity, type Command, flagsOf, type Suggestions, valuesOf } from "./command.ts";

/** The script that completes commands in bash. */
export function bashScript(commands: readonly Command[]): string {
  const verbs = commands.filter(({ isVerb }) => isVerb).map(({ name }) => name);
  return `# Completes "tame VERB" and "deno task VERB" in bash. Written by: deno task completion bash

# What can stand for an option or an argument without dashes is "one" or "many", then "file" or "-", then words.

# Sets REPLY to the options of command $1.
_tame_options() {
  case $1 in
${
    commands.map(({ name, rows }) => `    ${name}) REPLY="${[...rows.flatMap(flagsOf), "--help"].join(" ")}" ;;`).join(
      "\n",
    )
  }
    *) REPLY= ;;
  esac
}

# Sets REPLY to what option $2 of command $1 takes; empty if it takes nothing.
_tame_takes() {
  case $1:$2 in
${commands.flatMap(valueCases).join("\n")}
    *) REPLY= ;;
  esac
}

# Sets REPLY to what the arguments without dashes of command $1 can be; empty if it has none.
_tame_positionals() {
  case $1 in
${commands.flatMap(positionalCase).join("\n")}
    *) REPLY= ;;
  esac
}

# Suggests the words in $2, and files if $1 is "file", that begin with $3.
_tame_suggest() {
  mapfile -t COMPREPLY < <(
    compgen -W "$2" -- "$3"
    if [[ $1 == file ]]; then compgen -f -- "$3"; fi
  )
  if [[ $1 == file ]]; then compopt -o filenames 2>/dev/null; fi
}

# Completes the arguments of command $1, the first of which is word $2 of the line.
_tame_arguments() {
  local command=$1 index word takes= current=\${COMP_WORDS[COMP_CWORD]} REPLY
  for ((index = $2; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    case $word in
      =) takes=\${takes/#many/one} ;; # bash splits --name=value at the sign
      -[0-9.]* | -) takes=\${takes/#one*/} ;;
      --*) word=\${word#--} && _tame_takes "$command" "--\${word//-/_}" && takes=$REPLY ;;
      -*) _tame_takes "$command" "$word" && takes=$REPLY ;;
      *) takes=\${takes/#one*/} ;;
    esac
  done
  if [[ $current == "=" ]]; then
    current=
    takes=\${takes/#many/one}
  fi
  if [[ $current == --* ]]; then
    current=\${current#--}
    current=--\${current//-/_}
  fi
  if [[ $current != -* && -z $takes ]]; then
    _tame_positionals "$command"
    takes=$REPLY
  fi
  if [[ $current == -* || -z $takes ]]; then
    _tame_options "$command"
    takes="many - $REPLY"
  fi
  takes=\${takes#* }
  _tame_suggest "\${takes%% *}" "\${takes#* }" "$current"
}

_tame() {
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    _tame_suggest - "${verbs.join(" ")} --help --version" "\${COMP_WORDS[1]}"
  else
    _tame_arguments "\${COMP_WORDS[1]}" 2
  fi
}

# The function that completed deno before, if any.
if [[ $(complete -p deno 2>/dev/null) =~ -F\\ ([^ ]+) && \${BASH_REMATCH[1]} != _tame_deno ]]; then
  _tame_deno_before=\${BASH_REMATCH[1]}
fi

_tame_deno() {
  COMPREPLY=()
  if ((COMP_CWORD > 2)) && [[ \${COMP_WORDS[1]} == task ]]; then
    case \${COMP_WORDS[2]} in
      ${commands.map(({ name }) => name).join(" | ")})
        _tame_arguments "\${COMP_WORDS[2]}" 3
        return
        ;;
    esac
  fi
  if [[ -n \${_tame_deno_before-} ]]; then
    "$_tame_deno_before" "$@"
  else
    compopt -o bashdefault -o default 2>/dev/null
  fi
}

complete -F _tame tame
complete -F _tame_deno deno
`;
}

function valueCases({ name, rows }: Command): string[] {
  const cases = new Map<string, string[]>();
  for (const row of rows) {
    const count = arity(row);
    if (count === undefined) continue;
    const takes = `${count} ${suggested(valuesOf(row))}`;
    cases.set(takes, [...cases.get(takes) ?? [], ...flagsOf(row).map((flag) => `${name}:${flag}`)]);
  }
  return [...cases].map(([takes, patterns]) => `    ${patterns.join(" | ")}) REPLY="${takes}" ;;`);
}

function positionalCase({ name, positionals }: Command): string[] {
  if (positionals.words.length === 0 && !positionals.files) return [];
  return [`    ${name}) REPLY="many ${suggested(positionals)}" ;;`];
}

function suggested({ words, files }: Suggestions): string {
  return `${files ? "file" : "-"} ${words.join(" ")}`;
}
