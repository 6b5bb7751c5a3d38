// A capture becomes a scene: posed views split into training and held-out ones, the sparse points, and the extent.

import { basename, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Camera, cameraCenter, DEFAULT_NEAR, resizeCamera, rotationFromQuaternion } from "./camera.ts";
import { type ColmapCamera, type ColmapImage, pinholeIntrinsics, readColmap } from "./colmap.ts";
import { DataError } from "./errors.ts";
import { entriesOf, isDirectory, statOrUndefined } from "./files.ts";
import { type Image8, type ImageHeader, type ImageSize, imageSize, readImage, targetSize } from "./images.ts";
import { findMask, maskSize, readMask } from "./masks.ts";
import { forEachParallel } from "./parallel.ts";
import { centred, referenceSize } from "./reference.ts";

/** Coloured points in space. */
export interface PointCloud {
  /** Number of points N. */
  count: number;
  /** 3N world coordinates: x, y, z of each point. */
  positions: Float32Array;
  /** 3N bytes: red, green, blue of each point. */
  colors: Uint8Array;
}

/** A photo and the camera that took it. */
export interface View {
  /** The photo's file name up to its first dot, without folders. */
  name: string;
  /** The photo's file. */
  path: string;
  /** The camera, with the intrinsics of the size that the photo is trained at. */
  camera: Camera;
  /** Size and focal lengths in pixels as the capture states them, before any resizing. */
  original: { width: number; height: number; fx: number; fy: number };
  /** Whether the photo has alpha; it then takes 4 bytes a pixel instead of 3. */
  alpha?: boolean;
  /** The file that says which pixels count in training: white ones do, black ones don't; absent where all count. */
  maskPath?: string;
  /** Decodes the photo, and its mask, at the camera's size, anew each time. */
  photo(): Promise<Image8>;
}

/** Everything that training reads of a capture. */
export interface Scene {
  /** Views to train on, sorted by name. */
  train: View[];
  /** Views held out for evaluation, sorted by name; empty unless they were asked for. */
  test: View[];
  /** The sparse points. */
  points: PointCloud;
  /** Radius of the training cameras' region, in world units: see {@linkcode sceneExtent}. */
  extent: number;
  /** Absolute path of the capture's folder. */
  source: string;
}

/** A photo's file, what its header says, and the file of its mask. */
interface Photo {
  path: string;
  size: ImageHeader;
  maskPath?: string;
}

