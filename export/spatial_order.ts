// The order of points along a space-filling curve: neighbours in space become neighbours in a file, which compresses it.

/** Bits of each coordinate. */
const BITS = 10;

/**
 * Indices of points in the order of Morton's curve (Morton 1966) through their bounding box.
 *
 * @example
 * ```ts
 * import { spatialOrder } from "./spatial_order.ts";
 *
 * console.log(spatialOrder(new Float32Array([9, 9, 9, 0, 0, 0]))); // [1, 0]
 * ```
 *
 * @param positions 3N coordinates
 * @returns N indices; points of the same cell are in their own order
 */
export function spatialOrder(positions: Float32Array): Uint32Array {
  const count = positions.length / 3;
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  positions.forEach((value, i) => {
    low[i % 3] = Math.min(low[i % 3], value);
    high[i % 3] = Math.max(high[i % 3], value);
  });
  const keys = new Uint32Array(count);
  for (let i = 0; i < positions.length; i++) {
    const axis = i % 3;
    const share = (positions[i] - low[axis]) / (high[axis] - low[axis] || 1);
    keys[Math.floor(i / 3)] |= spread(Math.min(2 ** BITS - 1, Math.floor(share * 2 ** BITS))) << axis;
  }
  return new Uint32Array(count).map((_, i) => i).sort((a, b) => keys[a] - keys[b] || a - b);
}

/** The bits of a 10-bit number, two zeros between any two. */
function spread(value: number): number {
  let bits = value;
  bits = (bits | bits << 16) & 0x030000ff;
  bits = (bits | bits << 8) & 0x0300f00f;
  bits = (bits | bits << 4) & 0x030c30c3;
  return (bits | bits << 2) & 0x09249249;
}
