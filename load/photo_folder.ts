// The photos of a capture that keeps them in one folder, whatever path of them it states: programs that reconstruct
// cameras state the paths on the machine that they ran on.

import { relative, resolve, sep } from "node:path";
import { DataError } from "../base/errors.ts";
import type { PosedPhoto, ReadOptions } from "./capture.ts";
import { findMasks } from "./find_masks.ts";
import { findImagesFolder } from "./find_named.ts";
import { findPhotos, type Place } from "./find_photos.ts";
import { missingNotice, type MissingPhotos } from "./missing_photos.ts";

/** The folder of photos unless the user names another. */
const DEFAULT_IMAGES = "images";

/** Programs list photos that they were given; some may have been removed since. */
const DEFAULT_MISSING: MissingPhotos = "skip";

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
 * capture's own. A line says so if its name is another than stated.
 *
 * @internal
 */
export async function photoFolder(
  source: string,
  images: string,
  usual: string[] = [DEFAULT_IMAGES],
): Promise<{ folder: string; notices: string[] }> {
  const isNamed = images !== DEFAULT_IMAGES;
  for (const name of isNamed ? [images] : usual) {
    const found = await findImagesFolder(source, name);
    if (found !== undefined) return found;
  }
  return { folder: isNamed ? resolve(source, images) : source, notices: [] };
}

/** A capture whose photos are in one folder. */
export interface PhotoFolderCapture {
  /** The file that names the photos, for error messages. */
  path: string;
  /** The capture's folder. */
  source: string;
  /** The names that its folder of photos has. Default `images`. */
  usual?: string[];
}

/**
 * Finds the photos of cameras in the capture's folder of photos, each by the longest end of its path that exists there,
 * and their masks beside that folder. Photos that are missing are left out and counted, unless they are to be an error.
 *
 * @internal
 *
 * @param cameras What the capture states
 * @param capture Where the photos are
 * @param options What to read
 * @throws {DataError} When two cameras are of one photo, all photos are missing, or some are and that is an error
 */
export async function photosInFolder(
  cameras: NamedCamera[],
  { path, source, usual }: PhotoFolderCapture,
  { images, missing = DEFAULT_MISSING, signal }: ReadOptions,
): Promise<{ photos: PosedPhoto[]; notices: string[] }> {
  const { folder, notices } = await photoFolder(source, images, usual);
  const named = cameras.map(({ name }) => ({ name, places: placesOf(name, folder) }));
  const looked = await findPhotos(named, signal);
  const { paths } = looked;
  rejectDoubled(cameras, paths, path);
  const first = looked.missing && `${looked.missing.first} (looked for in ${folder})`;
  const left = missingNotice(
    { ...looked, ...(first === undefined ? {} : { missing: { ...looked.missing!, first } }) },
    { mode: missing, path },
  );
  const found = [...cameras.keys()].filter((i) => paths[i] !== undefined);
  const names = found.map((i) => relative(folder, paths[i]!).split(sep).join("/"));
  const masks = await findMasks(names, source);
  const photos = found.map((i, k): PosedPhoto => ({
    ...cameras[i],
    name: names[k],
    path: paths[i]!,
    maskPath: masks.paths[k],
  }));
  return { photos, notices: [...notices, ...looked.notices, ...left, ...masks.notices] };
}

/** Rejects two cameras of one photo: labels without folders do not tell photos of one name apart. */
function rejectDoubled(cameras: NamedCamera[], paths: (string | undefined)[], path: string): void {
  const owners = new Map<string, number>();
  for (const [i, photo] of paths.entries()) {
    if (photo === undefined) continue;
    const owner = owners.get(photo);
    if (owner !== undefined) {
      const [first, second] = [owner, i].map((k) => `${k + 1} (${cameras[k].name})`);
      throw new DataError(
        `Cameras ${first} and ${second} are both of the photo ${photo}: give photos names of their own before the ` +
          "cameras are reconstructed, or export COLMAP",
        { path },
      );
    }
    owners.set(photo, i);
  }
}

/** The ends of a path in the folder, the longest first: whole, without its first folder, …, the bare name. */
function placesOf(name: string, folder: string): Place[] {
  const parts = name.replaceAll("\\", "/").split("/").filter((part) => part !== "" && part !== "." && part !== "..");
  const ends = parts.slice(-MOST_FOLDERS);
  if (ends.length === 0) return [{ folder, path: name }];
  return ends.map((_, i) => ({ folder, path: ends.slice(i).join("/") }));
}
