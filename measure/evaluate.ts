/**
 * Compares Gaussians with photos: PSNR, SSIM and mean absolute difference of each view and their means.
 *
 * @module
 */

import { DISPLAY, escapeHtml, type MimeBundle } from "../base/display.ts";
import { exposureOf, type Exposures } from "../base/exposure.ts";
import type { View } from "../base/scene.ts";
import type { Device } from "../ffi/device.ts";
import type { Gaussians } from "../ffi/gaussians.ts";
import type { Image } from "../ffi/image.ts";
import { meanAbsoluteDifferenceAsync, psnrAsync, ssimAsync } from "../ffi/metrics.ts";
import { renderColors } from "../ffi/rasterizer.ts";
import { colorCorrected } from "./color_correction.ts";
import { exposedAsync } from "./exposure.ts";
import { withPhotosAhead } from "./photos.ts";
import { clampColorsAsync, toFloatAsync } from "./pixels.ts";

/** Options of {@linkcode evaluate}. */
export interface EvalOptions {
  /** Background of the renders: red, green, blue, 0 to 1. Default black. */
  background?: [number, number, number];
  /**
   * Exposures of the views, as the events of `train` have them: each render is compared as its photo was exposed, and
   * once more with its colours corrected. Default none.
   */
  exposures?: Exposures;
  /** Stops before the next view; the promise then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Called after each view. */
  onView?: (done: number, total: number) => void;
}

/**
 * Scores of a render whose gain and offset in each channel were made those of the photo, by a regression of the render
 * on the photo: what they would be if the exposure of the photo were known.
 */
export interface CorrectedScores {
  /** As `psnr`. */
  psnr: number;
  /** As `ssim`. */
  ssim: number;
}

/** Scores of one view. */
export interface ViewScores {
  /** The view's name. */
  name: string;
  /** Peak signal-to-noise ratio in dB, of the mean squared error over all pixels and channels. */
  psnr: number;
  /** Structural similarity: 11 x 11 Gaussian window, sigma 1.5, zero padding, mean over channels. */
  ssim: number;
  /** Mean absolute difference. */
  l1: number;
  /** Scores with the render's colours corrected, if `exposures` are given. */
  corrected?: CorrectedScores;
}

/** Scores of several views. A notebook shows them as a table. */
export class Report {
  /** Mean of the views' PSNRs, in dB; NaN without views. */
  readonly psnr: number;
  /** Mean of the views' SSIMs. */
  readonly ssim: number;
  /** Mean of the views' mean absolute differences. */
  readonly l1: number;
  /** Means of the scores with corrected colours, if `exposures` were given. */
  readonly corrected?: CorrectedScores;
  /** Each view's own, in the order given. */
  readonly views: ViewScores[];
  /** Gaussians with a parameter that is not a finite number; they are not rendered. */
  readonly nonFinite: number;

  /** @internal Use {@linkcode evaluate}. */
  constructor(views: ViewScores[], nonFinite: number) {
    const { psnr, ssim, l1, corrected } = meanScores(views);
    this.psnr = psnr;
    this.ssim = ssim;
    this.l1 = l1;
    if (corrected !== undefined) this.corrected = corrected;
    this.views = views;
    this.nonFinite = nonFinite;
  }

  /** What a notebook shows: a line for each view, then the means. */
  [DISPLAY](): MimeBundle {
    const lines = [...this.views, { name: "mean", psnr: this.psnr, ssim: this.ssim, l1: this.l1 }]
      .map(({ name, psnr, ssim, l1 }) => [name, psnr.toFixed(2), ssim.toFixed(4), l1.toFixed(4)]);
    const row = (cells: string[], tag: string) => `<tr><${tag}>${cells.join(`</${tag}><${tag}>`)}</${tag}></tr>`;
    const heads = row(["view", "PSNR (dB)", "SSIM", "L1"], "th");
    const left = this.nonFinite === 0 ? "" : `<p>${this.nonFinite} Gaussians are not finite, and not rendered.</p>`;
    const body = lines.map((cells) => row(cells.map(escapeHtml), "td")).join("");
    return {
      "text/html": `<table><thead>${heads}</thead><tbody>${body}</tbody></table>${left}`,
      "text/plain": lines.map(([name, psnr, ssim, l1]) => `${name}: PSNR ${psnr} dB, SSIM ${ssim}, L1 ${l1}`).join(
        "\n",
      ),
    };
  }
}

