// How a script ends.

import { failureOf } from "../cli/exit.ts";

/**
 * Runs a script's main function with the arguments of the process; sets the exit code, and prints an error as the
 * command line does.
 *
 * @param main Resolves to the exit code
 * @param command The command that has the permissions
 */
export async function runMain(main: (argv: string[]) => number | Promise<number>, command: string): Promise<void> {
  try {
    Deno.exitCode = await main(Deno.args);
  } catch (error) {
    const { code, message } = failureOf(error, () => `Run: ${command}`);
    console.error(`Error: ${message}`);
    Deno.exitCode = code;
  }
}
