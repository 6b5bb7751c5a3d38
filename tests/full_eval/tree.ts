// Folders of the paper's thirteen scenes with tiny captures, and the benchmark as a process.

import { join } from "@std/path";
import { PAPER_SCENES } from "../../cli/full_eval/scenes.ts";
import { libraryMissing, testBackend } from "../support/device.ts";
import { start as startProgram } from "../support/process.ts";
import { writeTinyCapture } from "../support/tiny_capture.ts";

/** A scene whose capture cannot be read. */
export const BROKEN = "stump";

/** Points of each capture. */
export const POINTS = 36;

/** Writes the tree; the scene {@linkcode BROKEN} has a damaged model. */
export async function writeTree(folder: string): Promise<void> {
  for (const { name, group, images } of PAPER_SCENES) {
    await writeTinyCapture(join(folder, group, name), { across: Math.sqrt(POINTS), images });
  }
  await Deno.writeFile(join(folder, "m360", BROKEN, "sparse", "0", "cameras.bin"), new Uint8Array(3));
}

/** Options for the datasets of a tree. */
export function treeOptions(folder: string): string[] {
  const dataset = (group: string): string => join(folder, group);
  return ["-m360", dataset("m360"), "-tat", dataset("tandt"), "-db", dataset("db"), "--backend", testBackend];
}

/** The benchmark as a process. */
export function start(args: string[], cwd: string): Deno.ChildProcess {
  return startProgram("full_eval.ts", args, { cwd });
}

/** A test with the tree in a temporary folder, skipped by name if nothing can be trained. */
export function treeTest(name: string, body: (folder: string) => Promise<void>): void {
  Deno.test({
    name: libraryMissing === undefined ? name : `${name} [skipped: ${libraryMissing}]`,
    ignore: libraryMissing !== undefined,
    async fn() {
      const folder = await Deno.makeTempDir({ prefix: "tame_full_eval_" });
      try {
        await writeTree(folder);
        await body(folder);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

/** A report without what depends on the clock and the machine. */
export function withoutTimes(report: unknown): unknown {
  // Of memory, since these runs are over before every photo has arrived.
  const clocked = ["trainSeconds", "totalSeconds", "iterationsPerSecond", "peakMemoryMiB", "date", "started"];
  return JSON.parse(JSON.stringify(report, (key, value) => clocked.includes(key) ? undefined : value));
}
