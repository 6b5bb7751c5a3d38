/**
 * The scores of a pair of images, under the names of `results.json` and `per_view.json`.
 *
 * @module
 */

import type { Device } from "../ffi/device.ts";
import type { Image } from "../ffi/image.ts";
import { lpips, type LpipsNetwork } from "../ffi/lpips.ts";
import { psnr, ssim } from "../ffi/metrics.ts";
import { colorCorrected } from "../measure/color_correction.ts";

/**
 * Scores by name. `SSIM`, `PSNR` (dB) and `LPIPS` are those of the reference: SSIM with zero padding, LPIPS (VGG) of
 * values in [0, 1]. `PSNR_cc` and `SSIM_cc` are of the render after `colorCorrected`. `SSIM_valid` uses only windows that are wholly inside, `LPIPS_signed` values in [-1, 1]. With
 * AlexNet's weights the names are `LPIPS_alex` and `LPIPS_alex_signed`.
 */
export type Scores = Record<string, number>;

/** Suffix of the names of scores of unrounded renders. */
export const FLOAT = "_float";

/** Side of SSIM's window in pixels. */
const WINDOW = 11;

/**
 * Scores one image against another. Images smaller than a window of 11 × 11 have no `SSIM_valid`.
 *
 * @param device Open device
 * @param a A render, values 0 to 1
 * @param b Its photo
 * @param weights LPIPS network; without it LPIPS is not computed
 * @returns Scores by name
 */
export async function scoreImages(device: Device, a: Image, b: Image, weights?: LpipsNetwork): Promise<Scores> {
  const scores: Scores = { SSIM: ssim(device, a, b), PSNR: psnr(device, a, b) };
  const name = weights?.net === "alex" ? "LPIPS_alex" : "LPIPS";
  if (weights !== undefined) scores[name] = await lpips(device, a, b, weights);
  if (Math.min(a.width, a.height) >= WINDOW) scores.SSIM_valid = ssim(device, a, b, { padding: "valid" });
  if (weights !== undefined) scores[`${name}_signed`] = await lpips(device, a, b, weights, { range: "signed" });
  const corrected = colorCorrected(a, b);
  scores.PSNR_cc = psnr(device, corrected, b);
  scores.SSIM_cc = ssim(device, corrected, b);
  return scores;
}

/**
 * Arithmetic means of scores, in float64, for the names that every image has.
 *
 * @param all Scores of some images, at least one
 * @returns Means by name, in the order of the first image's names
 */
export function meanScores(all: readonly Scores[]): Scores {
  const names = Object.keys(all[0]).filter((name) => all.every((scores) => name in scores));
  return Object.fromEntries(
    names.map((name) => [name, all.reduce((sum, scores) => sum + scores[name], 0) / all.length]),
  );
}
