/**
 * The lock of a model folder, `train.lock`, while a run trains into it: two runs would overwrite each other's files.
 *
 * The operating system holds the lock and frees it when the process ends, however it ends. The text of the file is for
 * messages only: a process number alone does not tell whether a run goes on, since numbers are used again, and differ
 * between hosts and containers.
 *
 * @module
 */

import { hostname } from "node:os";
import { join } from "node:path";
import { removeOrphans } from "../base/atomic.ts";
import { makeFolder, writeError } from "../base/disk.ts";
import { DataError } from "../base/errors.ts";
import { COUNT, object, TEXT } from "../load/checks.ts";
import { entriesOf, statOrUndefined } from "../load/files.ts";
import { parseJsonObject } from "../load/json.ts";
import { CHECKPOINTS, MODEL_FILES, POINT_CLOUDS } from "../load/model_folder.ts";

const FILE = "train.lock";

/** Longest text that is read. */
const LONGEST = 4096;

/** Codes of the operating system where a file system has no locks. */
const UNSUPPORTED: readonly string[] = ["ENOTSUP", "EOPNOTSUPP", "ENOLCK", "ENOSYS"];

const HOLDER = object({ pid: COUNT, host: TEXT, started: TEXT });

/**
 * The lock's file.
 *
 * @internal
 * @param folder Model folder
 */
export function lockPath(folder: string): string {
  return join(folder, FILE);
}

/** Holds the lock of a model folder until it is disposed of. */
export class FolderLock implements AsyncDisposable {
  readonly #folder: string;
  readonly #file: Deno.FsFile;
  /** Whether the folder was created for the lock. */
  readonly #created: boolean;

  private constructor(folder: string, file: Deno.FsFile, created: boolean) {
    this.#folder = folder;
    this.#file = file;
    this.#created = created;
  }

  /**
   * Locks a model folder, which is created if it does not exist, and removes what earlier runs that were killed had not
   * finished writing.
   *
   * @param folder Model folder
   * @param onNotice Called with one sentence if a run left its lock because it was killed, or if the file system has no
   * locks
   * @returns The lock
   * @throws {Error} When another run trains into the folder; the message names its process
   */
  static async take(folder: string, onNotice: (message: string) => void = () => {}): Promise<FolderLock> {
    const created = await statOrUndefined(folder) === undefined;
    await makeFolder(folder);
    const file = await openLocked(folder, onNotice);
    const lock = new FolderLock(folder, file, created);
    try {
      const before = await readHolder(file, lockPath(folder));
      if (before !== undefined) {
        onNotice(`A run into ${folder} was killed (${before}): this one takes over its lock`);
      }
      await writeHolder(file, lockPath(folder));
      const clouds = join(folder, POINT_CLOUDS);
      await removeOrphans(folder, Object.values(MODEL_FILES));
      for (const inside of [clouds, join(folder, CHECKPOINTS)]) await removeOrphans(inside);
      for (const { name } of await entriesOf(clouds)) await removeOrphans(join(clouds, name));
    } catch (error) {
      await lock[Symbol.asyncDispose]();
      throw error;
    }
    return lock;
  }

  /** Frees the lock, and removes its file, and its folder if that is new and still empty. */
  async [Symbol.asyncDispose](): Promise<void> {
    const path = lockPath(this.#folder);
    // The folder may have been deleted during the run, and another run may train into a new one.
    if (await isStill(this.#file, path)) {
      await Deno.remove(path).catch(() => {});
      if (this.#created) await Deno.remove(this.#folder).catch(() => {});
    }
    this.#file.close();
  }
}

/** Opens the file and locks it. */
async function openLocked(folder: string, onNotice: (message: string) => void): Promise<Deno.FsFile> {
  const path = lockPath(folder);
  while (true) {
    const found = await lstatOrUndefined(path);
    // A link would lead the writing elsewhere, and a pipe would wait.
    if (found !== undefined && !found.isFile) {
      throw new DataError("Expected a file, found something else: remove it", { path });
    }
    const file = await openFile(path);
    try {
      if (!await tryLock(file, () => onNotice(noLocks(folder)))) {
        const holder = await readHolder(file, path) ?? "a process that does not name itself";
        throw new Error(
          `Another run trains into ${folder}: ${holder}. Wait until it ends, end it, or choose another model folder`,
        );
      }
      // The holder may have removed the file after it was opened here: the lock is then of a file without a name.
      if (await isStill(file, path)) return file;
    } catch (error) {
      file.close();
      throw error;
    }
    file.close();
  }
}

async function openFile(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path, { read: true, write: true, create: true });
  } catch (error) {
    throw await writeError(error, path);
  }
}

/**
 * Whether the file is locked now, or cannot be locked.
 *
 * @internal
 */
export async function tryLock(file: Deno.FsFile, onUnsupported: () => void): Promise<boolean> {
  try {
    return await file.tryLock(true);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && UNSUPPORTED.includes(`${error.code}`))) throw error;
    onUnsupported();
    return true;
  }
}

function noLocks(folder: string): string {
  return `The file system of ${folder} has no locks: make sure that no other run trains into this folder`;
}

/** Whether an open file is the one that has this path now. */
async function isStill(file: Deno.FsFile, path: string): Promise<boolean> {
  const [open, named] = [await file.stat(), await statOrUndefined(path)];
  return open.ino === named?.ino && open.dev === named.dev;
}

async function lstatOrUndefined(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** The process that the file names, for messages; undefined if the file is empty. */
async function readHolder(file: Deno.FsFile, path: string): Promise<string | undefined> {
  const bytes = new Uint8Array(LONGEST);
  await file.seek(0, Deno.SeekMode.Start);
  const length = await file.read(bytes);
  if (length === null) return undefined;
  try {
    const text = parseJsonObject(bytes.subarray(0, length), path);
    const { pid, host, started } = HOLDER(text, { path, field: "", advice: "remove the file" });
    return `process ${pid} on ${host}, since ${started}`;
  } catch (error) {
    if (error instanceof DataError) return "its process is unknown";
    throw error;
  }
}

async function writeHolder(file: Deno.FsFile, path: string): Promise<void> {
  const holder = { pid: Deno.pid, host: hostname(), started: new Date().toISOString() };
  const bytes = new TextEncoder().encode(JSON.stringify(holder) + "\n");
  try {
    await file.truncate(0);
    await file.seek(0, Deno.SeekMode.Start);
    for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
  } catch (error) {
    throw await writeError(error, path);
  }
}
