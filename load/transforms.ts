// Captures described by JSON files: a transforms.json (instant-ngp, nerfstudio), or one for each set (NeRF-synthetic).

import { basename, dirname, join, normalize, relative, resolve, sep } from "node:path";
import { DataError } from "../base/errors.ts";
import { readDataFile } from "./bytes.ts";
import type { Capture, CapturePoints, CaptureReader, PosedPhoto, ReadOptions } from "./capture.ts";
import { isInside, statOrUndefined } from "./files.ts";
import { findMasks } from "./find_masks.ts";
import { findImagesFolder, findNamed, placeOf } from "./find_named.ts";
import { findPhotos, type Place } from "./find_photos.ts";
import { folderIndexes, onlyEntry } from "./folder_index.ts";
import { missingNotice, type MissingPhotos } from "./missing_photos.ts";
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

/** Files list photos that were left out of what is published: that of instant-ngp's fox has 67, of which 50 exist. */
const DEFAULT_MISSING: MissingPhotos = "skip";

/** The default folder: photos are then at the paths that the file states. */
const DEFAULT_IMAGES = "images";

/**
 * Reads captures with one file for all photos (instant-ngp, nerfstudio): a folder with `transforms.json`. Paths are
 * relative to the file. Missing photos are left out, and a notice states their number, unless they are to be an error.
 */
export const transformsReader: CaptureReader = {
  expects: TRANSFORMS_FILE,
  read: (source, options) => readIfFile(join(source, TRANSFORMS_FILE), options),
};

/** Reads such a file itself, under any name: the last reader, as it takes every file. */
export const transformsFileReader: CaptureReader = { expects: TRANSFORMS_FILE, read: readIfFile };

async function readIfFile(path: string, options: ReadOptions): Promise<Capture | undefined> {
  return (await statOrUndefined(path))?.isFile ? await readTransformsCapture(path, options) : undefined;
}

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
  const names = namesInFolder(file.frames.map(({ filePath }) => partsOf(filePath, dirname(path))));
  const frames = file.frames.map((frame, i) => ({ frame, name: names[i] }));
  const photos = await photosOf(inSets(frames, file.sets, options, notices), { path, options, notices });
  const points = file.plyPath === undefined
    ? undefined
    : await readNamedPoints(file.plyPath, { path, options, notices });
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
    // Each set has its own folder, which tells photos with equal names apart.
    const frames = file.frames.map((frame) => ({ frame, name: partsOf(frame.filePath, source).join("/"), test }));
    photos.push(...await photosOf(frames, { path, options, notices }));
  }
  const plyPath = join(source, SPLIT_POINTS);
  const points = (await statOrUndefined(plyPath))?.isFile ? await readPoints(plyPath, notices) : undefined;
  return { photos, points, fallback: angular ? "cube" : "views", ordered: true, notices };
}

/** A frame and the set that the capture puts it in, if it has sets. */
interface FrameInSet {
  frame: Frame;
  /** Its photo's path in the folder of photos, with or without an extension as the file has it. */
  name: string;
  test?: boolean;
}

/** Assigns frames to the sets that a file lists; with hold-out, those of the validation set are not used. */
function inSets(
  frames: FrameInSet[],
  sets: TransformsFile["sets"],
  options: ReadOptions,
  notices: string[],
): FrameInSet[] {
  const { train, val, test = val } = sets;
  if (!options.eval || test === undefined) return frames;
  const has = (names: string[] | undefined) => new Set(names?.map((name) => normalize(name)));
  const [inTrain, inVal, inTest] = [train, val, test].map(has);
  const kept = frames.flatMap((frame): FrameInSet[] => {
    const path = normalize(frame.frame.filePath);
    if (inTest.has(path)) return [{ ...frame, test: true }];
    return (train === undefined ? inVal.has(path) : !inTrain.has(path)) ? [] : [{ ...frame, test: false }];
  });
  if (kept.length < frames.length) {
    notices.push(`${frames.length - kept.length} of ${frames.length} photos are in no set that is used`);
  }
  return kept;
}

