// Gives a render the exposure of a view's photo.

import type { ColorTransform } from "../base/exposure.ts";
import type { Camera, Image8 } from "../base/scene.ts";
import type { Gaussians } from "../ffi/gaussians.ts";
import type { Image } from "../ffi/image.ts";
import { type Color, renderColors, renderImage8 } from "../ffi/rasterizer.ts";
import { inParts } from "./pixels.ts";

/**
 * Applies a colour transform to a render, in place.
 *
 * @param image A render
 * @param transform What to apply; without one the image stays as it is
 * @returns The image
 */
export function exposed(image: Image, transform: ColorTransform | undefined): Image {
  if (transform !== undefined) apply(image.rgb, transform);
  return image;
}

/** {@linkcode exposed} part by part; the event loop is free in between. */
export async function exposedAsync(image: Image, transform: ColorTransform | undefined): Promise<Image> {
  if (transform === undefined) return image;
  await inParts(image.rgb.length / 3, (from, to) => apply(image.rgb.subarray(3 * from, 3 * to), transform));
  return image;
}

function apply(rgb: Float32Array, [m00, m01, m02, b0, m10, m11, m12, b1, m20, m21, m22, b2]: ColorTransform): void {
  for (let i = 0; i < rgb.length; i += 3) {
    const red = rgb[i], green = rgb[i + 1], blue = rgb[i + 2];
    rgb[i] = m00 * red + m01 * green + m02 * blue + b0;
    rgb[i + 1] = m10 * red + m11 * green + m12 * blue + b1;
    rgb[i + 2] = m20 * red + m21 * green + m22 * blue + b2;
  }
}

/** What {@linkcode renderExposed8} takes beside the camera. */
export interface ExposedRenderOptions {
  /** Background: red, green, blue, 0 to 1. Default black. */
  background?: Color;
  /** What to apply to the render and its background; without one the render stays as it is. */
  transform?: ColorTransform;
}

/** Renders one camera to bytes, with the exposure of a photo; rounded as by `renderImage8`. */
export async function renderExposed8(
  gaussians: Gaussians,
  camera: Camera,
  { background, transform }: ExposedRenderOptions,
): Promise<Image8> {
  if (transform === undefined) return await renderImage8(gaussians, camera, { background });
  const { width, height, rgb } = exposed(await renderColors(gaussians, camera, { background }), transform);
  const data = Uint8Array.from(rgb, (value) => Math.trunc(Math.min(Math.max(255 * value + 0.5, 0), 255)));
  return { width, height, channels: 3, data };
}
