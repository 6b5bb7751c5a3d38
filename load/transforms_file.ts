// Parses a transforms.json (instant-ngp, nerfstudio, NeRF-synthetic) and checks every value: poses, intrinsics of each
// frame or of the file, points, sets.

import { DataError } from "../base/errors.ts";
import type { Distortion, ImageSize } from "../base/scene.ts";
import { readDataFile } from "./bytes.ts";
import { describe, isObject, type JsonObject, numberOf, parseJsonObject } from "./json.ts";
import { checkIntrinsics, distortionOf, type Intrinsics, reductionOf } from "./lens.ts";
import { type CameraPose, poseFromCameraToWorld } from "./pose.ts";

/** A frame of the file. */
export interface Frame {
  /** The photo's path as the file has it, with forward slashes. */
  filePath: string;
  /** The mask's path as the file has it. */
  maskPath?: string;
  /** World-to-camera rotation, row-major, in COLMAP's axes. */
  rotation: number[];
  /** World-to-camera translation. */
  translation: number[];
  /** Whether the size that the intrinsics are for is not stated. */
  unsized: boolean;
  /** Whether focal lengths are in pixels. */
  pixels: boolean;
  /**
   * The intrinsics for a photo that is stored in this size, in `otherFolder` if it is not in the frame's own. If they
   * are for a size that is not stated, the principal point tells it.
   */
  intrinsics: (stored: ImageSize, otherFolder?: string) => Intrinsics;
}

/** The file. */
export interface TransformsFile {
  /** At least one frame. */
  frames: Frame[];
  /** Path of the points as the file has it. */
  plyPath?: string;
  /** Paths of the photos in each set, where the file has sets. */
  sets: { train?: string[]; val?: string[]; test?: string[] };
  /** Whether the file states only angles of view, as synthetic scenes do. */
  angular: boolean;
}

/** Camera models of the brown family; those without distortion have no coefficients, or zeros. */
const PERSPECTIVE = ["PINHOLE", "SIMPLE_PINHOLE", "PERSPECTIVE", "SIMPLE_RADIAL", "RADIAL", "OPENCV"];
const FISHEYE = "OPENCV_FISHEYE";

/** Reads the file. Throws a {@linkcode DataError} that names the frame if something is missing or invalid. */
export async function readTransformsFile(path: string): Promise<TransformsFile> {
  return parseTransforms(await readDataFile(path), path);
}

/** Parses the bytes of the file; `path` is for error messages. */
export function parseTransforms(bytes: Uint8Array, path: string): TransformsFile {
  const file = parseJsonObject(bytes, path);
  if (!Array.isArray(file.frames)) throw new DataError("File has no list of frames", { path });
  if (file.frames.length === 0) throw new DataError("List of frames is empty", { path });
  const frames = file.frames.map((frame: unknown, i: number) => {
    const name = `frames[${i}]`;
    if (!isObject(frame)) throw new DataError(`${name} is not an object`, { path });
    return parseFrame({ frame, file, name, path });
  });
  return {
    frames,
    plyPath: textOf(file, "ply_file_path", { name: "", path }),
    sets: {
      train: namesOf(file, "train_filenames", path),
      val: namesOf(file, "val_filenames", path),
      test: namesOf(file, "test_filenames", path),
    },
    angular: frames.every(({ pixels, unsized }) => !(pixels && unsized)) &&
      (file.w ?? file.fl_x ?? undefined) === undefined,
  };
}

/** A frame, the file that holds it, and their names in error messages. */
interface FrameSource {
  frame: JsonObject;
  file: JsonObject;
  name: string;
  path: string;
}

function parseFrame(source: FrameSource): Frame {
  const { frame, name, path } = source;
  const filePath = textOf(frame, "file_path", { name: `${name}.`, path });
  if (filePath === undefined || filePath === "") throw new DataError(`${name} has no file_path`, { path });
  const maskPath = textOf(frame, "mask_path", { name: `${name}.`, path });
  const numbers = numbersOf(source);
  const distortion = parseDistortion(source, numbers);
  const pixels = ["fl_x", "fl_y"].some((key) => numbers[key] !== undefined);
  const angles = ["camera_angle_x", "camera_angle_y"].some((key) => numbers[key] !== undefined);
  if (!pixels && !angles) {
    throw new DataError(`${name} has neither fl_x nor camera_angle_x, and the file has none`, { path });
  }
  const unsized = numbers.w === undefined || numbers.h === undefined;
  return {
    filePath,
    ...(maskPath === undefined || maskPath === "" ? {} : { maskPath }),
    ...parsePose(source),
    unsized,
    pixels,
    intrinsics(stored, otherFolder): Intrinsics {
      const { cx: x, cy: y } = numbers;
      const factor = unsized && x !== undefined && y !== undefined ? reductionOf({ cx: x, cy: y }, stored) : undefined;
      if (unsized && pixels && otherFolder !== undefined && factor === undefined) {
        throw new DataError(
          `Focal lengths are in pixels of photos in their own folder: state w and h to use ${otherFolder}`,
          { path },
        );
      }
      const { w: width = (factor ?? 1) * stored.width, h: height = (factor ?? 1) * stored.height } = numbers;
      if (!(width >= 1 && height >= 1)) throw new DataError(`${name} is ${width} x ${height} pixels`, { path });
      const focal = (key: string, angle: string, side: number) =>
        numbers[key] ?? (numbers[angle] === undefined ? undefined : side / (2 * Math.tan(numbers[angle]! / 2)));
      const fx = focal("fl_x", "camera_angle_x", width) ?? focal("fl_y", "camera_angle_y", height)!;
      const fy = focal("fl_y", "camera_angle_y", height) ?? fx;
      const { cx = width / 2, cy = height / 2 } = numbers;
      const intrinsics = { width, height, fx, fy, cx, cy, distortion };
      checkIntrinsics(intrinsics, { name: `Camera of ${filePath}`, path });
      return intrinsics;
    },
  };
}

