// Converts 8-bit images and unclamped renders to what metrics take: floats in [0, 1].

import type { Image8 } from "../base/scene.ts";
import type { Image } from "../ffi/image.ts";
import type { Color } from "../ffi/rasterizer.ts";

/** Pixels in a part: a few milliseconds of work. */
const PART = 2 ** 20;

/** An 8-bit image as floats, value / 255; one with alpha is composited over the background. */
export function toFloat(image: Image8, background?: Color): Image {
  const { width, height } = image;
  const rgb = new Float32Array(3 * width * height);
  fillFloats(rgb, image, { background, from: 0, to: width * height });
  return { width, height, rgb };
}

/** {@linkcode toFloat} part by part; the event loop is free in between. */
export async function toFloatAsync(image: Image8, background?: Color): Promise<Image> {
  const { width, height } = image;
  const rgb = new Float32Array(3 * width * height);
  await inParts(width * height, (from, to) => fillFloats(rgb, image, { background, from, to }));
  return { width, height, rgb };
}

function fillFloats(
  rgb: Float32Array,
  { channels, data }: Image8,
  { background = [0, 0, 0], from, to }: { background?: Color; from: number; to: number },
): void {
  if (channels === 3) {
    for (let i = 3 * from; i < 3 * to; i++) rgb[i] = data[i] / 255;
    return;
  }
  for (let pixel = from; pixel < to; pixel++) {
    const alpha = data[4 * pixel + 3] / 255;
    for (let channel = 0; channel < 3; channel++) {
      rgb[3 * pixel + channel] = data[4 * pixel + channel] / 255 * alpha + background[channel] * (1 - alpha);
    }
  }
}

/** An 8-bit image without alpha: one with alpha is composited over the background and rounded to bytes. */
export function flattened(image: Image8, background?: Color): Image8 {
  if (image.channels === 3) return image;
  const { width, height } = image;
  const data = Uint8Array.from(toFloat(image, background).rgb, (value) => Math.round(255 * value));
  return { width, height, channels: 3, data };
}

/** Clamps a render's colours to [0, 1], in place. */
export function clampColors(image: Image): Image {
  clamp(image.rgb);
  return image;
}

/** {@linkcode clampColors} part by part; the event loop is free in between. */
export async function clampColorsAsync(image: Image): Promise<Image> {
  await inParts(image.rgb.length / 3, (from, to) => clamp(image.rgb.subarray(3 * from, 3 * to)));
  return image;
}

function clamp(values: Float32Array): void {
  for (let i = 0; i < values.length; i++) values[i] = Math.min(Math.max(values[i], 0), 1);
}

/** Processes pixels part by part, each part in its own turn of the event loop. */
export async function inParts(pixels: number, work: (from: number, to: number) => void): Promise<void> {
  for (let from = 0; from < pixels; from += PART) {
    if (from > 0) await new Promise((resolve) => setTimeout(resolve, 0));
    work(from, Math.min(from + PART, pixels));
  }
}

/** Opacities as bytes; 255 is opaque. */
export function alphaPlane(alpha: Float32Array): Uint8Array {
  return Uint8Array.from(alpha, (value) => Math.round(255 * Math.min(Math.max(value, 0), 1)));
}

/** The largest value of a plane of depths. */
export const LARGEST_DEPTH = 65_535;

/** Depths times `scale`, as 16-bit integers; at most {@linkcode LARGEST_DEPTH}. */
export function depthPlane(depth: Float32Array, scale: number): Uint16Array {
  return Uint16Array.from(depth, (value) => Math.min(Math.round(value * scale), LARGEST_DEPTH));
}

/** The largest of some depths; 0 if there is none. */
export function farthestOf(depth: Float32Array): number {
  return depth.reduce((farthest, value) => value > farthest ? value : farthest, 0);
}
