// 8-bit and unclamped images as the metrics take them: floats in [0, 1].

import type { Image8 } from "../base/scene.ts";
import type { Image } from "../ffi/image.ts";
import type { Color } from "../ffi/rasterizer.ts";

/** An 8-bit image as floats, value / 255; one with alpha is composited over the background. */
export function toFloat(image: Image8, background: Color = [0, 0, 0]): Image {
  const { width, height, channels, data } = image;
  const rgb = new Float32Array(3 * width * height);
  if (channels === 3) {
    for (let i = 0; i < rgb.length; i++) rgb[i] = data[i] / 255;
  } else {
    for (let pixel = 0; pixel < width * height; pixel++) {
      const alpha = data[4 * pixel + 3] / 255;
      for (let channel = 0; channel < 3; channel++) {
        rgb[3 * pixel + channel] = data[4 * pixel + channel] / 255 * alpha + background[channel] * (1 - alpha);
      }
    }
  }
  return { width, height, rgb };
}

/** An 8-bit image without alpha: one that has it is composited over the background, to the nearest byte. */
export function flattened(image: Image8, background?: Color): Image8 {
  if (image.channels === 3) return image;
  const { width, height } = image;
  const data = Uint8Array.from(toFloat(image, background).rgb, (value) => Math.round(255 * value));
  return { width, height, channels: 3, data };
}

/** A render's colours brought to [0, 1], in place. */
export function clampColors(image: Image): Image {
  const { rgb } = image;
  for (let i = 0; i < rgb.length; i++) rgb[i] = Math.min(Math.max(rgb[i], 0), 1);
  return image;
}

/** Opacities as bytes: 255 where nothing shines through. */
export function alphaPlane(alpha: Float32Array): Uint8Array {
  return Uint8Array.from(alpha, (value) => Math.round(255 * Math.min(Math.max(value, 0), 1)));
}

/** Depths in world units as 16-bit numbers, `scale` of them a unit; what is further away than 65 535 is 65 535. */
export function depthPlane(depth: Float32Array, scale: number): Uint16Array {
  return Uint16Array.from(depth, (value) => Math.min(Math.round(value * scale), 65_535));
}
