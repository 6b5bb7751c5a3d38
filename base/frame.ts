/**
 * The frame of a scene: its coordinates are float32 on a device, so that those of a capture in, say, a national grid
 * are taken off an origin, and those of a very small one are scaled by a power of two.
 *
 * @module
 */

import type { Vec3 } from "./vec3.ts";

/** Where local coordinates are in the capture's: at `origin + scale · (x, y, z)`. There is no rotation. */
export interface Frame {
  /** The local origin in the capture's coordinates. */
  readonly origin: Vec3;
  /** Units of the capture in a local unit; greater than 0, a power of two in frames that `loadScene` chooses. */
  readonly scale: number;
}

/** The frame of coordinates that are the capture's own. */
export const CAPTURE_FRAME: Frame = Object.freeze({ origin: Object.freeze([0, 0, 0] as const), scale: 1 });

/** Coordinates x, y, z of some points: as float64 until a frame is taken off. */
export type Coordinates = Float32Array | Float64Array;

/** A change of coordinates from one frame to another. */
export interface FrameChange {
  /** Frame of the given coordinates. Default {@linkcode CAPTURE_FRAME}. */
  from?: Frame;
  /** Frame of the result. Default {@linkcode CAPTURE_FRAME}. */
  to?: Frame;
}

/** Where a camera is, and which way it looks: a world point X lies at R X + t. */
export interface Pose {
  /** World-to-camera rotation R: 9 numbers, row-major. */
  rotation: number[];
  /** World-to-camera translation t: 3 numbers. */
  translation: number[];
}

/**
 * Rejects a frame that no coordinates can be in.
 *
 * @internal
 * @throws {RangeError} When the scale is not greater than 0, or a number is not finite
 */
export function checkFrame({ origin, scale }: Frame): void {
  if (origin.length === 3 && [...origin, scale].every(Number.isFinite) && scale > 0) return;
  throw new RangeError(
    `Cannot use a frame of origin (${origin.join(", ")}) and scale ${scale}: it takes three finite numbers, and a ` +
      "finite one above 0",
  );
}

/** Whether two frames are the same. */
export function sameFrame(a: Frame, b: Frame): boolean {
  return a.scale === b.scale && a.origin.every((value, axis) => value === b.origin[axis]);
}

/**
 * A point in another frame.
 *
 * @example
 * ```ts
 * import { pointInFrame } from "./frame.ts";
 *
 * const frame = { origin: [500_000, 4_600_000, 0], scale: 4 } as const;
 * const [x] = pointInFrame([500_002, 4_600_000, 0], { to: frame });
 * if (x !== 0.5) throw new Error("2 of the capture's units are half a local one");
 * ```
 *
 * @param point x, y, z
 * @param change The two frames
 * @returns x, y, z
 */
export function pointInFrame(point: Vec3, change: FrameChange): Vec3 {
  const map = mapOf(change);
  return [map(point[0], 0), map(point[1], 1), map(point[2], 2)];
}

/**
 * Points in another frame. Between equal frames the values stay as they are.
 *
 * @param positions x, y, z of each point
 * @param change The two frames
 * @returns x, y, z of each point as float64
 */
export function pointsInFrame(positions: Coordinates, change: FrameChange): Float64Array {
  return mapped(positions, new Float64Array(positions.length), change);
}

/**
 * {@linkcode pointsInFrame} as float32, for a frame in which that is exact enough.
 *
 * @internal
 */
export function floatPointsInFrame(positions: Coordinates, change: FrameChange): Float32Array {
  return mapped(positions, new Float32Array(positions.length), change);
}

function mapped<Out extends Coordinates>(positions: Coordinates, out: Out, change: FrameChange): Out {
  const map = mapOf(change);
  for (let i = 0; i < positions.length; i++) out[i] = map(positions[i], i % 3);
  return out;
}

/**
 * A camera, or a bare pose, in another frame; a near plane changes with the scale.
 *
 * @param camera Rotation and translation from the world to the camera, and anything else
 * @param change The two frames
 * @returns The camera; the same object between equal frames
 */
export function cameraInFrame<C extends Pose & { near?: number }>(camera: C, change: FrameChange): C {
  const { from = CAPTURE_FRAME, to = CAPTURE_FRAME } = change;
  if (sameFrame(from, to)) return camera;
  const { rotation: r, translation: t, near } = camera;
  const [x, y, z] = to.origin.map((value, axis) => value - from.origin[axis]);
  const translation = t.map((value, k) =>
    (from.scale * value + r[3 * k] * x + r[3 * k + 1] * y + r[3 * k + 2] * z) / to.scale
  );
  return { ...camera, translation, ...(near === undefined ? {} : { near: near * from.scale / to.scale }) };
}

/**
 * Gaussians in another frame: centres as float64, because float32 cannot hold those far from the origin, and scales.
 * Quaternions, opacities and harmonics are the same in all frames.
 *
 * @example
 * ```ts
 * import { splatsInFrame } from "./frame.ts";
 *
 * const frame = { origin: [500_000, 4_600_000, 0], scale: 4 } as const;
 * const splats = { means: new Float32Array([0.5, 0, 0]), logScales: new Float32Array(3) };
 * const { means, logScales } = splatsInFrame(splats, { from: frame });
 * if (means[0] !== 500_002 || logScales[0] !== Math.fround(Math.log(4))) throw new Error("in the capture's units");
 * ```
 *
 * @param splats Gaussians, such as `Gaussians.toArrays()` gives; other properties are kept
 * @param change The two frames
 * @returns Gaussians; the given arrays are not changed
 */
export function splatsInFrame<Splats extends { means: Coordinates; logScales: Float32Array }>(
  splats: Splats,
  change: FrameChange,
): Omit<Splats, "means"> & { means: Float64Array } {
  const { from = CAPTURE_FRAME, to = CAPTURE_FRAME } = change;
  const grow = Math.log(from.scale / to.scale);
  return {
    ...splats,
    means: pointsInFrame(splats.means, change),
    logScales: grow === 0 ? splats.logScales : splats.logScales.map((value) => value + grow),
  };
}

/** Maps a coordinate of an axis; the difference of the origins is exact where both are on a grid. */
function mapOf({ from = CAPTURE_FRAME, to = CAPTURE_FRAME }: FrameChange): (value: number, axis: number) => number {
  if (sameFrame(from, to)) return (value) => value;
  const shift = from.origin.map((value, axis) => value - to.origin[axis]);
  return (value, axis) => (shift[axis] + from.scale * value) / to.scale;
}