/** The frames whose photos exist. */
async function photosOf(
  frames: FrameInSet[],
  { path, options, notices }: { path: string; options: ReadOptions; notices: string[] },
): Promise<PosedPhoto[]> {
  const { images, missing = DEFAULT_MISSING, signal } = options;
  const other = images === DEFAULT_IMAGES ? undefined : await findImagesFolder(dirname(path), images);
  const folder = other?.folder ?? resolve(dirname(path), images);
  const places = frames.map((frame) => ({
    name: frame.frame.filePath,
    places: placesOf(frame, { path, folder, options }),
  }));
  const found = await findPhotos(places, signal);
  const { paths } = found;
  notices.push(...other?.notices ?? [], ...found.notices);
  const masks = await namedMasks(frames, { photos: paths, path, options, notices });
  const unmasked = [...frames.keys()].filter((i) => masks[i] === undefined && paths[i] !== undefined);
  const usual = await findMasks(unmasked.map((i) => withExtension(frames[i].name, paths[i]!)), dirname(path));
  for (const [k, i] of unmasked.entries()) masks[i] = usual.paths[k];
  if (!frames.every(({ test }) => test)) notices.push(...usual.notices); // masks have no effect on test photos
  notices.push(...missingNotice(found, { mode: missing, path }));
  return frames.flatMap(({ frame, name, test }, i): PosedPhoto[] => {
    if (paths[i] === undefined) return [];
    return [{
      name: withExtension(name, paths[i]!),
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
 * Where the photo of a frame of the file `path` is: at its path from the file. In another folder of photos, if one is
 * given: at its path in that `folder`, else the bare name.
 */
function placesOf(
  { frame: { filePath }, name }: FrameInSet,
  { path, folder, options }: { path: string; folder: string; options: ReadOptions },
): Place[] {
  if (options.images !== DEFAULT_IMAGES) return [{ folder, path: name }, { folder, path: basename(name) }];
  return [placeOf(namedFile(filePath, "file_path", path, options), dirname(path))];
}

/** The masks that frames name, under other names if they are not there; never a photo. */
async function namedMasks(
  frames: FrameInSet[],
  { photos, path, options, notices }: {
    photos: (string | undefined)[];
    path: string;
    options: ReadOptions;
    notices: string[];
  },
): Promise<(string | undefined)[]> {
  const indexes = folderIndexes();
  const taken = new Set(photos);
  const renamed: string[] = [];
  const masks: (string | undefined)[] = [];
  for (const [i, { frame: { filePath, maskPath } }] of frames.entries()) {
    if (maskPath === undefined) continue;
    const stated = namedFile(maskPath, `mask_path of ${filePath}`, path, options);
    masks[i] = await findNamed(placeOf(stated, dirname(path)), indexes, { pick: onlyEntry, taken }) ?? stated;
    if (masks[i] !== stated) renamed.push(`${basename(masks[i]!)}, stated as ${maskPath}`);
  }
  if (renamed.length > 0) {
    notices.push(`${renamed.length} masks have other names than the capture states: the first is ${renamed[0]}`);
  }
  return masks;
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

/** The parts of a photo's path below a folder; of one that is elsewhere, those that tell it apart. */
function partsOf(filePath: string, folder: string): string[] {
  return relative(folder, resolve(folder, filePath)).split(sep).filter((part) => part !== "..");
}

/** The photos' paths in their folder, which is the first folder of all of them, else the capture's. */
function namesInFolder(paths: string[][]): string[] {
  const shared = paths.every((parts) => parts.length > 1 && parts[0] === paths[0][0]);
  return paths.map((parts) => parts.slice(shared ? 1 : 0).join("/"));
}

/** A photo's path with the extension that its file has and the path lacks. */
function withExtension(name: string, photo: string): string {
  const [stated, file] = [basename(name), basename(photo)];
  return file.startsWith(`${stated}.`) ? name + file.slice(stated.length) : name;
}

/** The points that the file names, under another name if they are not there. */
async function readNamedPoints(
  name: string,
  { path, options, notices }: { path: string; options: ReadOptions; notices: string[] },
): Promise<CapturePoints | undefined> {
  const stated = namedFile(name, "ply_file_path", path, options);
  const found = await findNamed(placeOf(stated, dirname(path)), folderIndexes()) ?? stated;
  if (found !== stated) notices.push(`The file of points is ${basename(found)}, stated as ${name}`);
  return await readPoints(found, notices);
}

async function readPoints(path: string, notices: string[]): Promise<CapturePoints | undefined> {
  if (!(await statOrUndefined(path))?.isFile) {
    notices.push(`File of points is missing: ${path}`);
    return undefined;
  }
  return parsePointsPly(await readDataFile(path), path);
}
