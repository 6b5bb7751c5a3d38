// Reconstructions of Bundler, and exports in its format: bundle.out with a list of photos
// (https://www.cs.cornell.edu/~snavely/bundler/bundler-v0.4-manual.html, "Output format and scene representation").

import { basename, dirname, join } from "node:path";
import { DataError } from "../base/errors.ts";
import type { ImageSize } from "../base/scene.ts";
import { readDataFile } from "./bytes.ts";
import type { Capture, CapturePoints, CaptureReader, ReadOptions } from "./capture.ts";
import { statOrUndefined } from "./files.ts";
import { checkIntrinsics, distortionOf, type Intrinsics } from "./lens.ts";
import { LineReader } from "./lines.ts";
import { mostCameras, type NamedCamera, photosInFolder } from "./photo_folder.ts";
import { type CameraPose, poseFromCameraToWorld } from "./pose.ts";

const FILE = "bundle.out";

/** Bundler writes its results into this folder of the capture. */
const BUNDLE = "bundle";

const LIST = "list.txt";

const HEADER = /^# Bundle file v0\.[34]$/;

/** The least bytes of a point: two lines of three numbers, and `0`. */
const SMALLEST_POINT = 2 * 6 + 2;

/** A camera of the file. */
export interface BundlerCamera extends CameraPose {
  /** Its focal length in pixels of the photo that it was reconstructed from. */
  focal: number;
  /** Radial distortion. */
  k1: number;
  k2: number;
}

/** Reads `bundle.out`, in a folder or in its folder `bundle`, or such a file itself, with its list of photos. */
export const bundlerReader: CaptureReader = {
  expects: `${FILE} of Bundler with its ${LIST}`,
  async read(source: string, options: ReadOptions): Promise<Capture | undefined> {
    const own = source.endsWith(".out") ? [source] : [];
    for (const path of [...own, join(source, FILE), join(source, BUNDLE, FILE)]) {
      if ((await statOrUndefined(path))?.isFile) return await readBundler(path, options);
    }
  },
};

async function readBundler(path: string, options: ReadOptions): Promise<Capture> {
  const { cameras, points } = parseBundle(await readDataFile(path), path);
  const listPath = await findList(path);
  const names = parseList(await readDataFile(listPath), listPath);
  if (names.length !== cameras.length) {
    throw new DataError(`List has ${names.length} photos, but ${basename(path)} has ${cameras.length} cameras`, {
      path: listPath,
    });
  }
  const posed = cameras.flatMap((camera, i) => camera === undefined ? [] : [namedCamera(camera, names[i], path)]);
  if (posed.length === 0) throw new DataError("No camera was reconstructed", { path });
  const folder = dirname(path);
  const source = basename(folder) === BUNDLE ? dirname(folder) : folder;
  const photos = await photosInFolder(posed, { path: listPath, source }, options);
  const out = cameras.length - posed.length;
  return {
    photos: photos.photos,
    points,
    fallback: "views",
    ordered: false,
    notices: [
      ...(out === 0 ? [] : [`${out} of ${cameras.length} photos were not reconstructed and are left out`]),
      `${basename(path)} states no sizes of photos: focal lengths are taken as for photos of the stored size`,
      ...photos.notices,
    ],
  };
}

/** The list of photos: by the file's name, as COLMAP and others export it, beside it, or in the folder above `bundle`. */
async function findList(path: string): Promise<string> {
  const folder = dirname(path);
  const stem = path.replace(/(\.bundle)?\.out$/, "");
  const above = basename(folder) === BUNDLE ? [join(dirname(folder), LIST)] : [];
  for (const candidate of [`${stem}.${LIST}`, `${stem}_${LIST}`, join(folder, LIST), ...above]) {
    if ((await statOrUndefined(candidate))?.isFile) return candidate;
  }
  throw new DataError(`There is no list of photos: expected ${LIST} beside it`, { path });
}