const NUMBERS = ["w", "h", "cx", "cy", "k1", "k2", "k3", "k4", "p1", "p2"];
/** Angles of view, and the focal lengths that they stand for. */
const ANGLES: Record<string, string> = { camera_angle_x: "fl_x", camera_angle_y: "fl_y" };
const FOCALS = [...Object.values(ANGLES), ...Object.keys(ANGLES)];

/** The numbers of a frame, else of the file. A focal length of the frame, in any form, overrides all of the file's. */
function numbersOf({ frame, file, name, path }: FrameSource): Record<string, number | undefined> {
  const ownFocal = FOCALS.some((key) => (frame[key] ?? undefined) !== undefined);
  const numbers: Record<string, number | undefined> = {};
  for (const key of [...NUMBERS, ...FOCALS]) {
    const fromFile = FOCALS.includes(key) && ownFocal ? undefined : file[key];
    const value = frame[key] ?? fromFile ?? undefined;
    if (value === undefined) continue;
    const number = numberOf(value);
    if (number === undefined) {
      throw new DataError(`${key} of ${name} is ${describe(value)}: expected a number`, { path });
    }
    // Where a file states a focal length too, the angle has no effect.
    const used = key in ANGLES && numbers[ANGLES[key]] === undefined;
    if (used && !(number > 0 && number < Math.PI)) {
      throw new DataError(`${key} of ${name} is ${number}: expected radians between 0 and π`, { path });
    }
    numbers[key] = number;
  }
  return numbers;
}

/** Whether a frame, else the file, says that the lens is a fisheye. */
function isFisheye({ frame, file, name, path }: FrameSource): boolean {
  const value = frame.is_fisheye ?? file.is_fisheye ?? false;
  if (typeof value === "boolean") return value;
  if (value === "true" || numberOf(value) === 1) return true;
  if (value === "false" || numberOf(value) === 0) return false;
  throw new DataError(`is_fisheye of ${name} is ${describe(value)}: expected true or false`, { path });
}

function parseDistortion(source: FrameSource, numbers: Record<string, number | undefined>): Distortion | undefined {
  const { frame, file, name, path } = source;
  const { k1 = 0, k2 = 0, k3 = 0, k4 = 0, p1 = 0, p2 = 0 } = numbers;
  const model = frame.camera_model ?? file.camera_model ?? (isFisheye(source) ? FISHEYE : "OPENCV");
  if (model === FISHEYE) return { model: "fisheye", coefficients: [k1, k2, 0, 0, k3, k4] };
  if (typeof model !== "string" || !PERSPECTIVE.includes(model)) {
    throw new DataError(
      `${name} has the camera model ${describe(model)}: supported are ${[...PERSPECTIVE, FISHEYE].join(", ")}`,
      { path },
    );
  }
  if (k4 !== 0) {
    throw new DataError(`${name} has k4 = ${k4}, which only a camera model ${FISHEYE} can have`, { path });
  }
  return distortionOf("brown", [k1, k2, p1, p2, k3]);
}

/** `transform_matrix` is camera to world, 4 × 4 or 3 × 4, with y up and z backward. */
function parsePose({ frame, name, path }: FrameSource): CameraPose {
  const rows = frame.transform_matrix;
  const sound = Array.isArray(rows) && (rows.length === 3 || rows.length === 4) &&
    rows.every((row) => Array.isArray(row) && row.length === 4);
  if (!sound) throw new DataError(`transform_matrix of ${name} is not 4 x 4 finite numbers`, { path });
  const matrix = (rows as unknown[][]).map((row, i) =>
    row.map((value, k) => {
      const number = numberOf(value);
      if (number !== undefined) return number;
      const entry = `transform_matrix of ${name}`;
      throw new DataError(`${entry} has ${describe(value)} in row ${i}, column ${k}: expected a number`, { path });
    })
  );
  return poseFromCameraToWorld(matrix, "up", { name: `transform_matrix of ${name}`, path });
}

/** A string of an object, with backslashes replaced by slashes; undefined if there is none. */
function textOf(object: JsonObject, key: string, { name, path }: { name: string; path: string }): string | undefined {
  const value = object[key] ?? undefined;
  if (value !== undefined && typeof value !== "string") {
    throw new DataError(`${name}${key} is ${describe(value)}: expected a string`, { path });
  }
  return value?.replaceAll("\\", "/");
}

function namesOf(file: JsonObject, key: string, path: string): string[] | undefined {
  const value = file[key] ?? undefined;
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || !value.every((name) => typeof name === "string")) {
    throw new DataError(`${key} is not a list of paths`, { path });
  }
  return value.map((name: string) => name.replaceAll("\\", "/"));
}
