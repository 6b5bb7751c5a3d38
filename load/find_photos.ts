// Finds the photos that a capture names: at their paths, else under names that differ only as other systems and
// programs change them.

import { basename, join } from "node:path";
import { DataError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";
import { forEachParallel } from "../base/parallel.ts";
import { isInside, statOrUndefined } from "./files.ts";
import { folderIndexes, onlyEntry, PHOTO_EXTENSIONS, unescaped } from "./folder_index.ts";

/** File look-ups in flight at once. */
const LOOKS_IN_FLIGHT = 8;

/** The longest name that a file can have. */
const LONGEST_NAME = 255;

/** A photo that a capture names. */
export interface NamedPhoto {
  /** As the capture names it. */
  name: string;
  /** Where it may be, in this order: paths in a folder. */
  places: Place[];
}

/** A path in a folder, with forward slashes. */
export interface Place {
  folder: string;
  path: string;
}

/** What {@linkcode findPhotos} found. */
export interface FoundPhotos {
  /** The file of each photo; undefined for one that is missing. */
  paths: (string | undefined)[];
  /** A line if photos have other names than the capture states. */
  notices: string[];
  /** How many photos are missing, and the first with the nearest name in its place; undefined if none is. */
  missing?: { count: string; first: string };
}

/**
 * Finds photos. One that is in none of its places is looked for there in other case, Unicode form and extension, without
 * percent-escapes and with slashes for backslashes; it is found if exactly one file matches, which no other photo has.
 *
 * @internal
 *
 * @throws {DataError} When two photos have the same file because one is not at its path, but its bare name matches
 */
export async function findPhotos(photos: NamedPhoto[], signal?: AbortSignal): Promise<FoundPhotos> {
  const paths: (string | undefined)[] = [];
  await forEachParallel(photos.length, async (i) => {
    paths[i] = await atPlaces(photos[i].places);
  }, { concurrency: LOOKS_IN_FLIGHT, signal });
  rejectShared(photos, paths);
  const lost = [...photos.keys()].filter((i) => paths[i] === undefined);
  if (lost.length === 0) return { paths, notices: [] };

  const taken = new Set(paths);
  const indexes = folderIndexes();
  const claims = new Map<string, number[]>();
  for (const i of lost) {
    signal?.throwIfAborted();
    const path = await alikeAt(photos[i].places, indexes);
    if (path !== undefined && !taken.has(path)) claims.set(path, [...claims.get(path) ?? [], i]);
  }
  const renamed = [...claims].filter(([, claimants]) => new Set(claimants.map((i) => photos[i].name)).size === 1);
  for (const [path, claimants] of renamed) for (const i of claimants) paths[i] = path;
  const missing = lost.filter((i) => paths[i] === undefined);
  return {
    paths,
    notices: renamed.slice(0, 1).map(([path, [i]]) =>
      `${renamed.length} of ${photos.length} photos have other names than the capture states: the first is ` +
      `${basename(path)}, stated as ${photos[i].name}`
    ),
    ...(missing.length === 0 ? {} : {
      missing: {
        count: `${missing.length} of ${photos.length} photos are missing`,
        first: `the first is ${photos[missing[0]].name}` +
          await nearestTo(photos[missing[0]].places[0], indexes, new Set(paths)),
      },
    }),
  };
}

/** The file in the first place that has one, with an extension added where the path has none. */
async function atPlaces(places: Place[]): Promise<string | undefined> {
  for (const { folder, path } of places) {
    const file = join(folder, path);
    if (!isInside(folder, file)) continue;
    for (const extension of ["", ...PHOTO_EXTENSIONS]) {
      if ((await statOrUndefined(file + extension))?.isFile) return file + extension;
    }
  }
  return undefined;
}

/** Rejects two photos with the same file: one's own is missing, and its bare name matches the other's. */
function rejectShared(photos: NamedPhoto[], paths: (string | undefined)[]): void {
  const owners = new Map<string, NamedPhoto>();
  for (const [i, path] of paths.entries()) {
    if (path === undefined) continue;
    const owner = owners.get(path);
    const bare = ({ places: [{ folder, path: own }] }: NamedPhoto) => !path.startsWith(join(folder, own));
    if (owner !== undefined && (bare(owner) || bare(photos[i]))) {
      throw new DataError(
        `Photos ${owner.name} and ${photos[i].name} have the same file: keep sub-folders as they were`,
        { path },
      );
    }
    owners.set(path, photos[i]);
  }
}

/** The only file that a place can mean, in the first place where there is one. */
async function alikeAt(places: Place[], indexes: ReturnType<typeof folderIndexes>): Promise<string | undefined> {
  for (const place of places) {
    const { found, rest } = await follow(place, indexes);
    if (rest.length === 0 && (await statOrUndefined(found))?.isFile) return found;
  }
  return undefined;
}

/**
 * Follows a path in its folder as far as `pick` finds one entry for each part; never out of the folder.
 *
 * @internal
 */
export async function follow(
  { folder, path }: Place,
  indexes: ReturnType<typeof folderIndexes>,
  pick: typeof onlyEntry = onlyEntry,
): Promise<{ found: string; rest: string[] }> {
  const parts = unescaped(path).replaceAll("\\", "/").split("/").filter((part) => part !== "" && part !== ".");
  let found = folder;
  for (const [depth, part] of parts.entries()) {
    const entry = part === ".." ? undefined : pick(await indexes(found), part);
    if (entry === undefined) return { found, rest: parts.slice(depth) };
    found = join(found, entry);
  }
  return { found, rest: [] };
}

/** The name that is nearest to a missing photo's, of those that are there and no other photo has. */
async function nearestTo(
  place: Place,
  indexes: ReturnType<typeof folderIndexes>,
  taken: Set<string | undefined>,
): Promise<string> {
  const { found, rest: [part] } = await follow(place, indexes);
  if (part === undefined || part.length > LONGEST_NAME) return "";
  const free = [...(await indexes(found)).names].filter((name) => !taken.has(join(found, name)));
  const name = nearest(part, free);
  return name === undefined ? "" : `; the nearest name there is ${name}`;
}
