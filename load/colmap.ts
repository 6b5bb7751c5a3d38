// Finds and reads COLMAP models: each of the three files is binary or text; of several models the largest is read.

import { join, relative } from "node:path";
import { DataError } from "../base/errors.ts";
import { readDataFile } from "./bytes.ts";
import type { CapturePoints } from "./capture.ts";
import { parseCameras, parseImages, parsePoints } from "./colmap_binary.ts";
import type { ColmapCamera, ColmapImage, ColmapModel, Pose } from "./colmap_model.ts";
import {
  type FrameImage,
  parseFrames,
  parseFramesText,
  parseRigs,
  parseRigsText,
  posesOfFrames,
  type Rigs,
} from "./colmap_rigs.ts";
import { parseCamerasText, parseImagesText, parsePointsText } from "./colmap_text.ts";
import { entriesOf, statOrUndefined } from "./files.ts";
import { parsePointsPly } from "./ply.ts";

/** A file of a model after reading. */
export interface Part<T> {
  /** Its contents. */
  value: T;
  /** The file. */
  path: string;
}

/** A model, with notices about how it was found. */
export interface FoundModel {
  /** Cameras by id. */
  cameras: Part<Map<number, ColmapCamera>>;
  /** Registered images, in file order. */
  images: Part<ColmapImage[]>;
  /** The triangulated points; undefined if the folder has no file of points. */
  points: CapturePoints | undefined;
  /** One line each. */
  notices: string[];
}

type Parser<T> = (bytes: Uint8Array, path: string) => T;
type Forms<T> = [file: string, parse: Parser<T>][];

const CAMERAS: Forms<Map<number, ColmapCamera>> = [["cameras.bin", parseCameras], ["cameras.txt", parseCamerasText]];
const IMAGES = imageForms();
const RIGS: Forms<Rigs> = [["rigs.bin", parseRigs], ["rigs.txt", parseRigsText]];
const FRAMES: Forms<FrameImage[]> = [["frames.bin", parseFrames], ["frames.txt", parseFramesText]];
const POINTS: Forms<CapturePoints> = [
  ["points3D.bin", parsePoints],
  ["points3D.txt", parsePointsText],
  ["points3D.ply", parsePointsPly],
];

/**
 * Reads the model of a folder: each file in its binary form, else as text. Throws a {@linkcode DataError} that names
 * the file, and the byte or line, where one of them is missing or damaged.
 */
export async function readColmap(folder: string): Promise<ColmapModel> {
  const { cameras, images, points } = await readModel(folder, []);
  if (points === undefined) throw new DataError("File is missing", { path: join(folder, POINTS[0][0]) });
  return { cameras: cameras.value, images: images.value, points };
}

/**
 * Reads the model under a capture's `sparse` folder: in the folder itself or in a sub-folder. Of several models it is
 * the one with the most registered images, of equals the first. Undefined if there is none.
 */
export async function findModel(sparse: string): Promise<FoundModel | undefined> {
  const folders = await modelFolders(sparse);
  if (folders.length <= 1) return folders.length === 0 ? undefined : await readModel(folders[0], []);
  const counts: number[] = [];
  let failure: unknown;
  for (const folder of folders) {
    try {
      counts.push((await readImages(folder, [])).value.length);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      failure ??= error;
      counts.push(-1);
    }
  }
  const most = counts.reduce((a, b) => Math.max(a, b));
  if (most < 0) throw failure;
  const chosen = counts.indexOf(most);
  const name = (i: number) => relative(join(sparse, ".."), folders[i]);
  const others = counts.map((count, i) => count < 0 ? `${name(i)} cannot be read` : `${name(i)} has ${count}`)
    .filter((_, i) => i !== chosen);
  return await readModel(folders[chosen], [
    `Of ${folders.length} models ${name(chosen)} is used, with ${most} registered images: ${others.join(", ")}`,
  ]);
}

/** The folders under `sparse` that hold a model, or a part of one; numbers in names in numeric order. */
async function modelFolders(sparse: string): Promise<string[]> {
  const names = (await entriesOf(sparse)).filter((entry) => !entry.isFile).map((entry) => join(sparse, entry.name));
  const folders: string[] = [];
  for (const folder of [sparse, ...names]) if (await holdsModel(folder)) folders.push(folder);
  return folders;
}

/** Whether a folder itself holds a model, or a part of one. */
export async function holdsModel(folder: string): Promise<boolean> {
  return await hasPart<unknown>(folder, [...CAMERAS, ...IMAGES]);
}

async function readModel(folder: string, notices: string[]): Promise<FoundModel> {
  const [cameras, images, points] = await Promise.all([
    readPart(folder, CAMERAS, notices),
    readImages(folder, notices),
    hasPart(folder, POINTS).then((found) => found ? readPart(folder, POINTS, notices) : undefined),
  ]);
  return { cameras, images, points: points?.value, notices };
}

/** The images; the poses of those that have none of their own are those of the frames, if there are any. */
async function readImages(folder: string, notices: string[]): Promise<Part<ColmapImage[]>> {
  try {
    return await readPart(folder, IMAGES, notices);
  } catch (error) {
    if (!(error instanceof DataError) || !await hasPart(folder, RIGS) || !await hasPart(folder, FRAMES)) throw error;
    const rigs = await readPart(folder, RIGS, notices);
    const frames = await readPart(folder, FRAMES, notices);
    return await readPart(folder, imageForms(posesOfFrames(frames.value, rigs.value, frames.path)), notices);
  }
}

/** The forms of the file of images; `poses` are for images without a pose of their own. */
function imageForms(poses?: ReadonlyMap<number, Pose>): Forms<ColmapImage[]> {
  return [
    ["images.bin", (bytes, path) => parseImages(bytes, path, poses)],
    ["images.txt", (bytes, path) => parseImagesText(bytes, path, poses)],
  ];
}

async function hasPart<T>(folder: string, forms: Forms<T>): Promise<boolean> {
  const found = await Promise.all(forms.map(([file]) => statOrUndefined(join(folder, file))));
  return found.some((info) => info?.isFile);
}

/** The first form of a file that exists and is not damaged; a notice reports a damaged one that was skipped. */
async function readPart<T>(folder: string, forms: Forms<T>, notices: string[]): Promise<Part<T>> {
  let failure: DataError | undefined;
  for (const [file, parse] of forms) {
    const path = join(folder, file);
    if (!(await statOrUndefined(path))?.isFile) continue;
    try {
      const value = parse(await readDataFile(path), path);
      if (failure !== undefined) notices.push(`${file} is read instead: ${failure.message}`);
      return { value, path };
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      failure ??= error;
    }
  }
  throw failure ?? new DataError(`File is missing, and so is ${forms[1][0]}`, { path: join(folder, forms[0][0]) });
}
