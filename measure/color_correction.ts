/**
 * Colour correction of a render before it is compared with its photo: where exposure or white balance vary between
 * photos, the plain PSNR of a held-out view depends on a brightness that no training photo tells.
 *
 * @module
 */

import { checkPair, type Image } from "../ffi/image.ts";

/**
 * The render without the gain and offset of each channel, as gsplat computes it for its colour-corrected scores. The
 * render is regressed on the photo, channel by channel, over all pixels:
 *
 * ```text
 * a = cov(photo, render) / var(photo)      b = mean(render) - a mean(photo)
 * corrected = clip((render - b) / a, 0, 1)
 * ```
 *
 * Any affine change of a channel of the render, with a gain other than 0, therefore leaves the result as it is. This is
 * not the correction with the smallest error: a blurred render has a < 1 and is sharpened, so a corrected PSNR can be
 * lower than the plain one. If a channel of the photo is constant, or uncorrelated with that of the render, only the
 * means are made equal. Sums are in float64.
 *
 * @example
 * ```ts
 * import { colorCorrected } from "./color_correction.ts";
 *
 * const photo = { width: 2, height: 1, rgb: new Float32Array([0.25, 0.5, 0.75, 0.5, 0.75, 1]) };
 * const dark = { ...photo, rgb: photo.rgb.map((value) => value / 2) };
 * console.log(colorCorrected(dark, photo).rgb); // the photo's values
 * ```
 *
 * @param render A render; values are usually 0 to 1
 * @param photo Its photo, of the same size
 * @returns A new image, values 0 to 1
 * @throws {TameError} When the sizes differ
 */
export function colorCorrected(render: Image, photo: Image): Image {
  checkPair(render, photo);
  const { width, height } = render;
  const rgb = new Float32Array(render.rgb.length);
  for (let channel = 0; channel < 3; channel++) {
    const { gain, offset } = regression(render.rgb, photo.rgb, channel);
    for (let i = channel; i < rgb.length; i += 3) {
      rgb[i] = Math.min(Math.max((render.rgb[i] - offset) / gain, 0), 1);
    }
  }
  return { width, height, rgb };
}

/** Gain and offset of a channel of the render over the photo's. */
function regression(render: Float32Array, photo: Float32Array, channel: number): { gain: number; offset: number } {
  // The sum of equal floats is exact, so that a constant channel has a variance of exactly 0.
  const renderMean = channelMean(render, channel), photoMean = channelMean(photo, channel);
  let covariance = 0, variance = 0;
  for (let i = channel; i < render.length; i += 3) {
    const difference = photo[i] - photoMean;
    covariance += difference * (render[i] - renderMean);
    variance += difference * difference;
  }
  const gain = variance > 0 && covariance !== 0 ? covariance / variance : 1;
  return { gain, offset: renderMean - gain * photoMean };
}

function channelMean(values: Float32Array, channel: number): number {
  let sum = 0;
  for (let i = channel; i < values.length; i += 3) sum += values[i];
  return sum / (values.length / 3);
}
