// The photos that are converted, and where the capture goes.

import { join, relative } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { countIs } from "../../base/format.ts";
import { entriesOf, isDirectory, isInside } from "../../load/files.ts";
import { PHOTO_EXTENSIONS } from "../../load/folder_index.ts";
import { compareCodePoints } from "../../load/order.ts";
import { UsageError } from "../errors.ts";
import type { OptionValues } from "../option.ts";
import type { CONVERT_OPTIONS } from "../options.ts";
import { userPath } from "../paths.ts";

/** Folder of the photos in a folder that is also the capture, as with the reference implementation. */
const INPUT = "input";

/** The photos to convert, and where to. */
export interface Source {
  /** Folder of the photos. */
  folder: string;
  /** Their paths in it, in order. */
  names: string[];
  /** Paths of the files that are no photos in a format that is read. */
  others: string[];
  /** The capture to write. */
  output: string;
}

/**
 * Finds the photos. `named` is the folder unless --source_path names it. Throws an error when there are none, or the
 * capture would be among them.
 */
export async function sourceOf(
  values: OptionValues<typeof CONVERT_OPTIONS>,
  named: string | undefined,
): Promise<Source> {
  if (named !== undefined && values.source_path !== undefined) {
    throw new UsageError("Give the folder of photos once: as the argument, or with --source_path");
  }
  const given = named ?? values.source_path;
  if (given === undefined) throw new UsageError("Missing argument: a folder of photos, or lpips");
  const root = userPath(given);
  if (!await isDirectory(root)) throw new DataError("No such folder of photos", { path: root });
  if (!await isFolder(root)) {
    throw new UsageError(`${root} is an archive, or in one: extract the archive first, COLMAP reads folders`);
  }
  const hasInput = await isDirectory(join(root, INPUT));
  const folder = hasInput ? join(root, INPUT) : root;
  const output = values.output === undefined ? (hasInput ? root : `${root}_capture`) : userPath(values.output);
  if (output === folder || isInside(folder, output)) {
    throw new UsageError(`Cannot write the capture into its folder of photos, ${folder}: name another with -o`);
  }
  const files = await filesBelow(folder);
  const isPhoto = (name: string) => PHOTO_EXTENSIONS.some((extension) => name.toLowerCase().endsWith(extension));
  const names = files.filter(isPhoto).sort(compareCodePoints);
  const others = files.filter((name) => !isPhoto(name)).sort(compareCodePoints);
  if (names.length < 2) {
    const found = files.length === 0 ? "it is empty" : `${countIs(names.length, "photo")} among its files`;
    const formats = [...new Set(PHOTO_EXTENSIONS.map((extension) => extension.toLowerCase()))].join(", ");
    throw new DataError(`Too few photos to find their poses: ${found}; expected ${formats}`, { path: folder });
  }
  return { folder, names, others, output };
}

/** Whether the file system has a folder at a path; the readers of captures count archives as folders too. */
async function isFolder(path: string): Promise<boolean> {
  return await Deno.stat(path).then(({ isDirectory }) => isDirectory, () => false);
}

/**
 * Paths of the files in a folder and its sub-folders, without hidden ones. Symbolic links are followed; a folder with
 * several paths is read once, by one without links if there is one, so that loops end and no photo comes twice.
 */
async function filesBelow(root: string): Promise<string[]> {
  const files: string[] = [];
  const read = new Set<string>();
  const [folders, linked] = [[root], [] as string[]];
  for (let folder; (folder = folders.pop() ?? linked.shift()) !== undefined;) {
    const real = await Deno.realPath(folder);
    if (read.has(real)) continue;
    read.add(real);
    for (const { name, isDirectory, isSymlink } of await entriesOf(folder)) {
      if (name.startsWith(".")) continue;
      const path = join(folder, name);
      if (isDirectory) folders.push(path);
      else if (isSymlink && await isFolder(path)) linked.push(path);
      else files.push(relative(root, path));
    }
  }
  return files;
}
