// The float image that renders return and metrics take.

import { checkCount, checkLength, TameError } from "./errors.ts";

/** A float image: rows from the top, channels interleaved, values nominally 0..1 and not clamped. */
export interface Image {
  /** Width in pixels. */
  width: number;
  /** Height in pixels. */
  height: number;
  /** width · height · 3 values, background included. */
  rgb: Float32Array;
  /** width · height opacities. */
  alpha?: Float32Array;
  /** width · height depths Σ w z / max(Σ w, 1e-6), in world units. */
  depth?: Float32Array;
}

/** Throws "invalid argument" unless two images have the same size and arrays of the right length. */
export function checkPair(a: Image, b: Image): void {
  checkCount("width", a.width, { minimum: 1 });
  checkCount("height", a.height, { minimum: 1 });
  if (a.width !== b.width || a.height !== b.height) {
    throw new TameError(
      "invalid argument",
      `The images differ in size: ${a.width} x ${a.height} and ${b.width} x ${b.height}`,
    );
  }
  checkLength("rgb", a.rgb, 3 * a.width * a.height);
  checkLength("rgb", b.rgb, 3 * b.width * b.height);
}
