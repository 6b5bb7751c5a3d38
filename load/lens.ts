// Lenses: intrinsics with distortion, in the terms that every reader translates its own camera models to.

import { DataError } from "./errors.ts";
import type { ImageSize } from "./images.ts";

/** Families of lens distortion; `cuda/tame.h` has the formulas. */
export type LensModel = "brown" | "fisheye" | "fov";

/** How a lens departs from a pinhole, whatever the size of the photo. */
export interface Distortion {
  /**
   * `"brown"`: k1 k2 p1 p2 k3 k4 k5 k6, a quotient of radial polynomials, and decentring; `"fisheye"`: k1 k2 p1 p2 k3 k4
   * s1 s2, a polynomial in the angle to the axis, decentring and thin prism; `"fov"`: one angle.
   */
  model: LensModel;
  /** The coefficients, in the order above; those left out are 0. */
  coefficients: number[];
}

/** A pinhole without a pose: size, focal lengths and principal point, in pixels. */
export interface Pinhole extends ImageSize {
  /** Focal length along x. */
  fx: number;
  /** Focal length along y. */
  fy: number;
  /** Principal point along x. */
  cx: number;
  /** Principal point along y. */
  cy: number;
}

/** What a capture says of a camera, for photos of `width` × `height` pixels. */
export interface Intrinsics extends Pinhole {
  /** Lens distortion, where there is any. */
  distortion?: Distortion;
}

/** The lens of a photo as it is stored, and the pinhole that the photo is undistorted to. */
export interface Lens extends Pinhole, Distortion {
  /** The undistorted photo: the same focal lengths, cropped to what the photo covers everywhere. */
  pinhole: Pinhole;
  /** The native library that undistorts, as `openDevice` takes it; the package's own when absent. */
  library?: string | URL;
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
