/**
 * Distances to the nearest neighbours within the available memory: all points at once, else in batches, else one
 * distance for all from the size of the point cloud.
 *
 * @module
 */

import type { Device } from "../ffi/device.ts";
import { TameError } from "../ffi/errors.ts";
import { meanDist2 } from "../ffi/knn.ts";

/** Options of {@linkcode knnMeanDist2}. */
export interface KnnOptions {
  /** How many nearest points to average over, 1 to 16. Default 3. */
  neighbours?: number;
  /** Bytes that the search may allocate; 0 for the device's own limit. Default 0. */
  byteLimit?: number;
  /** Called once for each fall-back, with a sentence about it. */
  onFallback?: (message: string) => void;
}

/** Queries in a batch when all at once do not fit. */
const BATCH = 50_000;

/** Batch sizes in the order they are tried (0: all at once), and what comes next when one does not fit. */
const ATTEMPTS: [batch: number, next: string][] = [
  [0, `searching in batches of ${BATCH}`],
  [BATCH, "every Gaussian starts with the same size, from the points' bounding box"],
];

/**
 * Mean squared distance of every point to its nearest other points; exact, duplicates count with distance 0.
 *
 * If the memory is too small for all points at once, they are searched in batches of 50 000. If even that does not fit,
 * every point gets the squared spacing that the points would have if they filled their bounding box evenly. Each
 * fall-back is reported through `onFallback`.
 *
 * @example
 * ```ts
 * import { knnMeanDist2, openDevice } from "../mod.ts";
 *
 * using device = await openDevice({ backend: "cpu" });
 * const corners = new Float32Array([0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1]); // the origin and three unit steps
 * const [origin] = await knnMeanDist2(device, corners);
 * if (origin !== 1) throw new Error("the origin's three neighbours are 1 away");
 * ```
 *
 * @param device Open device
 * @param points 3N finite world coordinates
 * @param options Number of neighbours, memory bound, reports
 * @returns N mean squared distances, in squared world units
 * @throws {TameError} When an argument is wrong
 */
export async function knnMeanDist2(
  device: Device,
  points: Float32Array,
  options: KnnOptions = {},
): Promise<Float32Array> {
  const { neighbours = 3, byteLimit = 0, onFallback } = options;
  const count = Math.floor(points.length / 3);
  for (const [batch, next] of ATTEMPTS) {
    try {
      return await meanDist2(device, points, { neighbours, batch, byteLimit });
    } catch (error) {
      if (!(error instanceof TameError && error.status === "out of memory")) throw error;
      onFallback?.(
        `The search for the nearest neighbours of ${count} points needs ${error.bytesWanted} bytes; ` +
          `${error.bytesFree} are free: ${next}`,
      );
    }
  }
  return new Float32Array(count).fill(evenSpacing2(points));
}

/** Squared spacing of N points spread evenly over a cube whose diagonal is that of the points' bounding box. */
function evenSpacing2(points: Float32Array): number {
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  for (let i = 0; i < points.length; i++) {
    const axis = i % 3;
    low[axis] = Math.min(low[axis], points[i]);
    high[axis] = Math.max(high[axis], points[i]);
  }
  const diagonal2 = [0, 1, 2].reduce((sum, axis) => sum + (high[axis] - low[axis]) ** 2, 0);
  return diagonal2 / 3 / Math.cbrt(points.length / 3) ** 2;
}
