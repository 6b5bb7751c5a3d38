// Packages from npm that are fetched into Deno's cache when something first needs them, in their pinned versions: they
// are no part of an installation.

import { join } from "node:path";
import { environment } from "../base/environment.ts";
import { entriesOf, statOrUndefined } from "./files.ts";

/** A package in one version. */
export interface NpmPackage {
  /** Its name, with its scope. */
  readonly name: string;
  /** Its version. */
  readonly version: string;
}

/** The folder that Deno keeps npm packages and modules in. */
export function denoCache(): string {
  const home = environment("XDG_CACHE_HOME") ?? join(environment("HOME") ?? "/", ".cache");
  return environment("DENO_DIR") ?? join(home, "deno");
}

/**
 * The folder of a package in Deno's cache; undefined if it is not there, and has to be downloaded.
 *
 * @internal
 */
export async function cachedPackage({ name, version }: NpmPackage): Promise<string | undefined> {
  const cache = join(denoCache(), "npm");
  if (await statOrUndefined(cache) === undefined) return undefined;
  for (const registry of await entriesOf(cache)) {
    const folder = join(cache, registry.name, name, version);
    if (await statOrUndefined(folder) !== undefined) return folder;
  }
  return undefined;
}

/**
 * Deno as the permission to run it names it, by its name or by its path. A program that `deno compile` made is no Deno:
 * it needs one on the PATH.
 *
 * @internal
 */
export function denoProgram(): string {
  if (Deno.build.standalone) return "deno";
  const byName = Deno.permissions.querySync({ name: "run", command: "deno" }).state === "granted";
  const byPath = Deno.permissions.querySync({ name: "run", command: Deno.execPath() }).state === "granted";
  return byName && !byPath ? "deno" : Deno.execPath();
}
