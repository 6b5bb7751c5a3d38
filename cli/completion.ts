// `completion`: a script that completes verbs, options and their values in a shell.

import { nearest } from "../base/nearest.ts";
import { parse } from "./argv.ts";
import { bashScript } from "./completion/bash.ts";
import { type Command, COMMANDS, type Shell, SHELLS } from "./completion/command.ts";
import { fishScript } from "./completion/fish.ts";
import { zshScript } from "./completion/zsh.ts";
import { UsageError } from "./errors.ts";
import { EXIT } from "./exit.ts";
import { asksForHelp, helpText } from "./help.ts";
import { OPTIONS } from "./options.ts";
import { OUTPUT } from "./output.ts";
import { VERBS } from "./verbs.ts";

const SCRIPTS: Readonly<Record<Shell, (commands: readonly Command[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** Runs the verb with the arguments after it; resolves to the exit code. */
export function run(argv: string[]): Promise<number> {
  if (asksForHelp(argv)) {
    console.log(helpText({
      name: "completion",
      summary: VERBS.completion.summary,
      usage: SHELLS.join("|"),
      example: "deno task completion bash > ~/.tame_completion.bash",
      notes: ["docs/guide/completion.md says where the script goes."],
      table: OPTIONS.completion,
    }));
    return Promise.resolve(EXIT.done);
  }
  const { positionals: [shell] } = parse(argv, OPTIONS.completion, { positionals: 1 });
  OUTPUT.write(SCRIPTS[shellNamed(shell)](COMMANDS));
  return Promise.resolve(EXIT.done);
}

function shellNamed(name: string | undefined): Shell {
  const shell = SHELLS.find((shell) => shell === name);
  if (shell !== undefined) return shell;
  const names = `${SHELLS.slice(0, -1).join(", ")} or ${SHELLS[SHELLS.length - 1]}`;
  if (name === undefined) throw new UsageError(`Missing argument: the shell, ${names}`);
  const near = nearest(name, [...SHELLS]);
  const hint = near === undefined ? `it is ${names}` : `did you mean "${near}"?`;
  throw new UsageError(`Unknown shell "${name}": ${hint}`);
}
