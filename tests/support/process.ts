// The checkout's programs as processes of their own, their output collected.

import { fromFileUrl, join } from "@std/path";

/** The checkout. */
export const ROOT = fromFileUrl(new URL("../..", import.meta.url));

/** How a process ended. */
export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Starts a program of the checkout, such as cli.ts. */
export function start(
  program: string,
  args: string[],
  options: {
    /** Default the checkout. */
    cwd?: string;
    env?: Record<string, string>;
    /** Permissions. Default all. */
    flags?: string[];
  } = {},
): Deno.ChildProcess {
  const { cwd = ROOT, env = {}, flags = ["-A"] } = options;
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", ...flags, join(ROOT, program), ...args],
    cwd,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Waits for a process. */
export async function ended(child: Deno.ChildProcess): Promise<Ended> {
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
