// 8-bit and unclamped images as the metrics take them: floats in [0, 1].

import type { Image } from "../ffi/image.ts";
import type { Image8 } from "../load/images.ts";

/** An 8-bit image as floats, value / 255; an alpha channel is left out. */
export function toFloat(image: Image8): Image {
  const { width, height, channels, data } = image;
  const rgb = new Float32Array(3 * width * height);
  if (channels === 3) {
    for (let i = 0; i < rgb.length; i++) rgb[i] = data[i] / 255;
  } else {
    for (let pixel = 0; pixel < width * height; pixel++) {
      for (let channel = 0; channel < 3; channel++) {
        rgb[3 * pixel + channel] = data[channels * pixel + channel] / 255;
      }
    }
  }
  return { width, height, rgb };
}

/** A render's colours brought to [0, 1], in place. */
export function clampColors(image: Image): Image {
  const { rgb } = image;
  for (let i = 0; i < rgb.length; i++) rgb[i] = Math.min(Math.max(rgb[i], 0), 1);
  return image;
}
