// Atomic writes: a file appears under its name only when it is complete.

import { dirname } from "node:path";
import { writeError } from "./disk.ts";

/** Options of {@linkcode writeFileAtomic} and {@linkcode writePartsAtomic}. */
export interface WriteOptions {
  /** Permission bits of the file; Deno's own by default. */
  mode?: number;
  /** Whether the file and its name are on the disk before the call resolves, also if power fails. Default false. */
  durable?: boolean;
}

/**
 * Writes a file under a temporary name beside it, then renames it. A reader never sees a partial file, and a failed
 * write leaves the previous one. Text is written as UTF-8.
 *
 * @example
 * ```ts ignore
 * import { writeFileAtomic } from "./atomic.ts";
 *
 * await writeFileAtomic("out/note.txt", "done\n");
 * ```
 */
export async function writeFileAtomic(
  path: string,
  content: string | Uint8Array,
  options: WriteOptions = {},
): Promise<void> {
  await writePartsAtomic(path, [content], options);
}

/**
 * Writes a file part by part in the same way. The whole file is never in memory, and the event loop is free between
 * parts.
 */
export async function writePartsAtomic(
  path: string,
  parts: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
  options: WriteOptions = {},
): Promise<void> {
  const temporary = temporaryPath(path);
  try {
    using file = await Deno.open(temporary, { write: true, createNew: true, mode: options.mode });
    for await (const part of parts) {
      const bytes = typeof part === "string" ? new TextEncoder().encode(part) : part;
      for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
    }
    if (options.durable) await file.sync();
    await Deno.rename(temporary, path);
    if (options.durable) await syncFolder(dirname(path));
  } catch (error) {
    await Deno.remove(temporary).catch(() => {}); // report the first error
    throw await writeError(error, path);
  }
}

/** Waits until the names in a folder are on the disk. */
async function syncFolder(folder: string): Promise<void> {
  using opened = await Deno.open(folder, { read: true });
  await opened.sync();
}

/** A path beside another under which a file can be written until it is complete. */
export function temporaryPath(path: string): string {
  return `${path}.${crypto.randomUUID()}.tmp`;
}

/** Temporary names, as `temporaryPath()` makes them. */
const TEMPORARY = /^(.+)\.[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\.tmp$/;

/**
 * Removes what writers that were killed have left in a folder: files under temporary names. No other process may be
 * writing the same files.
 *
 * @param folder Folder, which need not exist; its sub-folders are left alone
 * @param names Names of the files whose temporary ones are removed. Default all files
 */
export async function removeOrphans(folder: string, names?: readonly string[]): Promise<void> {
  let entries: Deno.DirEntry[];
  try {
    entries = await Array.fromAsync(Deno.readDir(folder));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return;
    throw error;
  }
  for (const { name, isFile } of entries) {
    const target = TEMPORARY.exec(name)?.[1];
    if (!isFile || target === undefined || names?.includes(target) === false) continue;
    await Deno.remove(`${folder}/${name}`).catch(() => {}); // the next run tries again
  }
}
