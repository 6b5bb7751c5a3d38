// The float image that renders return and metrics take.

/** A float image: linear rows from the top, channels interleaved, values nominally 0..1 and not clamped. */
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
