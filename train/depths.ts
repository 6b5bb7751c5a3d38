/**
 * The depths of the capture's points as a part of the loss (`lambdaDepth`).
 *
 * @module
 */

import type { View } from "../base/scene.ts";
import type { Views } from "../ffi/views.ts";

/** Bytes of a depth on a device, with its share of its tile's record. */
const DEPTH_BYTES = 24;

/**
 * Sets the depths of all training views, so that steps can have a depth weight.
 *
 * @param views The views on a device
 * @param photographed The same views of the scene
 */
export function setDepths(views: Views, photographed: readonly View[]): void {
  for (const [i, { camera, depths }] of photographed.entries()) {
    if (depths !== undefined) views.setDepths(i, camera, depths());
  }
}

/**
 * Upper bound of the bytes of all depths.
 *
 * @param photographed Training views
 */
export function depthBytes(photographed: readonly View[]): number {
  return photographed.reduce((sum, { depths }) => sum + DEPTH_BYTES * (depths?.().length ?? 0) / 4, 0);
}
