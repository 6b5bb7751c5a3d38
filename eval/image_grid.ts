// Puts images of one size side by side.

import type { Image8 } from "../base/scene.ts";

/**
 * One image of several, in rows from left to right.
 *
 * @param images RGB images of the same size, at least one
 * @param columns Images in a row
 * @returns The image; what the last row lacks is black
 */
export function imageGrid(images: readonly Image8[], columns: number): Image8 {
  const [{ width, height }] = images;
  const rows = Math.ceil(images.length / columns);
  const stride = 3 * width;
  const data = new Uint8Array(columns * stride * rows * height);
  for (const [index, image] of images.entries()) {
    const left = index % columns * stride;
    const top = Math.floor(index / columns) * height;
    for (let y = 0; y < height; y++) {
      data.set(image.data.subarray(y * stride, (y + 1) * stride), (top + y) * columns * stride + left);
    }
  }
  return { width: columns * width, height: rows * height, channels: 3, data };
}

/** The left half of an RGB image. */
export function leftHalf(image: Image8): Image8 {
  const width = Math.floor(image.width / 2);
  const { height } = image;
  const data = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    const from = 3 * image.width * y;
    data.set(image.data.subarray(from, from + 3 * width), 3 * width * y);
  }
  return { width, height, channels: 3, data };
}
