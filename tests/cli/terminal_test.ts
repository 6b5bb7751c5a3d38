// Escape codes and bars go to terminals that take them, and nowhere else. A terminal is one of `script` of util-linux.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { ended, ROOT } from "../support/process.ts";
import { workflowTest } from "../support/workflow.ts";

const TRAIN = "train -s capture -m out --backend cpu --iterations 5 --budget 1";

/** Why there is no terminal to be had; undefined if there is one. */
function terminalMissing(): string | undefined {
  try {
    const { stdout } = new Deno.Command("script", { args: ["--version"] }).outputSync();
    return new TextDecoder().decode(stdout).includes("util-linux") ? undefined : "no script of util-linux";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "no script of util-linux";
    throw error;
  }
}

/** The command line as a line of a shell, which `script` takes. */
function line(args: string): string {
  return `'${Deno.execPath()}' run --quiet --no-prompt -A '${join(ROOT, "cli.ts")}' ${args}`;
}

/** What a command writes to a terminal; its ends of lines are \r\n. */
async function shown(command: string, cwd: string, env: Record<string, string>): Promise<string> {
  const child = new Deno.Command("script", {
    args: ["--quiet", "--return", "--command", command, "/dev/null"],
    cwd,
    env: { TERM: "xterm", NO_COLOR: "", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const { code, stdout, stderr } = await ended(child);
  assertEquals(code, 0, stdout + stderr);
  return stdout.replaceAll("\r\n", "\n");
}

function assertPlain(text: string): void {
  assert(!["\r", "\x1b"].some((code) => text.includes(code)), JSON.stringify(text));
}

workflowTest("a terminal gets a bar, and a file none, though the bar is on the terminal beside it", async (folder) => {
  const text = await shown(`${line(TRAIN)} > told.txt`, folder, {});
  assertStringIncludes(text, "\r\x1b[KTraining [");
  const told = await Deno.readTextFile(join(folder, "told.txt"));
  assertStringIncludes(told, "5 iterations in ");
  assertPlain(told);
}, terminalMissing());

workflowTest("with NO_COLOR a terminal gets a bar without escape codes", async (folder) => {
  const text = await shown(line(`${TRAIN} --view --port 0`), folder, { NO_COLOR: "1" });
  assert(!text.includes("\x1b"), text);
  assert(/\r +\rTraining \[/.test(text), text);
  assertStringIncludes(text, "http://127.0.0.1:");
}, terminalMissing());

workflowTest("a terminal with TERM=dumb gets neither a bar nor escape codes", async (folder) => {
  const text = await shown(line(TRAIN), folder, { TERM: "dumb" });
  assertStringIncludes(text, "5 iterations in ");
  assertPlain(text);
}, terminalMissing());

workflowTest("pipes get neither a bar nor escape codes", async (folder) => {
  const child = new Deno.Command("sh", {
    args: ["-c", line(TRAIN)],
    cwd: folder,
    env: { TERM: "xterm", NO_COLOR: "" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const { code, stdout, stderr } = await ended(child);
  assertEquals(code, 0, stderr);
  assertStringIncludes(stdout, "5 iterations in ");
  assertPlain(stdout + stderr);
});
