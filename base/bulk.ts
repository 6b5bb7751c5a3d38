// Where most of some points are: far ones must not set the first view of a model.

import type { Vec3 } from "./vec3.ts";

/**
 * The median of points on each axis, and the distance from it within which nine tenths of them are.
 *
 * @example
 * ```ts
 * import { bulkOf } from "./bulk.ts";
 *
 * console.log(bulkOf(new Float32Array([0, 0, 0, 1, 0, 0, 9, 0, 0])).center[0]); // 1
 * ```
 *
 * @param means x, y and z of at least one point
 * @returns The radius is 1 if all are in one place
 */
export function bulkOf(means: Float32Array): { center: Vec3; radius: number } {
  const count = means.length / 3;
  const axes = [0, 1, 2].map((axis) => Float32Array.from({ length: count }, (_, i) => means[3 * i + axis]));
  const center = axes.map((values) => values.toSorted()[count >> 1]) as unknown as Vec3;
  const distances = Float32Array.from(
    { length: count },
    (_, i) => Math.hypot(...center.map((value, axis) => value - means[3 * i + axis])),
  );
  return { center, radius: distances.sort()[Math.floor(0.9 * (count - 1))] || 1 };
}
