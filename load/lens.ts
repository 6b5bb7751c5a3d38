// Intrinsics with distortion: every reader converts its camera models to these.

import { DataError } from "../base/errors.ts";
import type { Distortion, ImageSize, LensModel, Pinhole } from "../base/scene.ts";

/** The intrinsics of a camera, for photos of `width` × `height` pixels. */
export interface Intrinsics extends Pinhole {
  /** Lens distortion, if any. */
  distortion?: Distortion;
}

/** The distortion; undefined if all coefficients are 0. */
export function distortionOf(model: LensModel, coefficients: number[]): Distortion | undefined {
  return coefficients.some((value) => value !== 0) ? { model, coefficients } : undefined;
}

/** The same camera for photos of another size; each axis is scaled by its own ratio. */
export function resizeIntrinsics<T extends Pinhole>(camera: T, size: ImageSize): T {
  const scaleX = size.width / camera.width;
  const scaleY = size.height / camera.height;
  return {
    ...camera,
    width: size.width,
    height: size.height,
    fx: camera.fx * scaleX,
    fy: camera.fy * scaleY,
    cx: camera.cx * scaleX,
    cy: camera.cy * scaleY,
  };
}

/** Largest factor that {@linkcode reductionOf} finds, and how far principal points may be from the centre for it. */
const MOST_REDUCED = 16;
const OFF_CENTRE = 0.05;

/**
 * How many times larger on both axes the photos of a principal point are than a stored photo, if that is a whole number
 * up to 16: with their size it is within 5 % of the centre's coordinates. Undefined if there is no such number.
 */
export function reductionOf({ cx, cy }: { cx: number; cy: number }, stored: ImageSize): number | undefined {
  const [across, down] = [2 * cx / stored.width, 2 * cy / stored.height];
  const factor = Math.round((across + down) / 2);
  const fits = [across, down].every((ratio) => Math.abs(ratio - factor) <= OFF_CENTRE * factor);
  return fits && factor >= 1 && factor <= MOST_REDUCED ? factor : undefined;
}

/** Bounds of focal lengths, in longer sides of the photo: angles of view of 169° and 0.57° for a pinhole. */
const SHORTEST_FOCAL = 0.05;
const LONGEST_FOCAL = 100;

/** Bound of the distortion's coefficients, which keeps later float32 values finite. */
const LARGEST = 1e9;

/**
 * Rejects intrinsics that cannot be: a focal length below 0.05 or above 100 longer sides of the photo, a principal
 * point outside the photo, or coefficients of distortion beyond 1e9. `name` is their owner, `path` the file that states
 * them, for error messages.
 */
export function checkIntrinsics(camera: Intrinsics, { name, path }: { name: string; path: string }): void {
  const { width, height, fx, fy, cx, cy, distortion } = camera;
  const reject = (problem: string): never => {
    throw new DataError(`${name} has ${problem}`, { path });
  };
  const numbers = [fx, fy, cx, cy, ...distortion?.coefficients ?? []];
  if (!numbers.every((value) => Math.abs(value) <= LARGEST)) reject(`unusable parameters: ${numbers.join(", ")}`);
  const size = `${width} x ${height} pixels`;
  const [shortest, longest] = [SHORTEST_FOCAL, LONGEST_FOCAL].map((sides) => sides * Math.max(width, height));
  if (![fx, fy].every((focal) => focal >= shortest && focal <= longest)) {
    const limits = `${SHORTEST_FOCAL} to ${LONGEST_FOCAL} times the longer side`;
    reject(`focal lengths of ${fx} and ${fy} pixels for photos of ${size}: expected ${limits}`);
  }
  if (!(cx >= 0 && cx <= width && cy >= 0 && cy <= height)) {
    const advice = "if the intrinsics are for another size, state it (w and h of transforms.json)";
    reject(`its principal point at ${cx}, ${cy}, outside its photos of ${size}: ${advice}`);
  }
}
