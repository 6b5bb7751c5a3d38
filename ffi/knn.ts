// The native search for nearest neighbours.

import type { Device } from "./device.ts";
import { checkCount, TameError } from "./errors.ts";

/** Options of {@linkcode meanDist2}. */
export interface MeanDist2Options {
  /** Number of nearest points to average over, 1 to 16. Default 3. */
  neighbours?: number;
  /** Queries processed at a time; 0 for all at once. Default 0. */
  batch?: number;
  /** Bytes that the search may allocate; 0 for the device's limit. Default 0. */
  byteLimit?: number;
}

/**
 * Exact mean squared distance of each of N points (3N finite floats) to its nearest other points. Throws "out of
 * memory" when a batch needs more than `byteLimit`.
 */
export async function meanDist2(
  device: Device,
  points: Float32Array,
  options: MeanDist2Options = {},
): Promise<Float32Array> {
  const { neighbours = 3, batch = 0, byteLimit = 0 } = options;
  checkCount("neighbours", neighbours, { minimum: 1, maximum: 16 });
  checkCount("batch", batch);
  checkCount("byteLimit", byteLimit, { maximum: Number.MAX_SAFE_INTEGER });
  if (points.length % 3 !== 0) {
    throw new TameError("invalid argument", `points has ${points.length} elements: expected three for each point`);
  }
  const result = new Float32Array(points.length / 3);
  await device.queue((symbols, error) =>
    symbols.tame_knn_mean_dist2(
      device.pointer,
      points as BufferSource,
      points.length,
      neighbours,
      batch,
      BigInt(byteLimit),
      result,
      result.length,
      error,
    )
  );
  return result;
}
