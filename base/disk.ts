// Space on disk: how much is free, and the error of a full disk, which says where and how much.

import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { formatBytes } from "./format.ts";

/** What the system calls a full disk, and a user's full share of one. */
const FULL: Readonly<Record<string, string>> = {
  ENOSPC: "No space left on device",
  EDQUOT: "Disk quota exceeded",
};

/**
 * Bytes that this process may still write to the disk of a path, which need not exist yet.
 *
 * @internal
 * @param path File or folder
 * @returns Bytes; undefined where the system or Deno's permissions do not tell
 */
export async function freeBytes(path: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch (error) {
    const missing = ["ENOENT", "ENOTDIR"].includes(codeOf(error)) && dirname(path) !== path;
    return missing ? await freeBytes(dirname(path)) : undefined;
  }
}

/**
 * The error to report for a failed write: that of a full disk names the path and the free bytes, others of the system
 * name the path. Errors that name it already, and those of other kinds, are returned unchanged.
 *
 * @internal
 * @param error What the write threw
 * @param path What was to be written
 */
export async function writeError(error: unknown, path: string): Promise<unknown> {
  const code = codeOf(error);
  const reason = FULL[code];
  if (reason === undefined) {
    const { message } = error as Error;
    if (code === "" || message.includes(path)) return error;
    return new Error(`Cannot write ${path}: ${message}. Check the disk, or choose another`, { cause: error });
  }
  const free = await freeBytes(path);
  const left = free === undefined ? "" : `: ${formatBytes(free)} are free there`;
  return new Error(`${reason}, cannot write ${path}${left}. Free some space, or choose another disk`, { cause: error });
}

/**
 * Creates a folder and those above it, unless they exist.
 *
 * @internal
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true });
  } catch (error) {
    throw await writeError(error, path);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
