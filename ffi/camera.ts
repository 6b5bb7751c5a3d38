// Packs a camera for native code.

import { type Camera, DEFAULT_NEAR } from "../base/scene.ts";
import { checkCount, checkLength } from "./errors.ts";
import { Struct } from "./struct.ts";

const MAX_SIDE = 16384;

/** Packs a camera into a `tame_camera`; throws "invalid argument" when its size or the length of its pose is wrong. */
export function packCamera(camera: Camera): Uint8Array<ArrayBuffer> {
  checkCount("camera.width", camera.width, { minimum: 1, maximum: MAX_SIDE });
  checkCount("camera.height", camera.height, { minimum: 1, maximum: MAX_SIDE });
  checkLength("camera.rotation", camera.rotation, 9);
  checkLength("camera.translation", camera.translation, 3);
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
    .bytes;
}
