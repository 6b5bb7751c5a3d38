// Packs a camera for native code.

import { type Camera, type Coverage, DEFAULT_NEAR } from "../base/scene.ts";
import { ABI } from "./abi.ts";
import { checkCount, checkLength, TameError } from "./errors.ts";
import { Struct } from "./struct.ts";

const MAX_SIDE = 16384;

const COVERAGES: Record<Coverage, number> = { alpha: ABI.COVERAGE_ALPHA, rectangle: ABI.COVERAGE_RECTANGLE };

/**
 * Packs a camera into a `tame_camera`; throws "invalid argument" when its size, the length of its pose or its coverage
 * is wrong. `antialiasing` is used if the camera does not set it.
 */
export function packCamera(camera: Camera, antialiasing = false): Uint8Array<ArrayBuffer> {
  checkCount("camera.width", camera.width, { minimum: 1, maximum: MAX_SIDE });
  checkCount("camera.height", camera.height, { minimum: 1, maximum: MAX_SIDE });
  checkLength("camera.rotation", camera.rotation, 9);
  checkLength("camera.translation", camera.translation, 3);
  const { coverage = "alpha" } = camera;
  if (!Object.hasOwn(COVERAGES, coverage)) {
    throw new TameError("invalid argument", `camera.coverage is "${coverage}": expected "alpha" or "rectangle"`);
  }
  return new Struct("tame_camera")
    .set("width", camera.width)
    .set("height", camera.height)
    .set("fx", camera.fx)
    .set("fy", camera.fy)
    .set("cx", camera.cx)
    .set("cy", camera.cy)
    .set("near_plane", camera.near ?? DEFAULT_NEAR)
    .set("rotation", camera.rotation)
    .set("translation", camera.translation)
    .set("coverage", COVERAGES[coverage])
    .set("antialiasing", camera.antialiasing ?? antialiasing ? 1 : 0)
    .bytes;
}
