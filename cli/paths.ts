// Resolves paths on the command line.

import { dirname, fromFileUrl, isAbsolute, resolve } from "@std/path";
import { environment } from "../base/environment.ts";

/** The checkout that this program runs from; undefined if it was imported over http(s). */
export const ROOT: string | undefined = import.meta.url.startsWith("file:")
  ? dirname(dirname(fromFileUrl(import.meta.url)))
  : undefined;

/**
 * Makes a path of the command line absolute. `deno task` runs in the checkout and sets INIT_CWD to the user's folder.
 * In any other folder INIT_CWD is that of an outer task, and the path is relative to the current directory.
 */
export function userPath(
  path: string,
  options: { cwd?: string; initCwd?: string; root?: string } = {},
): string {
  if (isAbsolute(path)) return resolve(path);
  const { cwd = Deno.cwd(), initCwd = environment("INIT_CWD"), root = ROOT } = options;
  return resolve(cwd === root && initCwd ? initCwd : cwd, path);
}

/** The path in TAME_LIBRARY, resolved by {@linkcode userPath}; unresolved without permission to read. */
export function namedLibrary(): string | undefined {
  const library = environment("TAME_LIBRARY");
  const mayAsk = Deno.permissions.querySync({ name: "read" }).state === "granted";
  return library === undefined || !mayAsk ? library : userPath(library);
}
