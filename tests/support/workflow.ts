// Tests of the command line as a user runs it, on the tiny capture.

import { join } from "@std/path";
import { libraryMissing } from "./device.ts";
import { start as startProgram } from "./process.ts";
import { writeTinyCapture } from "./tiny_capture.ts";

/** The command line as a process. */
export function start(args: string[], cwd: string): Deno.ChildProcess {
  return startProgram("cli.ts", args, { cwd });
}

/** A test with a capture in a temporary folder, skipped by name if nothing can be trained. */
export function workflowTest(name: string, body: (folder: string) => Promise<void>): void {
  Deno.test({
    name: libraryMissing === undefined ? name : `${name} [skipped: ${libraryMissing}]`,
    ignore: libraryMissing !== undefined,
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