/** What to load of a capture, and at which size. */
export interface LoadOptions {
  /** The photos' folder, relative to the capture's; `"images"` by default. */
  images?: string;
  /** The size to train at, as {@linkcode targetSize} takes it; −1 by default. */
  resolution?: number;
  /** Whether to hold every eighth view out for evaluation; false by default. */
  eval?: boolean;
  /** Distance of the cameras' near planes, in world units; 0.2 by default. */
  near?: number;
  /**
   * Whether to read cameras and sizes as the reference implementation of Mallick et al. 2024 does, to train in parity
   * with it: principal points central, and the rounding of its own that at times loses a pixel; false by default.
   */
  referenceCameras?: boolean;
  /** Stops the loading; the promise then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** With hold-out, the first of every so many views in name order is a test view. */
const HOLD_OUT_EVERY = 8;

/** Cameras that are no farther from each other than this share of their distance from the origin are in one place. */
const ROUNDING = 1e-9;

/** Headers in flight at once while the photos' sizes are read. */
const HEADERS_IN_FLIGHT = 8;

/**
 * Loads a COLMAP capture: `sparse/0/*.bin` with PINHOLE or SIMPLE_PINHOLE cameras, and a folder of photos. Only the
 * photos' headers are read; {@linkcode View.photo} decodes. Each camera is scaled, per axis, to the size its photo is
 * trained at. Views are sorted by name; with `eval`, the 1st, 9th, 17th and so on are held out. A photo `a/b.jpg` may have
 * a mask, `masks/a/b.jpg.png` or `masks/a/b.png`, of its own shape.
 *
 * Throws a {@linkcode DataError} when files are missing or damaged, cameras have lens distortion, or a photo's shape is
 * not its camera's; a `RangeError` for an impossible resolution.
 *
 * @example
 * ```ts ignore
 * import { loadScene } from "./scene.ts";
 *
 * const scene = await loadScene("captures/garden", { images: "images_4", eval: true });
 * console.log(`${scene.train.length} views to train on, ${scene.test.length} held out`);
 * ```
 */
export async function loadScene(path: string | URL, options: LoadOptions = {}): Promise<Scene> {
  const { images = "images", resolution = -1, eval: holdOut = false, near = DEFAULT_NEAR, signal } = options;
  signal?.throwIfAborted();
  const source = resolve(path instanceof URL ? fileURLToPath(path) : path);
  const sparse = join(source, "sparse", "0");
  if (!await isDirectory(sparse)) {
    throw new DataError("No COLMAP model: a capture has cameras.bin, images.bin and points3D.bin in sparse/0", {
      path: sparse,
    });
  }
  const model = await readColmap(sparse);
  if (model.images.length === 0) throw new DataError("Model has no registered images", { path: sparse });
  if (model.points.count === 0) throw new DataError("Model has no points to start from", { path: sparse });

  const posed = model.images.map((image) => ({ image, camera: { ...cameraOf(image, model.cameras, sparse), near } }));
  const folder = resolve(source, images);
  const photos = await findPhotos(model.images, { folder, masks: join(source, "masks"), signal });
  const sizing = { resolution, reference: options.referenceCameras };
  const views = posed.map(({ image, camera }, i) => makeView(viewName(image.name), camera, photos[i], sizing));
  views.sort((a, b) => compareCodePoints(a.name, b.name));

  const train = holdOut ? views.filter((_, k) => k % HOLD_OUT_EVERY !== 0) : views;
  const test = holdOut ? views.filter((_, k) => k % HOLD_OUT_EVERY === 0) : [];
  const extent = sceneExtent(train.map((view) => view.camera), options.referenceCameras ? undefined : model.points);
  return { train, test, points: model.points, extent, source };
}

/**
 * Radius of the region that the cameras span, in world units: 1.1 times the largest distance of a camera's centre from
 * the mean of the centres (Kerbl et al. 2023). Where all cameras stand in one place, as the camera of a lone photo does,
 * it is the median distance of the points from there; 0 without points or without cameras. Learning rates and size
 * thresholds scale with it.
 *
 * @example
 * ```ts
 * import { sceneExtent } from "./scene.ts";
 *
 * const rotation = [1, 0, 0, 0, 1, 0, 0, 0, 1];
 * const camera = { width: 4, height: 4, fx: 4, fy: 4, cx: 2, cy: 2, rotation };
 * console.log(sceneExtent([{ ...camera, translation: [1, 0, 0] }, { ...camera, translation: [-1, 0, 0] }])); // 1.1
 * ```
 */
export function sceneExtent(cameras: Camera[], points?: PointCloud): number {
  const centers = cameras.map(cameraCenter);
  const mean = [0, 1, 2].map((axis) => centers.reduce((sum, center) => sum + center[axis], 0) / centers.length);
  const distances = centers.map(([x, y, z]) => Math.hypot(x - mean[0], y - mean[1], z - mean[2]));
  const extent = 1.1 * distances.reduce((largest, distance) => Math.max(largest, distance), 0);
  const inOnePlace = !(extent > ROUNDING * Math.hypot(...mean));
  return inOnePlace && cameras.length > 0 && points !== undefined ? medianDistance(points, mean) : extent;
}

function medianDistance({ count, positions }: PointCloud, [x, y, z]: number[]): number {
  const distances = Float64Array.from(
    { length: count },
    (_, i) => Math.hypot(positions[3 * i] - x, positions[3 * i + 1] - y, positions[3 * i + 2] - z),
  );
  return distances.sort()[count >> 1] ?? 0;
}

/** The camera of a registered image, at the size its intrinsics are stated for. */
function cameraOf(image: ColmapImage, cameras: Map<number, ColmapCamera>, sparse: string): Camera {
  const camera = cameras.get(image.cameraId);
  if (camera === undefined) {
    throw new DataError(`Image ${image.name} was taken by camera ${image.cameraId}, which cameras.bin does not have`, {
      path: join(sparse, "images.bin"),
    });
  }
  return {
    width: camera.width,
    height: camera.height,
    ...pinholeIntrinsics(camera, join(sparse, "cameras.bin")),
    rotation: rotationFromQuaternion(image.quaternion),
    translation: image.translation,
  };
}

function makeView(
  name: string,
  camera: Camera,
  photo: Photo,
  { resolution, reference = false }: { resolution: number; reference?: boolean },
): View {
  const { path, size, maskPath } = photo;
  if (!sameShape(size, camera)) {
    throw new DataError(
      `Photo is ${size.width} x ${size.height} pixels, which is not the shape of its camera's ${camera.width} x ` +
        `${camera.height}: pixels are read as stored, so a photo that its EXIF data rotates, or that was rotated or ` +
        `cropped after the model was made, does not fit`,
      { path },
    );
  }
  const target = (reference ? referenceSize : targetSize)(size.width, size.height, resolution);
  const resized = resizeCamera(camera, target);
  return {
    name,
    path,
    camera: reference ? centred(resized) : resized,
    original: { width: camera.width, height: camera.height, fx: camera.fx, fy: camera.fy },
    ...(size.alpha ? { alpha: true } : {}),
    ...(maskPath === undefined ? {} : { maskPath }),
    photo: () => readPhoto(path, maskPath, target),
  };
}

async function readPhoto(path: string, maskPath: string | undefined, size: ImageSize): Promise<Image8> {
  const image = await readImage(path, size);
  return maskPath === undefined ? image : { ...image, mask: await readMask(maskPath, size) };
}

/** Whether one scale takes a size (the camera's, the photo's) to another (the photo's, its mask's) within a pixel. */
function sameShape(image: ImageSize, to: ImageSize): boolean {
  const smallest = Math.max((image.width - 1) / to.width, (image.height - 1) / to.height);
  const largest = Math.min((image.width + 1) / to.width, (image.height + 1) / to.height);
  return smallest <= largest;
}

/** File, header and mask of every image's photo; one error tells of all photos that are missing. */
async function findPhotos(
  images: ColmapImage[],
  { folder, masks, signal }: { folder: string; masks: string; signal: AbortSignal | undefined },
): Promise<Photo[]> {
  if (!await isDirectory(folder)) throw await missingFolder(folder);
  const photos: Photo[] = [];
  const missing: string[] = [];
  await forEachParallel(images.length, async (i) => {
    const path = await findPhoto(images[i].name, folder);
    if (path === undefined) missing.push(images[i].name);
    else if (missing.length === 0) photos[i] = await openPhoto(path, { folder, masks });
  }, { concurrency: HEADERS_IN_FLIGHT, signal });
  if (missing.length > 0) {
    const first = missing.sort(compareCodePoints)[0];
    throw new DataError(`${missing.length} of ${images.length} photos are missing, the first is ${first}`, {
      path: folder,
    });
  }
  refuseShared(images, photos);
  return photos;
}

async function openPhoto(path: string, { folder, masks }: { folder: string; masks: string }): Promise<Photo> {
  const size = await imageSize(path);
  const maskPath = await findMask(relative(folder, path), masks);
  if (maskPath === undefined) return { path, size };
  const mask = await maskSize(maskPath);
  if (!sameShape(mask, size)) {
    throw new DataError(
      `Mask is ${mask.width} x ${mask.height} pixels, which is not the shape of its photo's ${size.width} x ` +
        `${size.height}: ${path}`,
      { path: maskPath },
    );
  }
  return { path, size, maskPath };
}

/** Two images with one photo: the bare name of one is that of the other, whose own photo is missing. */
function refuseShared(images: ColmapImage[], photos: { path: string }[]): void {
  const owners = new Map<string, string>();
  for (const [i, { path }] of photos.entries()) {
    const { name } = images[i];
    const owner = owners.get(path);
    if (owner !== undefined) {
      throw new DataError(
        `Images ${owner} and ${name} of the model have the same photo: keep sub-folders as they were`,
        {
          path,
        },
      );
    }
    owners.set(path, name);
  }
}

/** The photo at its relative path, else at its bare file name; a path that leaves the folder counts as a bare name. */
async function findPhoto(name: string, folder: string): Promise<string | undefined> {
  const inside = !name.startsWith("/") && !name.split("/").includes("..");
  const candidates = inside ? [join(folder, name), join(folder, basename(name))] : [join(folder, basename(name))];
  for (const candidate of new Set(candidates)) {
    if ((await statOrUndefined(candidate))?.isFile) return candidate;
  }
  return undefined;
}

/** The error for a photos' folder that is not there, with the folders beside it that might be meant. */
async function missingFolder(folder: string): Promise<DataError> {
  const parent = resolve(folder, "..");
  const others: string[] = [];
  for (const entry of await entriesOf(parent)) {
    if (!entry.isFile && entry.name.startsWith("images")) others.push(entry.name);
  }
  const advice = others.length > 0 ? `; name one that is there with -i: ${others.sort().join(", ")}` : "";
  return new DataError(`Folder of photos is missing${advice}`, { path: folder });
}

/** A photo's file name up to its first dot: what views are sorted and split by. */
function viewName(name: string): string {
  return basename(name).split(".")[0];
}

/** Orders by Unicode code points. JavaScript's own order, by UTF-16 units, differs where surrogates meet U+E000 and up. */
function compareCodePoints(a: string, b: string): number {
  let i = 0;
  while (i < a.length && i < b.length) {
    const difference = a.codePointAt(i)! - b.codePointAt(i)!;
    if (difference !== 0) return difference;
    i++;
  }
  return a.length - b.length;
}