function namedCamera({ focal, k1, k2, ...pose }: BundlerCamera, name: string, path: string): NamedCamera {
  const stated = { name: `Camera of ${name}`, path };
  return {
    name,
    intrinsics({ width, height }: ImageSize): Intrinsics {
      const distortion = distortionOf("brown", [k1, k2]);
      const intrinsics = { width, height, fx: focal, fy: focal, cx: width / 2, cy: height / 2, distortion };
      checkIntrinsics(intrinsics, stated);
      return intrinsics;
    },
    stated,
    ...pose,
  };
}

/** Parses the bytes of a `list.txt`: a photo's path on each line, which `0` and a focal length may follow. */
export function parseList(bytes: Uint8Array, path: string): string[] {
  const lines = new LineReader(bytes, path);
  const names: string[] = [];
  // The match begins at the first of several spaces only: tried at each, it takes time by the square of their number.
  const numbers = /(?<!\s)\s+\d+\s+[\d.eE+-]+$/;
  while (lines.nextRecord()) names.push(lines.rest("a photo's path").replace(numbers, ""));
  return names;
}

/**
 * Parses the bytes of a `bundle.out`; `path` is for error messages. A camera that was not reconstructed, with a focal
 * length of 0, is undefined.
 */
export function parseBundle(
  bytes: Uint8Array,
  path: string,
): { cameras: (BundlerCamera | undefined)[]; points: CapturePoints } {
  const lines = new LineReader(bytes, path);
  const header = lines.next() && lines.comment ? lines.rest("the first line") : "";
  if (!HEADER.test(header)) throw lines.error("File does not begin with # Bundle file v0.3");
  const cameraCount = countOf(lines, "cameras", mostCameras(bytes.length));
  const pointCount = countOf(lines, "points", bytes.length / SMALLEST_POINT);
  const cameras = Array.from({ length: cameraCount }, (_, i) => parseCamera(lines, i));
  const positions = new Float64Array(3 * pointCount);
  const colors = new Uint8Array(3 * pointCount);
  for (let i = 0; i < pointCount; i++) {
    for (let axis = 0; axis < 3; axis++) positions[3 * i + axis] = numberOf(lines, "a point's position");
    for (let channel = 0; channel < 3; channel++) {
      const level = numberOf(lines, "a point's colour");
      if (!(level >= 0 && level <= 255)) throw lines.error(`A point's colour is ${level}: expected 0 to 255`);
      colors[3 * i + channel] = Math.round(level);
    }
    const views = numberOf(lines, "the number of a point's views");
    if (lines.skipWords() !== 4 * views) throw lines.error(`Expected four numbers for each of ${views} views`);
  }
  return { cameras, points: { count: pointCount, positions, colors } };
}

/** f k1 k2, three rows of R, and t, each on a line. */
function parseCamera(lines: LineReader, index: number): BundlerCamera | undefined {
  const three = (what: string) => Array.from({ length: 3 }, () => numberOf(lines, what));
  const [focal, k1, k2] = three("a camera's focal length and distortion");
  const rows = [0, 1, 2].map(() => three("a camera's rotation"));
  const t = three("a camera's translation");
  if (focal === 0) return undefined;
  const name = `Pose of camera ${index} before line ${lines.line}`;
  // R and t are world to camera, with y up and z backward: the inverse is Rᵀ and −Rᵀ t.
  const matrix = [0, 1, 2].map((k) => [
    ...rows.map((row) => row[k]),
    -(rows[0][k] * t[0] + rows[1][k] * t[1] + rows[2][k] * t[2]),
  ]);
  return { focal, k1, k2, ...poseFromCameraToWorld(matrix, "up", { name, path: lines.path }) };
}

/** A count of records that the file can hold. */
function countOf(lines: LineReader, what: string, most: number): number {
  const count = numberOf(lines, `the number of ${what}`);
  if (Number.isInteger(count) && count >= 0 && count <= most) return count;
  throw lines.error(`File states ${count} ${what}, but is of a size for at most ${Math.floor(most)}`);
}

/** The next number, on this line or on a line after it. */
function numberOf(lines: LineReader, what: string): number {
  while (lines.blank) if (!lines.next()) throw lines.error(`File ends, expected ${what}`);
  return lines.number(what);
}
