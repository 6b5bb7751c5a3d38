// The benchmark's door: `deno task full-eval`, or `deno run -P full_eval.ts`.

import { UsageError } from "./cli/errors.ts";
import { EXIT, failureOf } from "./cli/exit.ts";
import { fullEvalHelp, run } from "./cli/full_eval.ts";
import { asksForHelp } from "./cli/help.ts";
import { endAsInitProcess } from "./cli/interrupt.ts";
import { ERRORS, exit } from "./cli/output.ts";
import { advice, type Command, type Needs, requirePermissions } from "./cli/permissions.ts";

const NEEDS: Needs = { writes: true, runs: true };

async function main(argv: readonly string[]): Promise<number> {
  if (asksForHelp(argv)) {
    console.log(fullEvalHelp());
    return EXIT.done;
  }
  const command: Command = { task: "full-eval", entry: "full_eval.ts", argv };
  try {
    requirePermissions(command, NEEDS);
    return await run(argv);
  } catch (error) {
    const { code, message } = failureOf(error, () => advice(command, NEEDS));
    ERRORS.write(`Error: ${message}\n`);
    if (error instanceof UsageError) ERRORS.write("\nOptions: deno task full-eval --help\n");
    return code;
  }
}

if (import.meta.main) {
  endAsInitProcess();
  await exit(await main(Deno.args));
}
