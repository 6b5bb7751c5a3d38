// Checks Deno permissions before the work, so that nothing prompts later, and prints a command that has them.

import { join } from "@std/path";
import { urlHost } from "../base/address.ts";
import { quote } from "../base/quote.ts";
import manifest from "../deno.json" with { type: "json" };
import { PermissionError } from "./errors.ts";
import { namedLibrary, ROOT } from "./paths.ts";

/** What a command needs beyond reading files, the environment, system information and native code. */
export interface Needs {
  writes?: boolean;
  /** Program that it starts, or `true` for any. */
  runs?: string | true;
  /** Address on which it listens. */
  serves?: { hostname: string; port: number };
}

/** A module that can be run. */
export type Entry = "cli.ts" | "full_eval.ts";

/** A command that lacks a permission. */
export interface Command {
  /** The deno task; also the verb if the entry is cli.ts. */
  task: string;
  /** Arguments after the verb. */
  argv: readonly string[];
  entry?: Entry;
}

/** Throws a {@linkcode PermissionError} with the command to use instead when a permission is missing. */
export function requirePermissions(command: Command, needs: Needs = {}): void {
  const wanted: Deno.PermissionDescriptor[] = [{ name: "read" }, { name: "env" }, { name: "sys" }, ...nativeCode()];
  if (needs.writes) wanted.push({ name: "write" });
  if (needs.runs) wanted.push({ name: "run", ...(needs.runs === true ? {} : { command: needs.runs }) });
  if (needs.serves) wanted.push({ name: "net", host: hostOf(needs.serves) });
  const missing = wanted.filter((descriptor) => Deno.permissions.querySync(descriptor).state !== "granted");
  if (missing.length === 0) return;
  const names = [...new Set(missing.map((descriptor) => descriptor.name))].join(", ");
  throw new PermissionError(
    `Cannot run ${command.task} without Deno's permission for ${names}. ${advice(command, needs)}`,
  );
}

/** The command to type, with the permissions it needs. */
export function advice(command: Command, needs: Needs = {}): string {
  const words = [command.task, ...command.argv].map(quote).join(" ");
  // The tasks grant only build/ and node_modules/, some programs, and serve only on this machine.
  const task = ROOT !== undefined && namedLibrary() === undefined &&
      (needs.serves === undefined || needs.serves.hostname === "127.0.0.1") &&
      Deno.permissions.querySync({ name: "read" }).state === "granted" &&
      Deno.cwd() === ROOT && taskRuns(command.task, needs.runs)
    ? `, or shorter:\n\n  deno task ${words}`
    : "";
  const { entry = "cli.ts", argv } = command;
  const program = entry === "cli.ts" ? [command.task, ...argv] : argv;
  return `Run:\n\n  ${["deno", "run", ...denoFlags(needs), entryPath(entry), ...program].map(quote).join(" ")}${task}`;
}

/** Whether a task of deno.json may start a program, so that it does not fail as this command does. */
function taskRuns(task: string, program: Needs["runs"]): boolean {
  if (program === undefined) return true;
  const tasks: Record<string, { command: string }> = manifest.tasks;
  const command = tasks[task]?.command ?? "";
  if (/--allow-run(?!=)/.test(command)) return true;
  const [, list = ""] = /--allow-run=(.*?) --allow/.exec(command) ?? [];
  if (program === "deno" || program === Deno.execPath()) return list.includes("Deno.execPath()");
  return program !== true && list.split(",").includes(program);
}

/** Libraries come from build/ or TAME_LIBRARY, the photo decoder from node_modules/. */
function nativeCode(): Deno.FfiPermissionDescriptor[] {
  if (ROOT === undefined) return [{ name: "ffi" }];
  return nativeFolders(ROOT).map((path) => ({ name: "ffi", path }));
}

function nativeFolders(root: string): string[] {
  return [namedLibrary() ?? join(root, "build"), join(root, "node_modules")];
}

/** Deno's flags for a command that is run from this checkout. */
export function denoFlags(needs: Needs): string[] {
  const ffi = ROOT === undefined ? "--allow-ffi" : `--allow-ffi=${nativeFolders(ROOT).join(",")}`;
  const write = needs.writes ? ["--allow-write"] : [];
  const run = needs.runs ? [needs.runs === true ? "--allow-run" : `--allow-run=${needs.runs}`] : [];
  const net = needs.serves ? [`--allow-net=${hostOf(needs.serves)}`] : [];
  return ["--allow-read", ...write, "--allow-env", "--allow-sys", ...run, ...net, ffi];
}

/** An address as Deno's permissions have it. Port 0 stands for any. */
function hostOf({ hostname, port }: { hostname: string; port: number }): string {
  const host = urlHost(hostname);
  return port === 0 ? host : `${host}:${port}`;
}

/** Path of an entry, or its URL if this program was imported over http(s). */
export function entryPath(entry: Entry): string {
  return ROOT === undefined ? new URL(`../${entry}`, import.meta.url).href : join(ROOT, entry);
}