/**
 * Renders views and compares them with their photos.
 *
 * Photos with alpha are composited over the same background as the renders. Scores cover all pixels, also those that a
 * photo's mask leaves out of training, so that a score does not depend on masks.
 *
 * Renders are clamped to [0, 1] and compared as floats. The `metrics` command scores 8-bit images, whose rounding
 * moves a PSNR around 30 dB by less than 0.01 dB.
 *
 * @example
 * ```ts no-assert
 * import { evaluate, loadPly, loadScene, openDevice } from "../mod.ts";
 *
 * export async function heldOutPsnr(capture: string, ply: string): Promise<number> {
 *   using device = await openDevice();
 *   using gaussians = await loadPly(device, ply);
 *   const scene = await loadScene(capture, { eval: true });
 *   return (await evaluate(gaussians, scene.test)).psnr;
 * }
 * ```
 *
 * @param gaussians What to render
 * @param views Cameras and photos
 * @param options Background, signal, progress
 * @returns The means and each view's scores
 */
export async function evaluate(gaussians: Gaussians, views: View[], options: EvalOptions = {}): Promise<Report> {
  const scores: ViewScores[] = [];
  for await (const view of evaluateViews(gaussians, views, options)) {
    scores.push(view);
    options.onView?.(scores.length, views.length);
  }
  return new Report(scores, await gaussians.countNonFinite());
}

/**
 * Yields the scores of views one after another; see {@linkcode evaluate}. Does not block the event loop for long.
 *
 * @internal
 */
export async function* evaluateViews(
  gaussians: Gaussians,
  views: readonly View[],
  { background, exposures, signal }: Omit<EvalOptions, "onView"> = {},
): AsyncGenerator<ViewScores, void, void> {
  const { device } = gaussians;
  for (const { view, photo: decoded } of withPhotosAhead(views)) {
    signal?.throwIfAborted();
    const render = await renderColors(gaussians, view.camera, { background });
    const image = await clampColorsAsync(await exposedAsync(render, exposureOf(exposures, view.name)));
    const photo = await toFloatAsync(await decoded, background);
    yield {
      name: view.name,
      psnr: await psnrAsync(device, image, photo),
      ssim: await ssimAsync(device, image, photo),
      l1: await meanAbsoluteDifferenceAsync(device, image, photo),
      ...(exposures === undefined ? {} : { corrected: await correctedScores(device, image, photo) }),
    };
  }
}

async function correctedScores(device: Device, image: Image, photo: Image): Promise<CorrectedScores> {
  const corrected = colorCorrected(image, photo);
  return { psnr: await psnrAsync(device, corrected, photo), ssim: await ssimAsync(device, corrected, photo) };
}

/**
 * The mean scores of some views; NaN without views.
 *
 * @internal
 */
export function meanScores(scores: readonly ViewScores[]): Omit<ViewScores, "name"> {
  const corrected = scores.flatMap((view) => view.corrected ?? []);
  return {
    psnr: meanOf(scores.map(({ psnr }) => psnr)),
    ssim: meanOf(scores.map(({ ssim }) => ssim)),
    l1: meanOf(scores.map(({ l1 }) => l1)),
    ...(corrected.length === 0 ? {} : {
      corrected: { psnr: meanOf(corrected.map(({ psnr }) => psnr)), ssim: meanOf(corrected.map(({ ssim }) => ssim)) },
    }),
  };
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
