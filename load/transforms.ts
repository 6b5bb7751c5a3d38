// Captures described by JSON files: a transforms.json (instant-ngp, nerfstudio), or one for each set (NeRF-synthetic).

import { basename, dirname, join, normalize, resolve } from "node:path";
import { DataError } from "../base/errors.ts";
import { forEachParallel } from "../base/parallel.ts";
import type { PointCloud } from "../base/scene.ts";
import { readDataFile } from "./bytes.ts";
import type { Capture, CaptureReader, PosedPhoto, ReadOptions } from "./capture.ts";
import { isInside, statOrUndefined } from "./files.ts";
import { findMask } from "./masks.ts";
import { parsePointsPly } from "./ply.ts";
import { type Frame, readTransformsFile, type TransformsFile } from "./transforms_file.ts";

/** The file of a capture with one file for all photos. */
const TRANSFORMS_FILE = "transforms.json";

/** The training set's file of a capture with one file for each set. */
const SPLIT_FILE = "transforms_train.json";

/** The test set's file of such a capture. */
const TEST_FILE = "transforms_test.json";

/** Where other trainers write the points of a synthetic scene. */
const SPLIT_POINTS = "points3d.ply";

/** The default folder: photos are then at the paths that the file states. */
const DEFAULT_IMAGES = "images";

/** Extensions to append, in this order, to a path that is not a file. */
const EXTENSIONS = [".png", ".jpg", ".jpeg", ".JPG", ".PNG", ".JPEG", ".webp", ".tif", ".tiff"];

/** File look-ups in flight at once. */
const LOOKS_IN_FLIGHT = 8;

/**
 * Reads captures with one file for all photos (instant-ngp, nerfstudio): a folder with `transforms.json`, or any such
 * file itself. Paths are relative to the file. Missing photos are left out, and a notice states their number.
 */
export const transformsReader: CaptureReader = {
  expects: TRANSFORMS_FILE,
  async read(source: string, options: ReadOptions): Promise<Capture | undefined> {
    const paths = [source, join(source, TRANSFORMS_FILE)];
    for (const path of paths) {
      if ((await statOrUndefined(path))?.isFile) return await readTransformsCapture(path, options);
    }
  },
};

/** Reads captures with one file for each set (NeRF-synthetic). */
export const splitReader: CaptureReader = {
  expects: SPLIT_FILE,
  async read(source: string, options: ReadOptions): Promise<Capture | undefined> {
    if ((await statOrUndefined(join(source, SPLIT_FILE)))?.isFile) return await readSplitCapture(source, options);
  },
};

async function readTransformsCapture(path: string, options: ReadOptions): Promise<Capture> {
  const file = await readTransformsFile(path);
  const notices: string[] = [];
  const photos = await photosOf(inSets(file, options, notices), { path, options, notices });
  const points = file.plyPath === undefined
    ? undefined
    : await readPoints(namedFile(file.plyPath, "ply_file_path", path, options), notices);
  return { photos, points, fallback: "views", ordered: false, notices };
}

/** Without hold-out the test set is trained on too; without a test set, views are held out as in any capture. */
async function readSplitCapture(source: string, options: ReadOptions): Promise<Capture> {
  const notices: string[] = [];
  const photos: PosedPhoto[] = [];
  const [trainPath, testPath] = [join(source, SPLIT_FILE), join(source, TEST_FILE)];
  const hasTest = (await statOrUndefined(testPath))?.isFile ?? false;
  const sets: { path: string; test?: boolean }[] = hasTest
    ? [{ path: trainPath, test: false }, { path: testPath, test: true }]
    : [{ path: trainPath }];
  let angular = true;
  for (const { path, test } of sets) {
    const file = await readTransformsFile(path);
    angular &&= file.angular;
    const frames = file.frames.map((frame) => ({ frame, test }));
    photos.push(...await photosOf(frames, { path, options, notices, perSet: true }));
  }
  const plyPath = join(source, SPLIT_POINTS);
  const points = (await statOrUndefined(plyPath))?.isFile ? await readPoints(plyPath, notices) : undefined;
  return { photos, points, fallback: angular ? "cube" : "views", ordered: true, notices };
}

/** A frame and the set that the capture puts it in, if it has sets. */
interface FrameInSet {
  frame: Frame;
  test?: boolean;
}

