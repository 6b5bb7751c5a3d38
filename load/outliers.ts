// Cameras far from all others: a wrong pose among good ones must not set the size of the scene.

import type { Pose } from "../base/frame.ts";
import { cameraCenter } from "./camera.ts";

/** At most one camera in this many is an outlier: more of them are a part of the scene. */
const ONE_IN = 10;

/** An outlier is farther than this many times the distance within which the others are. */
const TIMES_FARTHER = 10;

/** Cameras that are no farther apart than this fraction of their distance from the origin are in one place. */
export const ROUNDING = 1e-9;

/** Cameras, those far from all others apart. */
export interface SeparatedCameras<C extends Pose> {
  /** The cameras that are no outliers, in order. */
  typical: C[];
  /** The others: their indices, and their distances from the median of all centres, in world units. */
  outliers: { index: number; distance: number }[];
  /** Distance from that median within which nine of ten cameras are, in world units. */
  radius: number;
}

/**
 * Separates cameras that are more than 10 times as far from the median of all centres, taken on each axis, as nine of
 * ten cameras are at most. Fewer than 10 cameras have no outliers, and neither have cameras of which nine of ten are in
 * one place.
 *
 * @example
 * ```ts
 * import { separateOutliers } from "./outliers.ts";
 *
 * const rotation = [1, 0, 0, 0, 1, 0, 0, 0, 1];
 * const at = (x: number) => ({ width: 4, height: 4, fx: 4, fy: 4, cx: 2, cy: 2, rotation, translation: [-x, 0, 0] });
 * const { outliers } = separateOutliers([0, 1, 2, 3, 4, 5, 6, 7, 8, 1000].map(at));
 * console.log(outliers); // [{ index: 9, distance: 995 }]
 * ```
 */
export function separateOutliers<C extends Pose>(cameras: readonly C[]): SeparatedCameras<C> {
  const centers = cameras.map(cameraCenter);
  const median = [0, 1, 2].map((axis) =>
    centers.map((center) => center[axis]).sort((a, b) => a - b)[centers.length >> 1]
  );
  const distances = centers.map((center) => Math.hypot(...center.map((value, axis) => value - median[axis])));
  const ascending = distances.toSorted((a, b) => a - b);
  const radius = ascending[cameras.length - 1 - Math.floor(cameras.length / ONE_IN)] ?? 0;
  const inOnePlace = !(radius > ROUNDING * Math.hypot(...median));
  const isFar = (index: number) => !inOnePlace && distances[index] > TIMES_FARTHER * radius;
  return {
    typical: cameras.filter((_, index) => !isFar(index)),
    outliers: distances.map((distance, index) => ({ index, distance })).filter(({ index }) => isFar(index)),
    radius,
  };
}
