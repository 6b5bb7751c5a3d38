// Poses of cameras from the conventions of other programs: every reader converts to world to camera, with x right, y
// down and z forward.

import { DataError } from "../base/errors.ts";
import { cross, dot, length, normalize, scale, subtract, type Vec3 } from "../base/vec3.ts";
import { FARTHEST } from "./points.ts";

/** A camera's pose, world to camera. */
export interface CameraPose {
  /** The rotation: 9 numbers, row-major. */
  rotation: number[];
  /** The translation, in world units. */
  translation: number[];
}

/** Axes of a camera: `"down"`, y down and z forward (COLMAP, OpenCV); `"up"`, y up and z backward (OpenGL, ARKit). */
export type CameraAxes = "down" | "up";

/** Tolerance of the products of a rotation's columns, after scaling. */
const LOOSEST = 1e-2;

/**
 * The pose of a camera-to-world matrix. A common scale of all columns is divided out: it does not change any ray. Throws
 * a {@linkcode DataError} when it is not a rotation, or out of range.
 *
 * @internal
 *
 * @param matrix At least 3 rows of 4 numbers
 * @param axes The axes of the camera
 * @param where The matrix's name and file, for error messages
 */
export function poseFromCameraToWorld(
  matrix: number[][],
  axes: CameraAxes,
  where: { name: string; path: string },
): CameraPose {
  const sign = axes === "up" ? -1 : 1;
  const column = (k: number): Vec3 => scale([matrix[0][k], matrix[1][k], matrix[2][k]], k === 0 ? 1 : sign);
  const size = Math.cbrt(dot(column(0), cross(column(1), column(2))));
  // The rows of world to camera are the columns of camera to world; made orthonormal, because files round their
  // numbers.
  const x = normalize(column(0));
  const y = normalize(subtract(column(1), scale(x, dot(column(1), x))));
  const z = cross(x, y);
  const off = [x, y, z].map((axis, k) => length(subtract(column(k), scale(axis, size))));
  if (!(size > 0) || !(Math.max(...off) <= LOOSEST * size)) {
    throw new DataError(`${where.name} is not a rotation`, { path: where.path });
  }
  const center: Vec3 = [matrix[0][3], matrix[1][3], matrix[2][3]];
  const translation = [x, y, z].map((axis) => -dot(axis, center));
  return { rotation: [...x, ...y, ...z], translation: checkTranslation(translation, where) };
}

/** The translation; throws a {@linkcode DataError} when it is out of the range of coordinates. */
export function checkTranslation(translation: number[], { name, path }: { name: string; path: string }): number[] {
  if (translation.every((value) => Math.abs(value) <= FARTHEST)) return translation;
  throw new DataError(`${name} is out of range`, { path });
}
