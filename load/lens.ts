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

/** Bounds of plausible focal lengths and other parameters, which also keep later float32 values finite. */
const LEAST_FOCAL = 1e-6;
const LARGEST = 1e9;

/** Rejects implausible intrinsics; `name` is their owner, `path` the file that states them, for error messages. */
export function checkIntrinsics(camera: Intrinsics, { name, path }: { name: string; path: string }): void {
  const { fx, fy, cx, cy, distortion } = camera;
  const numbers = [fx, fy, cx, cy, ...distortion?.coefficients ?? []];
  if (!(fx >= LEAST_FOCAL && fy >= LEAST_FOCAL) || !numbers.every((value) => Math.abs(value) <= LARGEST)) {
    throw new DataError(`${name} has unusable parameters: ${numbers.join(", ")}`, { path });
  }
}
