/**
 * Whether a run trains the exposure of its photos, and where that starts.
 *
 * @module
 */

import type { ExposureKind } from "../../base/exposure.ts";
import type { Scene, View } from "../../base/scene.ts";
import type { ResolvedTrainOptions } from "../options.ts";
import { follows } from "../parity.ts";
import { type ExposureFit, FEWEST_VIEWS, fitExposure, type LogGains } from "./fit.ts";

/** Exponent of stored values over light: about that of sRGB. */
const GAMMA = 2.2;
/** Root mean square of the log-gains, in stored values, from which exposure varies: a tenth of a stop. */
const LEAST_VARIATION = 0.03;
/** Most views whose photos say whether exposure varies, evenly chosen. */
const MOST_VIEWS = 32;
/**
 * Correlation of the gains from both halves of the photos, and its distance from 0 in standard errors (Fisher's
 * transformation). Exposure changes both alike; shading, highlights and hidden points do not.
 */
const LEAST_CORRELATION = 0.5, LEAST_SIGNIFICANCE = 2.5;

/** How a run treats the exposure of its photos. */
export interface ExposureChoice {
  /** What it trains for each photo. */
  exposure: ExposureKind | "none";
  /** Why, in one sentence; undefined where the caller has chosen it, or there was nothing to decide by. */
  reason?: string;
  /** Log-gains of the training views at the start: what EXIF data or photos say if exposure varies; 0 if absent. */
  start?: LogGains[];
}

/** How much exposure varies. */
export interface Variation {
  /** Root mean square of what both halves of the photos share of the log-gains. */
  spread: number;
  /** Correlation of both halves' log-gains. */
  correlation: number;
  /** Whether that is a variation of exposure. */
  varies: boolean;
}

/**
 * Decides how a run treats the exposure of its photos.
 *
 * @param scene What to train on
 * @param options Resolved options
 * @param signal Ends it early, with no exposure
 */
export async function chooseExposure(
  scene: Scene,
  options: Pick<ResolvedTrainOptions, "exposure" | "parity">,
  signal?: AbortSignal,
): Promise<ExposureChoice> {
  const { exposure } = options;
  if (exposure === "none" || exposure === "auto" && follows(options, "exposure")) return { exposure: "none" };
  const found = statedVariation(scene.train) ?? await seenVariation(scene, signal);
  const { start, reason } = found ?? {};
  if (exposure !== "auto") return { exposure, ...(start === undefined ? {} : { start }) };
  // The background under transparent pixels has no exposure.
  if (start === undefined || scene.train.some(({ alpha }) => alpha)) return { exposure: "none", reason };
  return { exposure: "gains", reason, start };
}

/** What photos or their EXIF data say; gains only if they vary. */
interface Found {
  reason: string;
  start?: LogGains[];
}

/** By EXIF data; undefined if they say nothing, or that exposure is constant, which white balance need not be. */
function statedVariation(train: readonly View[]): Found | undefined {
  const gainOf = exifLogGains(train);
  const start = gainOf && train.map(gainOf).map((gain): LogGains => [gain, gain, gain]);
  return start && { reason: `The photos' EXIF data state exposures that differ by ${stops(start)} stops`, start };
}

/** By the colours of points; undefined if too few are seen. */
async function seenVariation({ train, points }: Scene, signal?: AbortSignal): Promise<Found | undefined> {
  if (train.length < FEWEST_VIEWS) return undefined;
  const step = Math.ceil(train.length / MOST_VIEWS);
  const fit = await fitExposure(train.filter((_, i) => i % step === 0), points, signal);
  if (fit === undefined) return undefined;
  const shared = "By the colours of points that they share, the photos";
  if (!variationOf(fit).varies) return { reason: `${shared} have the same exposure` };
  const whole = step === 1 ? fit : await fitExposure(train, points, signal);
  const gains = new Map(whole?.views.map((view, i) => [view, whole.gains[i]]));
  return {
    reason: `${shared}' exposures differ by ${stops([...gains.values()])} stops`,
    start: train.map((view) => gains.get(view) ?? [0, 0, 0]),
  };
}

/**
 * How much exposure varies, by what the gains of both halves of the photos have in common.
 *
 * @param fit What the photos of some views say
 */
export function variationOf({ gains, halves: [left, right] }: ExposureFit): Variation {
  let covariance = 0, ofLeft = 0, ofRight = 0;
  gains.forEach((_, view) => {
    for (const channel of [0, 1, 2]) {
      covariance += left[view][channel] * right[view][channel];
      ofLeft += left[view][channel] ** 2;
      ofRight += right[view][channel] ** 2;
    }
  });
  const spread = Math.sqrt(Math.max(covariance, 0) / (3 * gains.length));
  const correlation = covariance === 0 ? 0 : Math.min(covariance / Math.sqrt(ofLeft * ofRight), 1);
  const significance = Math.atanh(correlation) * Math.sqrt(Math.max(gains.length - 3, 0));
  const varies = spread >= LEAST_VARIATION && correlation >= LEAST_CORRELATION && significance >= LEAST_SIGNIFICANCE;
  return { spread, correlation, varies };
}

/**
 * The log-gains of photos in stored values by their EXIF data, with mean 0 over the training views.
 *
 * @param train The training views
 * @returns A function that gives the gain of a view, 0 if its photo states no exposure; undefined if a training photo
 *   states none, or those stated are all alike
 */
export function exifLogGains(train: readonly View[]): ((view: View) => number) | undefined {
  const logOf = ({ exposure = NaN }: View) => Math.log(exposure) / GAMMA;
  const logs = train.map(logOf);
  const mean = logs.reduce((sum, log) => sum + log, 0) / logs.length;
  const spread = Math.sqrt(logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / logs.length);
  if (!(spread >= LEAST_VARIATION)) return undefined;
  return (view) => view.exposure === undefined ? 0 : logOf(view) - mean;
}

/** The range of gains, in stops of light. */
function stops(gains: readonly LogGains[]): string {
  const means = gains.map(([red, green, blue]) => (red + green + blue) / 3);
  const range = means.reduce((most, gain) => Math.max(most, gain), -Infinity) -
    means.reduce((least, gain) => Math.min(least, gain), Infinity);
  return (GAMMA * range / Math.LN2).toFixed(1);
}