/** Assigns frames to the sets that a file lists; with hold-out, those of the validation set are not used. */
function inSets({ frames, sets }: TransformsFile, options: ReadOptions, notices: string[]): FrameInSet[] {
  const { train, val, test = val } = sets;
  if (!options.eval || test === undefined) return frames.map((frame) => ({ frame }));
  const has = (names: string[] | undefined) => new Set(names?.map((name) => normalize(name)));
  const [inTrain, inVal, inTest] = [train, val, test].map(has);
  const kept = frames.flatMap((frame): FrameInSet[] => {
    const name = normalize(frame.filePath);
    if (inTest.has(name)) return [{ frame, test: true }];
    return (train === undefined ? inVal.has(name) : !inTrain.has(name)) ? [] : [{ frame, test: false }];
  });
  if (kept.length < frames.length) {
    notices.push(`${frames.length - kept.length} of ${frames.length} photos are in no set that is used`);
  }
  return kept;
}

/** The frames whose photos exist. */
async function photosOf(
  frames: FrameInSet[],
  { path, options, notices, perSet = false }: {
    path: string;
    options: ReadOptions;
    notices: string[];
    /** Whether each set of photos has its own folder. */
    perSet?: boolean;
  },
): Promise<PosedPhoto[]> {
  const { images, signal } = options;
  const base = dirname(path);
  const paths: (string | undefined)[] = [];
  const masks: (string | undefined)[] = [];
  await forEachParallel(frames.length, async (i) => {
    const { filePath, maskPath } = frames[i].frame;
    paths[i] = await findPhoto(filePath, path, options);
    if (maskPath !== undefined) masks[i] = namedFile(maskPath, `mask_path of ${filePath}`, path, options);
    else if (paths[i] !== undefined) {
      masks[i] = await findMask(maskName(filePath, paths[i]!, perSet), join(base, "masks"));
    }
  }, { concurrency: LOOKS_IN_FLIGHT, signal });
  const missing = frames.filter((_, i) => paths[i] === undefined).map(({ frame }) => frame.filePath);
  const count = `${missing.length} of ${frames.length} photos are missing`;
  if (missing.length === frames.length) throw new DataError(`${count}, the first is ${missing[0]}`, { path });
  if (missing.length > 0) notices.push(`${count} and left out, the first is ${missing[0]}`);
  return frames.flatMap(({ frame, test }, i): PosedPhoto[] => {
    if (paths[i] === undefined) return [];
    return [{
      name: frame.filePath,
      path: paths[i]!,
      intrinsics: (stored) => frame.intrinsics(stored, images === DEFAULT_IMAGES ? undefined : images),
      unsized: frame.unsized,
      stated: { name: `Camera of ${frame.filePath}`, path },
      rotation: frame.rotation,
      translation: frame.translation,
      ...(test === undefined ? {} : { test }),
      maskPath: masks[i],
    }];
  });
}

/**
 * The photo of a frame of the file `path`: its path from the file, with an extension added where it has none. In another
 * folder of photos, if one is given: the path below the frame's first folder, else the bare name.
 */
async function findPhoto(filePath: string, path: string, options: ReadOptions): Promise<string | undefined> {
  const { images } = options;
  const parts = partsOf(filePath);
  const folder = resolve(dirname(path), images);
  const candidates = images === DEFAULT_IMAGES
    ? [namedFile(filePath, "file_path", path, options)]
    : [join(folder, ...parts.slice(1)), join(folder, parts.at(-1) ?? "")].filter((file) => isInside(folder, file));
  for (const candidate of candidates) {
    for (const extension of ["", ...EXTENSIONS]) {
      if ((await statOrUndefined(candidate + extension))?.isFile) return candidate + extension;
    }
  }
  return undefined;
}

/**
 * A file that the file `path` names in `field`. Throws a {@linkcode DataError} when it is outside the file's folder and
 * that is not allowed: the photos of a capture from elsewhere could be any file of this machine.
 */
function namedFile(name: string, field: string, path: string, { allowOutside }: ReadOptions): string {
  const folder = dirname(path);
  const file = resolve(folder, name);
  if (allowOutside || isInside(folder, file)) return file;
  throw new DataError(
    `${field} ${JSON.stringify(name)} is outside the capture's folder: if you trust the capture, allow it with ` +
      "--allow_outside (allowOutside in the library)",
    { path },
  );
}

/**
 * The name by which a photo's mask is found, with the photo's extension: its path below the folder of photos, which is
 * the frame's first, or below the capture if each set has its own folder.
 */
function maskName(filePath: string, photo: string, perSet: boolean): string {
  const folders = partsOf(filePath).slice(perSet ? 0 : 1, -1);
  return [...folders, basename(photo)].join("/");
}

function partsOf(filePath: string): string[] {
  return filePath.split("/").filter((part) => part !== "." && part !== "");
}

async function readPoints(path: string, notices: string[]): Promise<PointCloud | undefined> {
  if (!(await statOrUndefined(path))?.isFile) {
    notices.push(`File of points is missing: ${path}`);
    return undefined;
  }
  return parsePointsPly(await readDataFile(path), path);
}
