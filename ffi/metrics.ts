// Metrics and losses of float images, computed natively with float64 sums. Functions that end in Async do not block the
// event loop.

import { ABI } from "./abi.ts";
import type { Device } from "./device.ts";
import { checkPair, type Image } from "./image.ts";
import type { Arguments } from "./symbols.ts";

/** Options of {@linkcode ssim}. */
export interface SsimOptions {
  /** "same": zeros around the image, every pixel counts; "valid": only windows wholly inside. Default "same". */
  padding?: "same" | "valid";
}

/**
 * Peak signal-to-noise ratio of two images of the same size, in dB for values 0..1; infinite when they are equal.
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
  const value = new Float64Array(1);
  const values = psnrArguments(device, [a, b], value);
  device.call((symbols, error) => symbols.tame_psnr(...values, error));
  return value[0];
}

/** @internal {@linkcode psnr}, queued after the calls before it. */
export async function psnrAsync(device: Device, a: Image, b: Image): Promise<number> {
  const value = new Float64Array(1);
  const values = psnrArguments(device, [a, b], value);
  await device.queue((symbols, error) => symbols.tame_psnr_async(...values, error));
  return value[0];
}

function psnrArguments(
  device: Device,
  [a, b]: [Image, Image],
  value: Float64Array<ArrayBuffer>,
): Arguments<"tame_psnr"> {
  checkPair(a, b);
  const { width, height } = a;
  return [device.pointer, width, height, 3, ...buffersOf(a), ...buffersOf(b), value, 1];
}

/** SSIM (Wang et al. 2004; 11 × 11 Gaussian window, σ 1.5) of two images of the same size, values 0..1. */
export function ssim(device: Device, a: Image, b: Image, options: SsimOptions = {}): number {
  const value = new Float64Array(1);
  const values = ssimArguments(device, [a, b], { ...options, value });
  device.call((symbols, error) => symbols.tame_ssim(...values, error));
  return value[0];
}

/** @internal {@linkcode ssim}, queued after the calls before it. */
export async function ssimAsync(device: Device, a: Image, b: Image, options: SsimOptions = {}): Promise<number> {
  const value = new Float64Array(1);
  const values = ssimArguments(device, [a, b], { ...options, value });
  await device.queue((symbols, error) => symbols.tame_ssim_async(...values, error));
  return value[0];
}

function ssimArguments(
  device: Device,
  [a, b]: [Image, Image],
  { padding, value }: SsimOptions & { value: Float64Array<ArrayBuffer> },
): Arguments<"tame_ssim"> {
  checkPair(a, b);
  const { width, height } = a;
  const border = padding === "valid" ? ABI.PADDING_VALID : ABI.PADDING_SAME;
  return [device.pointer, width, height, 3, border, ...buffersOf(a), ...buffersOf(b), value, 1];
}

/**
 * The training loss (1 − λ) · mean |a − b| + λ · (1 − SSIM(a, b)) of two images of the same size, and its gradient with
 * respect to `a` (H·W·3). λ is `lambdaDssim` (default 0.2).
 */
export function imageLoss(
  device: Device,
  a: Image,
  b: Image,
  options: { lambdaDssim?: number } = {},
): { value: number; gradient: Float32Array } {
  const value = new Float64Array(1);
  const gradient = new Float32Array(a.rgb.length);
  const values = lossArguments(device, [a, b], { lambdaDssim: options.lambdaDssim ?? 0.2, value, gradient });
  device.call((symbols, error) => symbols.tame_image_loss(...values, error));
  return { value: value[0], gradient };
}

/** @internal Mean |a − b| over all pixels and channels, without a gradient; queued after the calls before it. */
export async function meanAbsoluteDifferenceAsync(device: Device, a: Image, b: Image): Promise<number> {
  const value = new Float64Array(1);
  const values = lossArguments(device, [a, b], { lambdaDssim: 0, value, gradient: null });
  await device.queue((symbols, error) => symbols.tame_image_loss_async(...values, error));
  return value[0];
}

function lossArguments(
  device: Device,
  [a, b]: [Image, Image],
  { lambdaDssim, value, gradient }: {
    lambdaDssim: number;
    value: Float64Array<ArrayBuffer>;
    gradient: Float32Array<ArrayBuffer> | null;
  },
): Arguments<"tame_image_loss"> {
  checkPair(a, b);
  const { width, height } = a;
  const images = [...buffersOf(a), ...buffersOf(b)] as const;
  return [device.pointer, width, height, lambdaDssim, ...images, value, 1, gradient, gradient?.length ?? 0];
}

/** An image as arguments of a native call: its floats and their number. */
function buffersOf({ rgb }: Image): [BufferSource, number] {
  return [rgb as BufferSource, rgb.length];
}
