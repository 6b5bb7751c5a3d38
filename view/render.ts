// Renders what a page shows: colours, depths or opacities of a camera, as JPEG files.

import type { Camera, Image8 } from "../base/scene.ts";
import type { Gaussians } from "../ffi/gaussians.ts";
import { type Color, renderFrame, renderImage8 } from "../ffi/rasterizer.ts";
import { loadSharp } from "../ffi/sharp.ts";
import { alphaPlane } from "../measure/pixels.ts";
import { depthColors } from "./depth_colors.ts";
import type { FrameMode } from "./protocol.ts";

/** Pixels with one value or three. */
export interface Pixels {
  width: number;
  height: number;
  channels: 1 | 3;
  data: Uint8Array;
}

/** Renders a camera. This is native work: call it only between two steps. */
export async function renderMode(
  gaussians: Gaussians,
  camera: Camera,
  { mode, background }: { mode: FrameMode; background: Color },
): Promise<Pixels> {
  if (mode === "color") return rgb(await renderImage8(gaussians, camera, { background }));
  const { width, height } = camera;
  const { alpha, depth } = await renderFrame(gaussians, camera, { background });
  if (mode === "opacity") return { width, height, channels: 1, data: alphaPlane(alpha) };
  return { width, height, channels: 3, data: depthColors(depth, alpha) };
}

function rgb({ width, height, data }: Image8): Pixels {
  return { width, height, channels: 3, data };
}

/**
 * A JPEG file, made on a thread of sharp's.
 *
 * @param pixels What to encode
 * @param quality 1 to 100; from 90 on colours are as sharp as brightness
 */
export async function encodeJpeg({ width, height, channels, data }: Pixels, quality: number): Promise<Uint8Array> {
  const sharp = await loadSharp();
  return await sharp(data, { raw: { width, height, channels } })
    .jpeg({ quality, chromaSubsampling: quality >= 90 ? "4:4:4" : "4:2:0" })
    .toBuffer();
}
