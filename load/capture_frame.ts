// Chooses the frame of a capture: which origin and scale are taken off its coordinates before they become float32.

import { CAPTURE_FRAME, type Coordinates, type Frame, type Pose } from "../base/frame.ts";
import type { Vec3 } from "../base/vec3.ts";
import { cameraCenter } from "./camera.ts";
import { ROUNDING, separateOutliers } from "./outliers.ts";
import { FARTHEST } from "./points.ts";

/**
 * An origin is taken off if the scene is farther from the capture's than this many times its size: a step at the final
 * learning rate of positions, 1.6e-6 extents, is then less than the spacing of float32, 2^-24 of a coordinate or more.
 */
const FAR = 16;

/**
 * Sizes from which on the scale is left as it is, and the octave, from this size to twice this, that smaller ones are
 * scaled into. In scenes smaller than the first, a near plane of 0.2 cuts content off, and floors are too large. Large
 * scenes need no scale: float32 is as exact there, and content can be as near to their cameras as in small ones.
 */
const LEAST_SIZE = 1;
const USUAL_SIZE = 4;

/** Spacing of float32 in local units from which points have lost precision: about a twentieth of a pixel. */
const COARSE = 2 ** -12;

/** Points whose median distance is taken: of more, evenly spaced ones. */
const MOST_POINTS = 100_000;

/**
 * The frame of a capture. Its size is the larger of two lengths, both from the mean of the cameras' centres, those far
 * from all others apart: 1.1 times the distance of the farthest camera, and the median distance of the points.
 *
 * - The origin is zero unless the mean is more than 16 sizes away on some axis. It is then the mean, rounded to a
 *   multiple of the power of two that is at least the size: differences from it are exact in float64.
 * - The scale is 1 for sizes from 1 on and where there is no size. Else it is the power of two with which the size
 *   becomes 4 or more, but less than 8.
 *
 * @param poses Poses of all photos
 * @param positions x, y, z of the points, if there are any
 * @returns {@linkcode CAPTURE_FRAME} if coordinates can stay as they are
 */
export function frameOf(poses: readonly Pose[], positions: Coordinates = new Float64Array()): Frame {
  const { typical } = separateOutliers(poses);
  const center = typical.length > 0 ? mean(typical.map(cameraCenter)) : mean(sampled(positions));
  const reach = 1.1 * typical.map(cameraCenter).reduce((most, place) => Math.max(most, distance(place, center)), 0);
  const inOnePlace = !(reach > ROUNDING * Math.hypot(...center));
  const size = Math.max(inOnePlace ? 0 : reach, median(sampled(positions).map((point) => distance(point, center))));
  const origin = originOf(center, size);
  const scale = scaleOf(size);
  return scale === 1 && origin === CAPTURE_FRAME.origin ? CAPTURE_FRAME : { origin, scale };
}

function originOf(center: Vec3, size: number): Vec3 {
  const unit = size > 0 ? size : 1; // a single camera without points has no size
  if (!center.some((value) => Math.abs(value) > FAR * unit)) return CAPTURE_FRAME.origin;
  const grid = 2 ** Math.ceil(Math.log2(unit));
  const [x, y, z] = center.map((value) => Math.round(value / grid) * grid + 0); // no -0
  return [x, y, z];
}

function scaleOf(size: number): number {
  if (size === 0 || size >= LEAST_SIZE) return 1;
  return 2 ** Math.floor(Math.log2(size)) / USUAL_SIZE;
}

/**
 * A line about a frame.
 *
 * @param frame The scene's frame
 * @returns None for the capture's own
 */
export function frameNotices({ origin, scale }: Frame): string[] {
  const moved = origin.some((value) => value !== 0);
  if (!moved && scale === 1) return [];
  const what = [
    ...(moved ? [`the origin is (${origin.join(", ")})`] : []),
    ...(scale === 1 ? [] : [`a unit is ${scale} of the capture's`]),
  ];
  const why = moved
    ? "Coordinates so far from their origin are not exact enough in float32"
    : "The scene is so small that the near plane and other constants would not suit it";
  return [
    `${why}: in the scene and the model ${what.join(" and ")}. The PLY's comments and frame.json state this frame`,
  ];
}

/**
 * A line about points that have lost their precision: in a binary PLY of floats, far from the origin.
 *
 * @param positions The points of the capture or of the init file, as read
 * @param frame The scene's frame
 */
export function precisionNotices(positions: Coordinates, { origin, scale }: Frame): string[] {
  const most = Math.max(...origin.map(Math.abs));
  const spacing = 2 ** (Math.floor(Math.log2(most)) - 23);
  if (spacing < COARSE * scale || positions.length === 0 || positions instanceof Float64Array) return [];
  return [
    `The points' file has float32 coordinates, which are multiples of ${spacing} this far from the origin: their ` +
    "precision is lost. Write x, y and z as double",
  ];
}

/** Some points with usable coordinates, evenly spaced in the list. */
function sampled(positions: Coordinates): Vec3[] {
  const count = Math.floor(positions.length / 3);
  const step = Math.max(1, Math.ceil(count / MOST_POINTS));
  const points: Vec3[] = [];
  for (let i = 0; i < count; i += step) {
    const point: Vec3 = [positions[3 * i], positions[3 * i + 1], positions[3 * i + 2]];
    if (point.every((value) => Math.abs(value) <= FARTHEST)) points.push(point);
  }
  return points;
}

function mean(points: readonly Vec3[]): Vec3 {
  const [x, y, z] = [0, 1, 2].map((axis) => points.reduce((sum, point) => sum + point[axis] / points.length, 0));
  return [x, y, z];
}

function median(values: number[]): number {
  return Float64Array.from(values).sort()[values.length >> 1] ?? 0;
}

function distance([ax, ay, az]: Vec3, [bx, by, bz]: Vec3): number {
  return Math.hypot(ax - bx, ay - by, az - bz);
}
