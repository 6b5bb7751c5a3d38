// A COLMAP capture: a model under `sparse` and a folder of photos.

import { basename, join, relative, resolve } from "node:path";
import { DataError } from "../base/errors.ts";
import { rotationFromQuaternion } from "./camera.ts";
import type { Capture, CaptureReader, PosedPhoto, ReadOptions } from "./capture.ts";
import { findModel, type FoundModel, holdsModel } from "./colmap.ts";
import { type ColmapImage, intrinsicsOf } from "./colmap_model.ts";
import { entriesOf } from "./files.ts";
import { findImagesFolder } from "./find_named.ts";
import { findPhotos, type Place } from "./find_photos.ts";
import { findMasks } from "./find_masks.ts";
import type { Intrinsics } from "./lens.ts";
import { missingNotice, type MissingPhotos } from "./missing_photos.ts";
import { compareCodePoints } from "./order.ts";

/** A model names the photos that it was made from: without one of them the capture is not whole. */
const DEFAULT_MISSING: MissingPhotos = "error";

/** Reads COLMAP captures. Missing photos are an error unless they are to be skipped. */
export const colmapReader: CaptureReader = {
  expects: "a COLMAP model in sparse/0 (cameras, images and points3D, .bin or .txt)",
  read: (source, options) => readColmapCapture(source, options),
};

/**
 * Reads captures with the model in the folder itself, as RealityScan exports them. Photos are in the folder too if it
 * has no folder of photos.
 */
export const flatColmapReader: CaptureReader = {
  expects: "a COLMAP model in the folder itself",
  async read(source: string, options: ReadOptions): Promise<Capture | undefined> {
    if (!await holdsModel(source)) return undefined;
    const beside = options.images === "images" && await findImagesFolder(source, options.images) === undefined;
    return await readColmapCapture(source, beside ? { ...options, images: "." } : options, source);
  },
};

async function readColmapCapture(
  source: string,
  options: ReadOptions,
  sparse: string = join(source, "sparse"),
): Promise<Capture | undefined> {
  const model = await findModel(sparse);
  if (model === undefined) return undefined;
  if (model.images.value.length === 0) {
    throw new DataError("Model has no registered images", { path: model.images.path });
  }
  const intrinsics = intrinsicsById(model);
  const { folder, found, notices } = await readPhotos(model.images.value, source, options);
  const masks = await findMasks(found.map(({ path }) => relative(folder, path)), source);
  const photos = found.map(({ image, path }, i): PosedPhoto => {
    const own = intrinsics.get(image.cameraId)!;
    return {
      name: image.name.replaceAll("\\", "/"),
      imageId: image.id,
      path,
      intrinsics: () => own,
      stated: { name: `Camera ${image.cameraId}`, path: model.cameras.path },
      rotation: rotationFromQuaternion(image.quaternion),
      translation: image.translation,
      maskPath: masks.paths[i],
    };
  });
  return {
    photos,
    points: model.points,
    fallback: "views",
    ordered: false,
    notices: [...model.notices, ...notices, ...masks.notices],
  };
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

/** The images whose photos are there, in file order; one error or line reports all missing ones. */
async function readPhotos(
  images: ColmapImage[],
  source: string,
  { images: named, missing = DEFAULT_MISSING, signal }: ReadOptions,
): Promise<{ folder: string; found: { image: ColmapImage; path: string }[]; notices: string[] }> {
  const there = await findImagesFolder(source, named);
  if (there === undefined) throw await missingFolder(resolve(source, named));
  const { folder } = there;
  const inOrder = images.toSorted((a, b) => compareCodePoints(a.name, b.name));
  const found = await findPhotos(inOrder.map(({ name }) => ({ name, places: placesOf(name, folder) })), signal);
  const skipped = missingNotice(found, { mode: missing, path: folder });
  const paths = new Map(inOrder.map((image, i) => [image, found.paths[i]]));
  return {
    folder,
    found: images.flatMap((image) => {
      const path = paths.get(image);
      return path === undefined ? [] : [{ image, path }];
    }),
    notices: [...there.notices, ...found.notices, ...skipped],
  };
}

/** A photo's path in the folder, then its bare name. */
function placesOf(name: string, folder: string): Place[] {
  return [{ folder, path: name }, { folder, path: basename(name.replaceAll("\\", "/")) }];
}

/** The error for a missing folder of photos, with the folders beside it that might be meant. */
async function missingFolder(folder: string): Promise<DataError> {
  const parent = resolve(folder, "..");
  const others: string[] = [];
  for (const entry of await entriesOf(parent)) {
    if (!entry.isFile && entry.name.toLowerCase().startsWith("images")) others.push(entry.name);
  }
  const advice = others.length > 0 ? `; choose another with -i: ${others.sort().join(", ")}` : "";
  return new DataError(`Folder of photos is missing${advice}`, { path: folder });
}
