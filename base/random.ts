/**
 * Counter-based random numbers: Philox4x32 with 10 rounds (Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As
 * Easy as 1, 2, 3", SC 2011). A draw is a pure function of (seed, stream, iteration, index), and does not depend on
 * earlier draws: batching, resuming and thread counts do not change it.
 *
 * @module
 */

/** Which random numbers to draw: all four fields together name one draw. */
export interface Draw {
  /** Non-negative safe integer. */
  seed: number;
  /** What the numbers are for: one of `ABI.STREAM_*`. */
  stream: number;
  /** Iteration or epoch, an unsigned 32-bit integer. */
  iteration: number;
  /** Index within the iteration, an unsigned 32-bit integer. Default 0. */
  index?: number;
}

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9; // the golden ratio
const WEYL_1 = 0xbb67ae85; // sqrt(3) - 1
const ROUNDS = 10;

/** The upper 32 bits of the 64-bit product of two unsigned 32-bit integers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16); // < 2^32
  const cross = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + (cross >>> 16)) >>> 0;
}

/**
 * The Philox4x32-10 bijection.
 *
 * @param counter Four unsigned 32-bit integers
 * @param key Two unsigned 32-bit integers
 * @returns Four unsigned 32-bit integers
 */
export function philox4x32(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): [number, number, number, number] {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0) >>> 0;
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2) >>> 0;
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/**
 * Four random unsigned 32-bit integers, the same for the same draw on every machine.
 *
 * @param draw Seed, stream, iteration and index
 * @returns Four unsigned 32-bit integers
 */
export function randomWords(draw: Draw): [number, number, number, number] {
  const { seed, stream, iteration, index = 0 } = draw;
  return philox4x32([index >>> 0, iteration >>> 0, stream >>> 0, 0], [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0]);
}

/**
 * A random colour, each channel uniform on [0, 1) in steps of 2^-24 (exact in float32).
 *
 * @param draw Seed, stream, iteration and index
 * @returns Red, green, blue
 */
export function randomColor(draw: Draw): [number, number, number] {
  const [red, green, blue] = randomWords(draw);
  return [(red >>> 8) / 2 ** 24, (green >>> 8) / 2 ** 24, (blue >>> 8) / 2 ** 24];
}
