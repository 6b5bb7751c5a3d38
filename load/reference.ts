// Sizes and cameras as the reference implementation of Mallick et al. 2024 reads them, for runs in parity with it.

import type { Camera, ImageSize } from "../base/scene.ts";
import { AUTOMATIC_WIDTH, targetSize } from "./images.ts";

/**
 * {@linkcode targetSize} with the reference's rounding: it divides both sides by width / target and rounds down, which
 * loses a pixel for some widths, such as 1601.
 *
 * @param width Stored width in pixels
 * @param height Stored height in pixels
 * @param resolution As for {@linkcode targetSize}
 * @returns Pixels, at least 1 on each side
 */
export function referenceSize(width: number, height: number, resolution: number): ImageSize {
  const exact = targetSize(width, height, resolution);
  if ([1, 2, 4, 8].includes(resolution) || (resolution === -1 && width <= AUTOMATIC_WIDTH)) return exact;
  const factor = width / (resolution === -1 ? AUTOMATIC_WIDTH : resolution);
  return { width: Math.max(1, Math.floor(width / factor)), height: Math.max(1, Math.floor(height / factor)) };
}

/** The camera with a central principal point, as the reference assumes. */
export function centred(camera: Camera): Camera {
  return { ...camera, cx: camera.width / 2, cy: camera.height / 2 };
}
