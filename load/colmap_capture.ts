// A COLMAP capture: a model under `sparse` and a folder of photos.

import { basename, join, relative, resolve } from "node:path";
import { DataError } from "../base/errors.ts";
import { forEachParallel } from "../base/parallel.ts";
import { rotationFromQuaternion } from "./camera.ts";
import type { Capture, CaptureReader, PosedPhoto, ReadOptions } from "./capture.ts";
import { findModel, type FoundModel } from "./colmap.ts";
import { type ColmapImage, intrinsicsOf } from "./colmap_model.ts";
import { entriesOf, isDirectory, statOrUndefined } from "./files.ts";
import type { Intrinsics } from "./lens.ts";
import { findMask } from "./masks.ts";
import { compareCodePoints } from "./order.ts";

/** File look-ups in flight at once. */
const LOOKS_IN_FLIGHT = 8;

/** Reads COLMAP captures. Missing photos are an error. */
export const colmapReader: CaptureReader = {
  expects: "a COLMAP model in sparse/0 (cameras, images and points3D, .bin or .txt)",
  read: readColmapCapture,
};

async function readColmapCapture(source: string, { images, signal }: ReadOptions): Promise<Capture | undefined> {
  const model = await findModel(join(source, "sparse"));
  if (model === undefined) return undefined;
  if (model.images.value.length === 0) {
    throw new DataError("Model has no registered images", { path: model.images.path });
  }
  const intrinsics = intrinsicsById(model);
  const folder = resolve(source, images);
  const paths = await findPhotos(model.images.value, folder, signal);
  const masks: (string | undefined)[] = [];
  await forEachParallel(paths.length, async (i) => {
    masks[i] = await findMask(relative(folder, paths[i]), join(source, "masks"));
  }, { concurrency: LOOKS_IN_FLIGHT, signal });
  const photos = model.images.value.map((image, i): PosedPhoto => {
    const own = intrinsics.get(image.cameraId)!;
    return {
      name: image.name,
      path: paths[i],
      intrinsics: () => own,
      stated: { name: `Camera ${image.cameraId}`, path: model.cameras.path },
      rotation: rotationFromQuaternion(image.quaternion),
      translation: image.translation,
      maskPath: masks[i],
    };
  });
  return { photos, points: model.points, fallback: "views", ordered: false, notices: model.notices };
}

/** The intrinsics of every camera that an image was taken by. */
function intrinsicsById({ cameras, images }: FoundModel): Map<number, Intrinsics> {
  const found = new Map<number, Intrinsics>();
  for (const { name, cameraId } of images.value) {
    if (found.has(cameraId)) continue;
    const camera = cameras.value.get(cameraId);
    if (camera === undefined) {
      throw new DataError(
        `Image ${name} was taken by camera ${cameraId}, which ${basename(cameras.path)} does not have`,
        { path: images.path },
      );
    }
    found.set(cameraId, intrinsicsOf(camera, cameras.path, name));
  }
  return found;
}

/** The paths of all images' photos; one error reports all missing ones. */
async function findPhotos(images: ColmapImage[], folder: string, signal: AbortSignal | undefined): Promise<string[]> {
  if (!await isDirectory(folder)) throw await missingFolder(folder);
  const photos: string[] = [];
  const missing: string[] = [];
  await forEachParallel(images.length, async (i) => {
    const path = await findPhoto(images[i].name, folder);
    if (path === undefined) missing.push(images[i].name);
    else photos[i] = path;
  }, { concurrency: LOOKS_IN_FLIGHT, signal });
  if (missing.length > 0) {
    const first = missing.sort(compareCodePoints)[0];
    throw new DataError(`${missing.length} of ${images.length} photos are missing, the first is ${first}`, {
      path: folder,
    });
  }
  rejectShared(images, photos);
  return photos;
}

/** Rejects two images with the same photo: one image's own photo is missing, and its bare name matches the other's. */
function rejectShared(images: ColmapImage[], photos: string[]): void {
  const owners = new Map<string, string>();
  for (const [i, path] of photos.entries()) {
    const { name } = images[i];
    const owner = owners.get(path);
    if (owner !== undefined) {
      throw new DataError(
        `Images ${owner} and ${name} of the model have the same photo: keep sub-folders as they were`,
        { path },
      );
    }
    owners.set(path, name);
  }
}

/** The photo at its relative path, else at its bare file name; a path out of the folder counts as a bare name. */
async function findPhoto(name: string, folder: string): Promise<string | undefined> {
  const inside = !name.startsWith("/") && !name.split("/").includes("..");
  const candidates = inside ? [join(folder, name), join(folder, basename(name))] : [join(folder, basename(name))];
  for (const candidate of new Set(candidates)) {
    if ((await statOrUndefined(candidate))?.isFile) return candidate;
  }
  return undefined;
}

/** The error for a missing folder of photos, with the folders beside it that might be meant. */
async function missingFolder(folder: string): Promise<DataError> {
  const parent = resolve(folder, "..");
  const others: string[] = [];
  for (const entry of await entriesOf(parent)) {
    if (!entry.isFile && entry.name.startsWith("images")) others.push(entry.name);
  }
  const advice = others.length > 0 ? `; choose another with -i: ${others.sort().join(", ")}` : "";
  return new DataError(`Folder of photos is missing${advice}`, { path: folder });
}
