// Look-ups in the file system that do not throw for missing paths, and whether a path stays in a folder.

import { isAbsolute, relative, sep } from "node:path";

/**
 * Information about a path; undefined if nothing exists there, or its name is too long.
 *
 * @internal
 */
export async function statOrUndefined(path: string): Promise<Deno.FileInfo | undefined> {
  if (path.includes("\0")) return undefined; // no file's name has one
  try {
    return await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    if (error instanceof Error && "code" in error && error.code === "ENAMETOOLONG") return undefined;
    throw error;
  }
}

/**
 * Whether a path is a folder.
 *
 * @internal
 */
export async function isDirectory(path: string): Promise<boolean> {
  return (await statOrUndefined(path))?.isDirectory ?? false;
}

/**
 * The entries of a folder, numbers in names in numeric order; empty if there is no folder.
 *
 * @internal
 */
export async function entriesOf(folder: string): Promise<Deno.DirEntry[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(folder));
    return entries.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return [];
    throw error;
  }
}

/**
 * Whether a path is that of something in a folder. Symbolic links count by their names: a folder of photos may
 * be a link to where they are stored.
 *
 * @internal
 */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
