// The centres of the splats with their colours, for the page to draw.

import type { Gaussians } from "../ffi/gaussians.ts";
import { binaryMessage } from "./messages.ts";

/** Splats whose centres a page gets at most: it draws them without a GPU. */
const MOST_CENTRES = 150_000;

/** Coefficient of the constant spherical harmonic, Y₀₀ = 1 / (2 √π). */
const Y00 = 0.5 / Math.sqrt(Math.PI);

/**
 * A message with the centres and the colours of the splats, or of every k-th one if there are many. Native work: call
 * it only between two steps.
 */
export function centresMessage(gaussians: Gaussians, iteration: number): Uint8Array<ArrayBuffer> {
  const stride = Math.max(1, Math.ceil(gaussians.count / MOST_CENTRES));
  const count = Math.ceil(gaussians.count / stride);
  const means = gaussians.download("means");
  const colors = gaussians.download("shDc");
  const values = new Float32Array(6 * count);
  for (let i = 0; i < count; i++) {
    const from = 3 * i * stride;
    values.set(means.subarray(from, from + 3), 3 * i);
    for (let channel = 0; channel < 3; channel++) {
      values[3 * (count + i) + channel] = 0.5 + Y00 * colors[from + channel];
    }
  }
  return binaryMessage({ type: "centres", count, iteration }, new Uint8Array(values.buffer));
}
