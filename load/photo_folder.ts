// The photos of a capture that keeps them in one folder, whatever path of them it states: programs that reconstruct
// cameras state the paths on the machine that they ran on.

import { join, relative, resolve, sep } from "node:path";
import { DataError } from "../base/errors.ts";
import type { PosedPhoto, ReadOptions } from "./capture.ts";
import { isDirectory } from "./files.ts";
import { findMasks } from "./find_masks.ts";
import { findPhotos, type Place } from "./find_photos.ts";

/** The folder of photos unless the user names another. */
const DEFAULT_IMAGES = "images";

/** The most folders of a stated path that are looked up below the folder of photos. */
const MOST_FOLDERS = 8;

/** Least bytes that a camera takes in a file, on average, and cameras that any file may have. */
const LEAST_CAMERA_BYTES = 80;
const FREE_CAMERAS = 64;

/** A camera of a capture whose photo is not yet found; `name` is the photo's path as the capture states it. */
export type NamedCamera = Omit<PosedPhoto, "path" | "maskPath" | "test">;

/**
 * The most cameras that a text file of some bytes may state: a rotation, a position and a focal length take more. Only a
 * file made to exhaust memory has more.
 *
 * @internal
 */
export function mostCameras(fileBytes: number): number {
  return FREE_CAMERAS + Math.floor(fileBytes / LEAST_CAMERA_BYTES);
}

/**
 * The folder of a capture's photos: the one that the user names, else the first that exists of `usual`, else the
 * capture's own.
 *
 * @internal
 */
export async function photoFolder(source: string, { images }: ReadOptions, usual = [DEFAULT_IMAGES]): Promise<string> {
  if (images !== DEFAULT_IMAGES) return resolve(source, images);
  for (const name of usual) if (await isDirectory(join(source, name))) return join(source, name);
  return source;
}

/**
 * Finds the photos of cameras in a folder, each by the longest end of its path that exists there, and their masks
 * beside the folder. Photos that are missing are left out and counted. Throws a {@linkcode DataError} when all are.
 *
 * @internal
 *
 * @param cameras What the capture states
 * @param folder Holds the photos
 * @param options `path` is the file that names them, for error messages; `source` the capture's folder
 */
export async function photosInFolder(
  cameras: NamedCamera[],
  folder: string,
  { path, source, signal }: { path: string; source: string; signal?: AbortSignal },
): Promise<{ photos: PosedPhoto[]; notices: string[] }> {
  const named = cameras.map(({ name }) => ({ name, places: placesOf(name, folder) }));
  const { paths, missing, notices } = await findPhotos(named, signal);
  const found = [...cameras.keys()].filter((i) => paths[i] !== undefined);
  if (missing !== undefined) {
    const lines = `${missing.first} (looked for in ${folder})`;
    if (found.length === 0) throw new DataError(`${missing.count}, ${lines}`, { path });
    notices.push(`${missing.count} and left out, ${lines}`);
  }
  const names = found.map((i) => relative(folder, paths[i]!).split(sep).join("/"));
  const masks = await findMasks(names, source);
  const photos = found.map((i, k): PosedPhoto => ({
    ...cameras[i],
    name: names[k],
    path: paths[i]!,
    maskPath: masks.paths[k],
  }));
  return { photos, notices: [...notices, ...masks.notices] };
}

/** The ends of a path in the folder, the longest first: whole, without its first folder, …, the bare name. */
function placesOf(name: string, folder: string): Place[] {
  const parts = name.replaceAll("\\", "/").split("/").filter((part) => part !== "" && part !== "." && part !== "..");
  const ends = parts.slice(-MOST_FOLDERS);
  if (ends.length === 0) return [{ folder, path: name }];
  return ends.map((_, i) => ({ folder, path: ends.slice(i).join("/") }));
}
