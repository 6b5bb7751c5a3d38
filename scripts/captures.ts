// Finds the real captures on this machine; tests that need a missing one are skipped by name.

import { fromFileUrl, join } from "@std/path";

const root = fromFileUrl(new URL("../", import.meta.url));

/** A real capture by the name of its folder. */
export type CaptureName = "fox" | "caliterra" | "herzjesu";

/** $TAME_DATA alone when it is set; else data/ in the repository, else the data shared between projects beside it. */
function dataFolders(): string[] {
  const named = Deno.env.get("TAME_DATA");
  return named ? [named] : [join(root, "data"), join(root, "..", "shared", "data")];
}

/**
 * Folder of a real capture that has all of `folders` in it, or undefined: `{ ignore: capture("fox") === undefined }`.
 */
export function capture(name: CaptureName, ...folders: string[]): string | undefined {
  return dataFolders()
    .map((data) => join(data, name))
    .find((folder) => [".", ...folders].every((part) => isDirectory(join(folder, part))));
}

function isDirectory(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}
