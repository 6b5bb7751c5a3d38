// Finds files and folders that a capture names besides its photos: at their paths, else under names that differ only as
// other systems and programs change them.

import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { isDirectory, isInside, statOrUndefined } from "./files.ts";
import { follow, type Place } from "./find_photos.ts";
import { entryAlike, folderIndexes } from "./folder_index.ts";

/** Where a file that a capture names is looked for: below the capture's folder, else only in the file's own folder. */
export function placeOf(file: string, base: string): Place {
  return isInside(base, file)
    ? { folder: base, path: relative(base, file) }
    : { folder: dirname(file), path: basename(file) };
}

/**
 * The file at a path, else the only one there whose name differs in case, Unicode form or escapes, or as `pick` allows;
 * undefined if there is none, or it is taken.
 *
 * @internal
 */
export async function findNamed(
  place: Place,
  indexes: ReturnType<typeof folderIndexes>,
  { pick = entryAlike, taken }: { pick?: typeof entryAlike; taken?: Set<string | undefined> } = {},
): Promise<string | undefined> {
  const stated = join(place.folder, place.path);
  if ((await statOrUndefined(stated))?.isFile) return stated;
  const { found, rest } = await follow(place, indexes, pick);
  const isOther = rest.length === 0 && !taken?.has(found) && (await statOrUndefined(found))?.isFile;
  return isOther ? found : undefined;
}

/**
 * The folder of photos of a capture, with a line if its name differs from `images` in case or Unicode form. Undefined
 * if there is none, or several such.
 *
 * @internal
 */
export async function findImagesFolder(
  source: string,
  images: string,
): Promise<{ folder: string; notices: string[] } | undefined> {
  const stated = resolve(source, images);
  if (await isDirectory(stated)) return { folder: stated, notices: [] };
  if (isAbsolute(images)) return undefined;
  const { found, rest } = await follow({ folder: source, path: images }, folderIndexes(), entryAlike);
  if (rest.length > 0 || !await isDirectory(found)) return undefined;
  return { folder: found, notices: [`The folder of photos is ${relative(source, found)}, named as ${images}`] };
}
