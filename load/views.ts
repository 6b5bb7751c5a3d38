// Makes views of posed photos: reads their sizes, computes the pinholes they are undistorted to, scales their cameras.

import { DataError } from "../base/errors.ts";
import { forEachParallel } from "../base/parallel.ts";
import type { Coverage, Image8, ImageSize, Lens, View } from "../base/scene.ts";
import { resizeCamera } from "./camera.ts";
import type { PosedPhoto } from "./capture.ts";
import { cropNotices } from "./crop.ts";
import { type ImageHeader, imageSize, readImage, targetSize } from "./images.ts";
import { type Intrinsics, resizeIntrinsics } from "./lens.ts";
import { blackMaskNotice, maskSize, readMask } from "./masks.ts";
import { centred, referenceSize } from "./reference.ts";
import { completeLens } from "./undistort.ts";
import { viewNames } from "./view_names.ts";

/** Headers in flight at once while the photos' sizes are read. */
const HEADERS_IN_FLIGHT = 8;

/** Options of {@linkcode makeViews}. */
export interface ViewOptions {
  /** The size to train at, as `targetSize` takes it. */
  resolution: number;
  /** Distance of the near planes, in world units. */
  near: number;
  /** Which pixels Gaussians cover. Default `"alpha"`. */
  coverage?: Coverage;
  /** Degrees that undistorted photos see at most, on each axis; as `completeLens` takes it. */
  undistortFov?: number;
  /** Whether to use the sizes and principal points of the reference implementation. Default false. */
  reference?: boolean;
  /** The native library that undistorts. */
  library?: string | URL;
  /** Stops the reading of headers. */
  signal?: AbortSignal;
}

/**
 * Makes a view of each photo, in the same order; notices state the crop of undistorted photos, the photos that are
 * smaller than their intrinsics, which state no size, and black masks. Throws a {@linkcode DataError} when a photo
 * cannot be read, has another aspect ratio than its camera, or has an invalid lens.
 *
 * @internal
 */
export async function makeViews(
  photos: PosedPhoto[],
  options: ViewOptions,
): Promise<{ views: View[]; notices: string[] }> {
  const headers: ImageHeader[] = [];
  await forEachParallel(photos.length, async (i) => {
    headers[i] = await readHeaders(photos[i]);
  }, { concurrency: HEADERS_IN_FLIGHT, signal: options.signal });
  const lenses = new Map<string, Lens>();
  const names = viewNames(photos.map(({ name }) => name));
  const views: View[] = [];
  const stated = photos.map((photo, i) => photo.intrinsics(headers[i]));
  for (const [i, photo] of photos.entries()) {
    views.push({
      name: names[i],
      ...await makeView(photo, { size: headers[i], stated: stated[i] }, { ...options, lenses }),
    });
  }
  const masks = photos.flatMap(({ maskPath }) => maskPath ?? []);
  const notices = [
    ...reductionNotice(photos, { headers, stated }),
    ...cropNotices(views, options.undistortFov),
    ...await blackMaskNotice(masks, options.signal),
  ];
  return { views, notices };
}

/** Reads the headers of a photo and its mask. */
async function readHeaders({ path, maskPath }: PosedPhoto): Promise<ImageHeader> {
  const size = await imageSize(path);
  const mask = maskPath === undefined ? size : await maskSize(maskPath);
  if (sameShape(mask, size)) return size;
  throw new DataError(
    `Mask is ${mask.width} x ${mask.height} pixels, another aspect ratio than its photo's ${size.width} x ` +
      `${size.height}: ${path}`,
    { path: maskPath! },
  );
}

async function readPhoto(
  { path, maskPath }: PosedPhoto,
  size: ImageSize,
  { lens }: { lens?: Lens },
): Promise<Image8> {
  const image = await readImage(path, size, { lens });
  return maskPath === undefined ? image : { ...image, mask: await readMask(maskPath, size, { lens }) };
}

async function makeView(
  photo: PosedPhoto,
  { size, stated }: { size: ImageHeader; stated: Intrinsics },
  { resolution, near, coverage, reference = false, library, undistortFov: fov, lenses }: ViewOptions & {
    lenses: Map<string, Lens>;
  },
): Promise<Omit<View, "name">> {
  const { path, rotation, translation, maskPath } = photo;
  checkShape(size, stated, path);
  const lens = stated.distortion && await lensOf(stated, size, { lenses, library, where: { ...photo.stated, fov } });
  const { width, height, fx, fy, cx, cy } = lens?.pinhole ?? stated;
  const full = lens?.pinhole ?? size;
  const target = (reference ? referenceSize : targetSize)(full.width, full.height, resolution);
  const pose = { rotation, translation, near, ...(coverage === undefined ? {} : { coverage }) };
  const camera = resizeCamera({ width, height, fx, fy, cx, cy, ...pose }, target);
  return {
    path,
    camera: reference ? centred(camera) : camera,
    original: { width, height, fx, fy },
    ...(lens === undefined ? {} : { lens }),
    ...(size.alpha ? { alpha: true } : {}),
    ...(size.exposure === undefined ? {} : { exposure: size.exposure }),
    ...(maskPath === undefined ? {} : { maskPath }),
    photo: () => readPhoto(photo, target, { lens }),
  };
}

/** The lens at the size of its stored photos; computed once for all photos that share it. */
async function lensOf(
  { distortion, ...stated }: Intrinsics,
  size: ImageSize,
  { lenses, library, where }: {
    lenses: Map<string, Lens>;
    library?: string | URL;
    where: PosedPhoto["stated"] & { fov?: number };
  },
): Promise<Lens> {
  const lens = { ...resizeIntrinsics(stated, size), ...distortion!, ...(library === undefined ? {} : { library }) };
  const key = JSON.stringify(lens);
  const known = lenses.get(key) ?? await completeLens(lens, where);
  lenses.set(key, known);
  return known;
}

/** One line about photos whose intrinsics state no size, but must be those of larger photos. */
function reductionNotice(
  photos: PosedPhoto[],
  { headers, stated }: { headers: ImageSize[]; stated: Intrinsics[] },
): string[] {
  const reduced = photos.flatMap((photo, i) =>
    photo.unsized && stated[i].width !== headers[i].width
      ? [`${photo.name}: ${headers[i].width} instead of ${stated[i].width} pixels wide`]
      : []
  );
  if (reduced.length === 0) return [];
  const count = `${reduced.length} of ${photos.length} photos`;
  return [`${count} are smaller than their intrinsics, which state no size and are scaled; the first is ${reduced[0]}`];
}

function checkShape(photo: ImageSize, camera: ImageSize, path: string): void {
  if (sameShape(photo, camera)) return;
  throw new DataError(
    `Photo is ${photo.width} x ${photo.height} pixels, another aspect ratio than its camera's ${camera.width} x ` +
      `${camera.height}: pixels are read as stored, so a photo that EXIF data rotates, or that was rotated or ` +
      `cropped after the model was made, does not fit`,
    { path },
  );
}

/** Whether two sizes have the same aspect ratio within a pixel. */
function sameShape(image: ImageSize, to: ImageSize): boolean {
  const smallest = Math.max((image.width - 1) / to.width, (image.height - 1) / to.height);
  const largest = Math.min((image.width + 1) / to.width, (image.height + 1) / to.height);
  return smallest <= largest;
}
