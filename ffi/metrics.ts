// Metrics and losses of float images, computed natively with sums in float64.

import { ABI } from "./abi.ts";
import type { Device } from "./device.ts";
import { checkPair, type Image } from "./image.ts";

/** Options of {@linkcode ssim}. */
export interface SsimOptions {
  /** "same": zeros around the image, every pixel counts; "valid": only windows wholly inside. Default "same". */
  padding?: "same" | "valid";
}

/**
 * Peak signal-to-noise ratio of two images of one size, in dB for values 0..1; infinite when they are equal.
 *
 * @example
 * ```ts
 * import { openDevice, psnr } from "../mod.ts";
 *
 * using device = await openDevice({ backend: "cpu" });
 * const black = { width: 2, height: 2, rgb: new Float32Array(12) };
 * const grey = { width: 2, height: 2, rgb: new Float32Array(12).fill(0.1) };
 * console.log(psnr(device, black, grey)); // 20
 * ```
 */
export function psnr(device: Device, a: Image, b: Image): number {
  checkPair(a, b);
  const value = new Float64Array(1);
  device.call((symbols, error) =>
    symbols.tame_psnr(
      device.pointer,
      a.width,
      a.height,
      3,
      a.rgb as BufferSource,
      a.rgb.length,
      b.rgb as BufferSource,
      b.rgb.length,
      value,
      1,
      error,
    )
  );
  return value[0];
}

/** Structural similarity (Wang et al. 2004; Gaussian window of 11 × 11, σ 1.5) of two images of one size, values 0..1. */
export function ssim(device: Device, a: Image, b: Image, options: SsimOptions = {}): number {
  checkPair(a, b);
  const value = new Float64Array(1);
  const padding = options.padding === "valid" ? ABI.PADDING_VALID : ABI.PADDING_SAME;
  device.call((symbols, error) =>
    symbols.tame_ssim(
      device.pointer,
      a.width,
      a.height,
      3,
      padding,
      a.rgb as BufferSource,
      a.rgb.length,
      b.rgb as BufferSource,
      b.rgb.length,
      value,
      1,
      error,
    )
  );
  return value[0];
}

/**
 * The training loss (1 − λ) · mean |a − b| + λ · (1 − SSIM(a, b)) of two images of one size, and its gradient with
 * respect to `a` (H·W·3). λ is `lambdaDssim`, 0.2 by default.
 */
export function imageLoss(
  device: Device,
  a: Image,
  b: Image,
  options: { lambdaDssim?: number } = {},
): { value: number; gradient: Float32Array } {
  const gradient = new Float32Array(a.rgb.length);
  const value = nativeLoss(device, [a, b], { lambdaDssim: options.lambdaDssim ?? 0.2, gradient });
  return { value, gradient };
}

/** @internal Mean |a − b| over all pixels and channels, without the work for a gradient. */
export function meanAbsoluteDifference(device: Device, a: Image, b: Image): number {
  return nativeLoss(device, [a, b], { lambdaDssim: 0, gradient: null });
}

function nativeLoss(
  device: Device,
  [a, b]: [Image, Image],
  { lambdaDssim, gradient }: { lambdaDssim: number; gradient: Float32Array<ArrayBuffer> | null },
): number {
  checkPair(a, b);
  const value = new Float64Array(1);
  device.call((symbols, error) =>
    symbols.tame_image_loss(
      device.pointer,
      a.width,
      a.height,
      lambdaDssim,
      a.rgb as BufferSource,
      a.rgb.length,
      b.rgb as BufferSource,
      b.rgb.length,
      value,
      1,
      gradient,
      gradient?.length ?? 0,
      error,
    )
  );
  return value[0];
}
