// Tests of the command line as a user runs it, on the tiny capture.

import { join } from "@std/path";
import { libraryMissing } from "./device.ts";
import { start as startProgram } from "./process.ts";
import { writeTinyCapture } from "./tiny_capture.ts";

/** The command line as a process. */
export function start(args: string[], cwd: string, env: Record<string, string> = {}): Deno.ChildProcess {
  return startProgram("cli.ts", args, { cwd, env });
}

/** A test with a capture in a temporary folder, skipped by name if nothing can be trained, or the test lacks something. */
export function workflowTest(
  name: string,
  body: (folder: string) => Promise<void>,
  lacking?: string,
): void {
  const missing = libraryMissing ?? lacking;
  Deno.test({
    name: missing === undefined ? name : `${name} [skipped: ${missing}]`,
    ignore: missing !== undefined,
    async fn() {
      const folder = await Deno.makeTempDir();
      try {
        await writeTinyCapture(join(folder, "capture"));
        await body(folder);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}
