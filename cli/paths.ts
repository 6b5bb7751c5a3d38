// Where a path that the user typed really is.

import { dirname, fromFileUrl, isAbsolute, resolve } from "@std/path";
import { environment } from "../base/environment.ts";

/** The checkout that this program runs from, or undefined when it was imported by http. */
export const ROOT: string | undefined = import.meta.url.startsWith("file:")
  ? dirname(dirname(fromFileUrl(import.meta.url)))
  : undefined;

/**
 * Makes a path of the command line absolute. `deno task` runs in the checkout and tells the user's folder in INIT_CWD;
 * anywhere else INIT_CWD is some outer task's, and the current directory is meant.
 */
export function userPath(
  path: string,
  options: { cwd?: string; initCwd?: string; root?: string } = {},
): string {
  if (isAbsolute(path)) return resolve(path);
  const { cwd = Deno.cwd(), initCwd = environment("INIT_CWD"), root = ROOT } = options;
  return resolve(cwd === root && initCwd ? initCwd : cwd, path);
}

/** The library that TAME_LIBRARY names, from where the user is; as it is where that may not be asked. */
export function namedLibrary(): string | undefined {
  const library = environment("TAME_LIBRARY");
  const mayAsk = Deno.permissions.querySync({ name: "read" }).state === "granted";
  return library === undefined || !mayAsk ? library : userPath(library);
}
