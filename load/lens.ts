// Lenses: intrinsics with distortion, in the terms that every reader translates its own camera models to.

import { DataError } from "../base/errors.ts";
import type { Distortion, ImageSize, LensModel, Pinhole } from "../base/scene.ts";

/** What a capture says of a camera, for photos of `width` × `height` pixels. */
export interface Intrinsics extends Pinhole {
  /** Lens distortion, where there is any. */
  distortion?: Distortion;
}

/** The distortion, or nothing where all coefficients are 0. */
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

/** Focal lengths and principal points beyond these are none of a camera, and no float32 in later places. */
const LEAST_FOCAL = 1e-6;
const LARGEST = 1e9;

/** Refuses intrinsics that no camera has; `name` says whose they are, `path` is the file that states them. */
export function checkIntrinsics(camera: Intrinsics, { name, path }: { name: string; path: string }): void {
  const { fx, fy, cx, cy, distortion } = camera;
  const numbers = [fx, fy, cx, cy, ...distortion?.coefficients ?? []];
  if (!(fx >= LEAST_FOCAL && fy >= LEAST_FOCAL) || !numbers.every((value) => Math.abs(value) <= LARGEST)) {
    throw new DataError(`${name} has unusable parameters: ${numbers.join(", ")}`, { path });
  }
}
