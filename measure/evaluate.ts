/**
 * Compares Gaussians with photos: PSNR, SSIM and mean absolute difference of each view and their means.
 *
 * @module
 */

import { DISPLAY, escapeHtml, type MimeBundle } from "../base/display.ts";
import type { View } from "../base/scene.ts";
import type { Gaussians } from "../ffi/gaussians.ts";
import { meanAbsoluteDifferenceAsync, psnrAsync, ssimAsync } from "../ffi/metrics.ts";
import { renderColors } from "../ffi/rasterizer.ts";
import { withPhotosAhead } from "./photos.ts";
import { clampColorsAsync, toFloatAsync } from "./pixels.ts";

/** Options of {@linkcode evaluate}. */
export interface EvalOptions {
  /** Background of the renders: red, green, blue, 0 to 1. Default black. */
  background?: [number, number, number];
  /** Stops before the next view; the promise then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Called after each view. */
  onView?: (done: number, total: number) => void;
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
}

/** Scores of several views. A notebook shows them as a table. */
export class Report {
  /** Mean of the views' PSNRs, in dB; NaN without views. */
  readonly psnr: number;
  /** Mean of the views' SSIMs. */
  readonly ssim: number;
  /** Mean of the views' mean absolute differences. */
  readonly l1: number;
  /** Each view's own, in the order given. */
  readonly views: ViewScores[];
  /** Gaussians with a parameter that is not a finite number; they are not rendered. */
  readonly nonFinite: number;

  /** @internal Use {@linkcode evaluate}. */
  constructor(views: ViewScores[], nonFinite: number) {
    const { psnr, ssim, l1 } = meanScores(views);
    this.psnr = psnr;
    this.ssim = ssim;
    this.l1 = l1;
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
  { background, signal }: Pick<EvalOptions, "background" | "signal"> = {},
): AsyncGenerator<ViewScores, void, void> {
  const { device } = gaussians;
  for (const { view, photo: decoded } of withPhotosAhead(views)) {
    signal?.throwIfAborted();
    const image = await clampColorsAsync(await renderColors(gaussians, view.camera, { background }));
    const photo = await toFloatAsync(await decoded, background);
    yield {
      name: view.name,
      psnr: await psnrAsync(device, image, photo),
      ssim: await ssimAsync(device, image, photo),
      l1: await meanAbsoluteDifferenceAsync(device, image, photo),
    };
  }
}

/**
 * The mean scores of some views; NaN without views.
 *
 * @internal
 */
export function meanScores(scores: readonly ViewScores[]): { psnr: number; ssim: number; l1: number } {
  const mean = (of: (scores: ViewScores) => number): number =>
    scores.reduce((sum, view) => sum + of(view), 0) / scores.length;
  return { psnr: mean((view) => view.psnr), ssim: mean((view) => view.ssim), l1: mean((view) => view.l1) };
}
