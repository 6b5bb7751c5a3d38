// Finds the masks of photos in a capture's folder of masks, by the names that programs give them.

import { dirname, join } from "node:path";
import { entriesOf, isDirectory, statOrUndefined } from "./files.ts";
import { entryAlike, type FolderIndex, folderIndexes } from "./folder_index.ts";

/** The names of folders of masks, in any case. */
const FOLDERS = ["masks", "mask"];

/** What {@linkcode findMasks} found. */
export interface FoundMasks {
  /** The mask of each photo; undefined if it has none. */
  paths: (string | undefined)[];
  /** A line if there is a folder of masks, but fewer than half of the photos have one. */
  notices: string[];
}

/**
 * Finds masks in the folder `masks` or `mask` of a capture. The photo `a/b.jpg` has the first of `a/b.jpg.png`,
 * `a/b.png`, `a/b.mask.png`, `a/b_mask.png`, `a/b.jpg.mask.png` and `a/b.jpg`, else the first in other case.
 *
 * @internal
 *
 * @param names The photos' paths in the folder of photos
 * @param source The capture's folder
 */
export async function findMasks(names: string[], source: string): Promise<FoundMasks> {
  const folders = await foldersOf(source);
  const indexes = folderIndexes();
  const paths: (string | undefined)[] = [];
  for (const name of names) paths.push(await findMask(name, folders, indexes));
  const count = paths.filter((path) => path !== undefined).length;
  if (folders.length === 0 || 2 * count >= names.length) return { paths, notices: [] };
  const first = names[paths.indexOf(undefined)];
  return {
    paths,
    notices: [
      `Only ${count} of ${names.length} photos have a mask in ${folders.join(" or ")}: the first without one is ` +
      `${first}, whose mask would be ${first}.png`,
    ],
  };
}

/** The folders of masks, those with the usual name first. */
async function foldersOf(source: string): Promise<string[]> {
  const entries = await entriesOf(source);
  const alike = FOLDERS.flatMap((name) => entries.filter((entry) => entry.name.toLowerCase() === name));
  const exact = ({ name }: Deno.DirEntry) => FOLDERS.includes(name) ? 0 : 1;
  const paths = alike.sort((a, b) => exact(a) - exact(b)).map(({ name }) => join(source, name));
  const folders: string[] = [];
  for (const path of paths) if (await isDirectory(path)) folders.push(path);
  return folders;
}

async function findMask(
  name: string,
  folders: string[],
  indexes: ReturnType<typeof folderIndexes>,
): Promise<string | undefined> {
  const places: { folder: string; index: FolderIndex }[] = [];
  for (const root of folders) {
    const folder = await subFolder(root, dirname(name), indexes);
    if (folder !== undefined) places.push({ folder, index: await indexes(folder) });
  }
  const spellings = spellingsOf(name.slice(name.lastIndexOf("/") + 1));
  const exact = (index: FolderIndex, spelling: string) => index.names.has(spelling) ? spelling : undefined;
  for (const entryOf of [exact, entryAlike]) {
    for (const { folder, index } of places) {
      for (const spelling of spellings) {
        const entry = entryOf(index, spelling);
        if (entry !== undefined && (await statOrUndefined(join(folder, entry)))?.isFile) return join(folder, entry);
      }
    }
  }
  return undefined;
}

/** The names that the mask of a photo may have. */
function spellingsOf(photo: string): string[] {
  const stem = photo.replace(/\.[^.]*$/, "");
  return [`${photo}.png`, `${stem}.png`, `${stem}.mask.png`, `${stem}_mask.png`, `${photo}.mask.png`, photo];
}

/** A folder in a folder, in any case; undefined if there is none. */
async function subFolder(
  root: string,
  path: string,
  indexes: ReturnType<typeof folderIndexes>,
): Promise<string | undefined> {
  let folder = root;
  for (const part of path.split("/")) {
    if (part === ".") continue;
    const entry = part === ".." ? undefined : entryAlike(await indexes(folder), part);
    if (entry === undefined) return undefined;
    folder = join(folder, entry);
  }
  return folder;
}
