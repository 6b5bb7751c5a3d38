// `train` as a process, for the checks that kill it or let its writes and allocations fail.

import { fromFileUrl } from "@std/path";

const CLI = fromFileUrl(new URL("../cli.ts", import.meta.url));

/** An event of `--json`. */
export interface ProcessEvent {
  type: string;
  iteration: number;
  ending?: string;
  path?: string;
}

/** How a run ended. */
export interface ProcessEnd {
  /** Exit code; above 128 also if a signal ended it. */
  code: number;
  /** Its events, with `--json`. */
  events: ProcessEvent[];
  /** What it wrote to the standard error. */
  errors: string;
}

/** Starts a run with the arguments of `train`. */
export function startTrain(args: readonly string[], env: Record<string, string> = {}): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--no-check", "-A", CLI, "train", ...args],
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Waits until a run has ended. */
export async function trainEnd(child: Deno.ChildProcess): Promise<ProcessEnd> {
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  const lines = decoder.decode(stdout).split("\n").filter((line) => line.startsWith("{"));
  return { code, events: lines.map((line) => JSON.parse(line)), errors: decoder.decode(stderr).trim() };
}

/** Whether two files have the same bytes. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
