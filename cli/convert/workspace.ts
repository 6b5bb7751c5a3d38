// The folders of a conversion: what COLMAP works on, what is finished, and what is there already.
//
// OUT/distorted has COLMAP's database, its models of the photos as they are (sparse), and its output (colmap.log). A
// stage writes to NAME.part, which is renamed when it is complete: a run that was interrupted repeats the stage that
// it was in. database.db.complete says that the database has the features of all photos. Nothing in OUT is overwritten.

import { join } from "@std/path";
import { writeFileAtomic } from "../../base/atomic.ts";
import { makeFolder } from "../../base/disk.ts";
import { DataError } from "../../base/errors.ts";
import { tryLock } from "../../export/folder_lock.ts";
import { type Check, list, object, readChecked, TEXT, value } from "../../load/checks.ts";
import { entriesOf, isDirectory, statOrUndefined } from "../../load/files.ts";

/** What a conversion is of: a run that goes on must be of the same. */
export interface Settings {
  /** Folder of the photos. */
  photos: string;
  /** Their paths in it. */
  names: string[];
  /** COLMAP's camera model. */
  camera: string;
  /** How photos are matched. */
  matching: string;
  /** Whether reduced photos are written too. */
  resize: boolean;
}

const SETTINGS: Check<Settings> = object({
  ...{ photos: TEXT, names: list(TEXT), camera: TEXT, matching: TEXT },
  resize: value({ kind: "flag" }),
});

/** What the options of a run set, for errors. */
const SPELLED: Record<keyof Settings, string> = {
  photos: "another folder of photos",
  names: "other photos",
  camera: "another --camera",
  matching: "another --matching",
  resize: "another --resize",
};

/** The folders of one conversion; one process has it at a time. */
export class Workspace implements Disposable {
  /** The capture. */
  readonly output: string;
  /** Where COLMAP works. */
  readonly folder: string;
  /** COLMAP's output. */
  readonly log: Deno.FsFile;

  private constructor(output: string, log: Deno.FsFile) {
    this.output = output;
    this.folder = workFolder(output);
    this.log = log;
  }

  /**
   * Opens the folders. Throws an error when the capture exists, when another process has the workspace, or when it is
   * of other photos or options, unless the model in it is to be used. `onNotice` hears of a file system without locks.
   */
  static async open(
    output: string,
    settings: Settings,
    { ownModel, onNotice }: { ownModel: boolean; onNotice: (message: string) => void },
  ): Promise<Workspace> {
    await rejectExisting(output);
    const folder = workFolder(output);
    await makeFolder(folder);
    const log = await Deno.open(join(folder, "colmap.log"), { append: true, create: true });
    try {
      const noLocks = () => onNotice(`The file system of ${folder} has no locks: run no other conversion into it`);
      if (!await tryLock(log, noLocks)) {
        throw new Error(`Another process converts photos into ${output}: wait until it ends`);
      }
      if (!ownModel) await checkSettings(folder, settings);
      return new Workspace(output, log);
    } catch (error) {
      log.close();
      throw error;
    }
  }

  /** A path in the workspace. */
  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  /**
   * Runs a stage that makes the folder `name`, unless it is there.
   *
   * @param name Name of the folder
   * @param make Fills the folder that it is given, which is new
   */
  async stage(name: string, make: (folder: string) => Promise<void>): Promise<void> {
    const [done, part] = [this.path(name), this.path(`${name}.part`)];
    if (await isDirectory(done)) return;
    if (await statOrUndefined(part) !== undefined) await Deno.remove(part, { recursive: true });
    await makeFolder(part);
    await make(part);
    await Deno.rename(part, done);
  }

  /**
   * Runs the stage that makes COLMAP's database, unless it is complete. What an interrupted run has left of a database
   * is removed: COLMAP would keep its photos, but not the camera that all are to share.
   *
   * @param make Makes the database
   */
  async databaseStage(make: () => Promise<void>): Promise<void> {
    const complete = `${DATABASE}.complete`;
    const made = (await entriesOf(this.folder)).map(({ name }) => name).filter((name) => name.startsWith(DATABASE));
    if (made.includes(DATABASE) && made.includes(complete)) return;
    for (const name of made) await Deno.remove(this.path(name)); // and the journals of SQLite
    await make();
    await writeFileAtomic(this.path(complete), "");
  }

  /** Moves a stage's folders to the capture; `last`, by which a capture is recognised, after all others. */
  async publish(name: string, last: string): Promise<void> {
    const names = (await entriesOf(this.path(name))).map((entry) => entry.name);
    for (const entry of [...names.filter((other) => other !== last), ...names.filter((other) => other === last)]) {
      await Deno.rename(this.path(name, entry), join(this.output, entry));
    }
    await Deno.remove(this.path(name));
  }

  /** Frees the workspace. */
  [Symbol.dispose](): void {
    this.log.close();
  }
}

/** COLMAP's database in a workspace. */
export const DATABASE = "database.db";

/** The stage whose folders become the capture's. */
export const FINISHED = "undistorted";

function workFolder(output: string): string {
  return join(output, "distorted");
}

/** Folders of a capture that must not be there, except those that an interrupted run has moved there. */
async function rejectExisting(output: string): Promise<void> {
  const finished = join(workFolder(output), FINISHED);
  const publishing = await isDirectory(finished);
  for (const name of ["sparse", "images", "images_2", "images_4", "images_8"]) {
    const path = join(output, name);
    if (await statOrUndefined(path) === undefined) continue;
    if (publishing && await statOrUndefined(join(finished, name)) === undefined) continue;
    throw new DataError(
      "The folder to write has a capture, or a part of one: write to another with -o, or move this one away",
      { path },
    );
  }
}

async function checkSettings(folder: string, settings: Settings): Promise<void> {
  const path = join(folder, "convert.json");
  const advice = `remove ${folder}, which starts the conversion afresh`;
  const before = await readChecked(path, SETTINGS, advice);
  if (before === undefined) {
    const found = (await entriesOf(folder)).find(({ name }) => name !== "colmap.log");
    if (found === undefined) return await writeFileAtomic(path, JSON.stringify(settings, null, 1) + "\n");
    throw new DataError(
      "The folder is of another program: use its model with --skip_matching, or write to another capture with -o",
      { path: folder },
    );
  }
  const keys = Object.keys(SPELLED) as (keyof Settings)[];
  const other = keys.find((key) => JSON.stringify(before[key]) !== JSON.stringify(settings[key]));
  if (other === undefined) return;
  throw new DataError(
    `An earlier conversion began here with ${SPELLED[other]}: repeat its command to continue it, or ${advice}`,
    { path },
  );
}
