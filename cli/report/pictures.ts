// Pictures of views in reports.

import type { ColorTransform } from "../../base/exposure.ts";
import type { Image8, View } from "../../base/scene.ts";
import { imageGrid } from "../../eval/image_grid.ts";
import type { Gaussians } from "../../ffi/gaussians.ts";
import type { Color } from "../../ffi/rasterizer.ts";
import { loadSharp } from "../../ffi/sharp.ts";
import { renderExposed8 } from "../../measure/exposure.ts";
import { flattened } from "../../measure/pixels.ts";

/** JPEG quality. */
const QUALITY = 88;

/** A view as the Gaussians render it, with the exposure of its photo if that is given, on the left, its photo on the right. */
export async function renderBesidePhoto(
  gaussians: Gaussians,
  view: View,
  background: Color,
  transform?: ColorTransform,
): Promise<Image8> {
  const render = await renderExposed8(gaussians, view.camera, { background, transform });
  return imageGrid([render, flattened(await view.photo(), background)], 2);
}

/** A JPEG file of an RGB image, at most so many pixels wide. */
export async function jpegOf({ width, height, data }: Image8, mostWidth: number): Promise<Uint8Array> {
  const sharp = await loadSharp();
  return await sharp(data, { raw: { width, height, channels: 3 } })
    .resize({ width: mostWidth, withoutEnlargement: true })
    .jpeg({ quality: QUALITY })
    .toBuffer();
}
