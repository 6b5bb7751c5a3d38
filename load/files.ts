// Look-ups in the file system that do not throw for missing paths, and whether a path stays in a folder.

import { isAbsolute, join, relative, sep } from "node:path";
import { archivedEntries, archivedInfo, hasArchiveName } from "./archive.ts";

/** Codes of errors of paths that lead nowhere. */
const NOWHERE: readonly unknown[] = ["ENAMETOOLONG", "ELOOP"];

/**
 * Information about a path, which may go through a zip archive; undefined if nothing exists there, its name is too long,
 * or links lead in a circle. An archive itself counts as a folder.
 *
 * @internal
 */
export async function statOrUndefined(path: string): Promise<Deno.FileInfo | undefined> {
  if (path.includes("\0")) return undefined; // no file's name has one
  try {
    const info = await Deno.stat(path);
    return info.isFile && hasArchiveName(path) ? { ...info, isFile: false, isDirectory: true } : info;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return await archivedFileInfo(path);
    }
    if (error instanceof Error && "code" in error && NOWHERE.includes(error.code)) return undefined;
    throw error;
  }
}

/** The same for a path in an archive; no times or owners, which no reader asks for. */
async function archivedFileInfo(path: string): Promise<Deno.FileInfo | undefined> {
  const info = await archivedInfo(path);
  if (info === undefined) return undefined;
  const unknown = {
    mtime: null,
    atime: null,
    birthtime: null,
    ctime: null,
    dev: 0,
    ino: null,
    mode: null,
    nlink: null,
  };
  const kind = { isFile: info.isFile, isDirectory: !info.isFile, isSymlink: false, isBlockDevice: null };
  const others = { isCharDevice: null, isFifo: null, isSocket: null, uid: null, gid: null, rdev: null };
  return { ...unknown, ...kind, ...others, blksize: null, blocks: null, size: info.size };
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
    return inOrder(await Array.fromAsync(Deno.readDir(folder)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return inOrder(await archivedEntries(folder) ?? []);
    }
    throw error;
  }
}

/**
 * The files of a folder whose names end in `extension`, in any case, links to files included; only the path itself if it
 * is such a file.
 *
 * @internal
 */
export async function filesWith(extension: string, source: string): Promise<string[]> {
  const isNamed = (name: string) => name.toLowerCase().endsWith(extension);
  if ((await statOrUndefined(source))?.isFile) return isNamed(source) ? [source] : [];
  const files: string[] = [];
  for (const { name, isFile, isSymlink } of await entriesOf(source)) {
    const path = join(source, name);
    if (isNamed(name) && (isFile || isSymlink && (await statOrUndefined(path))?.isFile)) files.push(path);
  }
  return files;
}

function inOrder(entries: Deno.DirEntry[]): Deno.DirEntry[] {
  return entries.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
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
