// Deno permissions: asked about before the work, so that nothing prompts half-way, and explained as a whole command.

import { join } from "@std/path";
import { PermissionError } from "./errors.ts";
import { namedLibrary, ROOT } from "./paths.ts";

/** What a verb needs beyond reading files, the environment, system information and native code. */
export interface Needs {
  writes?: boolean;
}

/** Throws a {@linkcode PermissionError} with the command to use instead when a permission is missing. */
export function requirePermissions(verb: string, argv: readonly string[], needs: Needs = {}): void {
  const wanted: Deno.PermissionDescriptor[] = [{ name: "read" }, { name: "env" }, { name: "sys" }, ...nativeCode()];
  if (needs.writes) wanted.push({ name: "write" });
  const missing = wanted.filter((descriptor) => Deno.permissions.querySync(descriptor).state !== "granted");
  if (missing.length === 0) return;
  const names = [...new Set(missing.map((descriptor) => descriptor.name))].join(", ");
  throw new PermissionError(`Cannot run ${verb} without Deno's permission for ${names}. ${advice(verb, argv, needs)}`);
}

/** What to type to run the verb with the permissions it needs. */
export function advice(verb: string, argv: readonly string[], needs: Needs = {}): string {
  const words = [verb, ...argv].map(quote).join(" ");
  // The tasks grant build/ alone.
  const task = ROOT !== undefined && namedLibrary() === undefined &&
      Deno.permissions.querySync({ name: "read" }).state === "granted" &&
      Deno.cwd() === ROOT
    ? `, or shorter:\n\n  deno task ${words}`
    : "";
  return `Run:\n\n  deno run ${flags(needs).join(" ")} ${quote(entry())} ${words}${task}`;
}

/** Libraries come from build/ or TAME_LIBRARY, the photo decoder from node_modules/. */
function nativeCode(): Deno.FfiPermissionDescriptor[] {
  if (ROOT === undefined) return [{ name: "ffi" }];
  return nativeFolders(ROOT).map((path) => ({ name: "ffi", path }));
}

function nativeFolders(root: string): string[] {
  return [namedLibrary() ?? join(root, "build"), join(root, "node_modules")];
}

function flags(needs: Needs): string[] {
  const ffi = ROOT === undefined ? "--allow-ffi" : quote(`--allow-ffi=${nativeFolders(ROOT).join(",")}`);
  return ["--allow-read", ...(needs.writes ? ["--allow-write"] : []), "--allow-env", "--allow-sys", ffi];
}

function entry(): string {
  return ROOT === undefined ? new URL("../cli.ts", import.meta.url).href : join(ROOT, "cli.ts");
}

/** One shell word. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
