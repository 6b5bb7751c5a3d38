/**
 * How much brighter each photo is than the others, from the colours of points that they share.
 *
 * The logarithm of the value of channel c where point p is seen in view v is taken as level[p][c] + gain[v][c]. Both are
 * estimated in turn, first as means, which converge from anywhere, then as medians: most points are seen by most views
 * that they project into, so that hidden ones, shading and highlights have little effect.
 *
 * @module
 */

import { forEachParallel } from "../../base/parallel.ts";
import type { Camera, Image8, PointCloud, View } from "../../base/scene.ts";
import { PHOTOS_IN_FLIGHT } from "../../load/images.ts";

/** Most points that are looked up in the photos, evenly chosen. */
const MOST_POINTS = 2000;
/** Views in which a point must be looked up. */
const LEAST_VIEWS = 3;
/** Points that each half of a photo needs, and the photos that need them. */
const LEAST_SAMPLES = 30;
export const FEWEST_VIEWS = 8;
/** Bytes outside this range are too noisy in the logarithm, or clipped. */
const DARKEST = 8, BRIGHTEST = 247;
/** Times that levels and gains are estimated in turn, as means and as medians. */
const MEAN_ROUNDS = 10, MEDIAN_ROUNDS = 4;

/** The halves of the photos. */
const HALVES = [0, 1] as const;

/** Log-gains of some views: three numbers each, red, green and blue. */
export type LogGains = [number, number, number];

/** What the photos of some views say about their exposure. */
export interface ExposureFit {
  /** The views in which enough points are seen. */
  views: View[];
  /** Log-gain of each of these in stored values, with mean 0. */
  gains: LogGains[];
  /** The same from the points in the left halves of the photos only, and in the right halves. */
  halves: [LogGains[], LogGains[]];
}

/** The points of a view, with the logarithms of their colours in its photo. */
interface Samples {
  /** Index of each point. */
  points: number[];
  /** 0: in the left half of the photo, 1: in the right half. */
  halves: number[];
  /** By channel. */
  logs: [number[], number[], number[]];
}

/**
 * Estimates the gains of views.
 *
 * @param views Views of the scene
 * @param points Points on its surfaces
 * @param signal Ends it before the next photo
 * @returns The gains; undefined if fewer than 8 views see enough points, or the signal ended it. In a photo that cannot
 *   be read no points are seen: the run reports it when it loads it
 */
export async function fitExposure(
  views: readonly View[],
  points: PointCloud,
  signal?: AbortSignal,
): Promise<ExposureFit | undefined> {
  const chosen = chosenPoints(points);
  const facing = views.filter(({ camera }) => projected(chosen, camera).length >= 2 * LEAST_SAMPLES);
  if (facing.length < FEWEST_VIEWS) return undefined; // before any photo is decoded
  const samples: Samples[] = views.map(() => ({ points: [], halves: [], logs: [[], [], []] }));
  await forEachParallel(views.length, async (index) => {
    const { camera, photo } = views[index];
    const decoded = signal?.aborted ? undefined : await photo().catch(() => undefined);
    if (decoded !== undefined) addSamples(samples[index], chosen, { camera, photo: decoded });
  }, { concurrency: PHOTOS_IN_FLIGHT });
  const seen = samples.map(({ halves }) =>
    HALVES.every((half) => halves.filter((other) => other === half).length >= LEAST_SAMPLES)
  );
  if (signal?.aborted || seen.filter((enough) => enough).length < FEWEST_VIEWS) return undefined;
  const used = samples.filter((_, view) => seen[view]);
  const channels = [0, 1, 2].map((channel) => fitChannel(used, channel, chosen.length / 3));
  const ofViews = (of: (channel: (typeof channels)[number]) => number[]): LogGains[] =>
    used.map((_, view) => channels.map((channel) => of(channel)[view]) as LogGains);
  return {
    views: views.filter((_, view) => seen[view]),
    gains: ofViews(({ gains }) => gains),
    halves: [ofViews(({ halves }) => halves[0]), ofViews(({ halves }) => halves[1])],
  };
}

/** Coordinates of at most {@linkcode MOST_POINTS} points, evenly chosen. */
function chosenPoints({ count, positions }: PointCloud): Float32Array {
  const step = Math.max(1, Math.ceil(count / MOST_POINTS));
  const chosen = new Float32Array(3 * Math.ceil(count / step));
  for (let k = 0; k < chosen.length; k += 3) chosen.set(positions.subarray(step * k, step * k + 3), k);
  return chosen;
}

/** The points inside a photo, at least a pixel from its border, with the index of their pixel. */
function projected(points: Float32Array, camera: Camera): { point: number; x: number; y: number }[] {
  const { width, height, fx, fy, cx, cy, rotation: r, translation: t, near = 0 } = camera;
  const inside: { point: number; x: number; y: number }[] = [];
  for (let i = 0; i < points.length; i += 3) {
    const [px, py, pz] = [points[i], points[i + 1], points[i + 2]];
    const depth = r[6] * px + r[7] * py + r[8] * pz + t[2];
    if (!(depth > near)) continue;
    const x = Math.floor(fx * (r[0] * px + r[1] * py + r[2] * pz + t[0]) / depth + cx);
    const y = Math.floor(fy * (r[3] * px + r[4] * py + r[5] * pz + t[1]) / depth + cy);
    if (x >= 1 && y >= 1 && x < width - 1 && y < height - 1) inside.push({ point: i / 3, x, y });
  }
  return inside;
}

/** Looks the points up in a photo, as means over 3 x 3 pixels. */
function addSamples(
  samples: Samples,
  points: Float32Array,
  { camera, photo }: { camera: Camera; photo: Image8 },
): void {
  for (const { point, x, y } of projected(points, camera)) {
    const sums = patchSums(photo, x, y);
    if (sums === undefined) continue;
    samples.points.push(point);
    samples.halves.push(2 * x < photo.width ? 0 : 1);
    sums.forEach((sum, channel) => samples.logs[channel].push(Math.log(sum)));
  }
}

/** Sums of the channels over 3 x 3 pixels; undefined if one is too dark, clipped, masked or transparent. */
function patchSums({ width, channels, data, mask }: Image8, x: number, y: number): LogGains | undefined {
  const sums: LogGains = [0, 0, 0];
  for (let row = y - 1; row <= y + 1; row++) {
    for (let column = x - 1; column <= x + 1; column++) {
      const pixel = row * width + column;
      if (mask?.[pixel] === 0 || channels === 4 && data[4 * pixel + 3] < 255) return undefined;
      for (const channel of [0, 1, 2]) {
        const byte = data[channels * pixel + channel];
        if (byte < DARKEST || byte > BRIGHTEST) return undefined;
        sums[channel] += byte;
      }
    }
  }
  return sums;
}

/** Log-gains of the views in one channel. */
function fitChannel(
  samples: readonly Samples[],
  channel: number,
  points: number,
): { gains: number[]; halves: [number[], number[]] } {
  const groups = groupsOf(samples, points);
  const levels = new Float64Array(points);
  const gains = samples.map(() => 0);
  const residuals = (view: number, half?: number): number[] => {
    const { points, halves, logs } = samples[view];
    return logs[channel].map((log, i) => log - levels[points[i]])
      .filter((residual, i) => !Number.isNaN(residual) && (half === undefined || halves[i] === half));
  };
  for (let round = 0; round < MEAN_ROUNDS + MEDIAN_ROUNDS; round++) {
    const middle = round < MEAN_ROUNDS ? meanOf : median;
    groups.forEach((group, point) => {
      const values = group.map(({ view, index }) => samples[view].logs[channel][index] - gains[view]);
      levels[point] = values.length < LEAST_VIEWS ? NaN : middle(values);
    });
    centred(samples.map((_, view) => middle(residuals(view)))).forEach((gain, view) => gains[view] = gain);
  }
  const [left, right] = HALVES.map((half) => centred(samples.map((_, view) => median(residuals(view, half)))));
  return { gains, halves: [left, right] };
}

/** Where each point is seen. */
function groupsOf(samples: readonly Samples[], points: number): { view: number; index: number }[][] {
  const groups: { view: number; index: number }[][] = Array.from({ length: points }, () => []);
  samples.forEach(({ points }, view) => points.forEach((point, index) => groups[point].push({ view, index })));
  return groups;
}

/** Values minus their mean; those of views whose points no other views see count as 0. */
function centred(values: readonly number[]): number[] {
  const known = values.map((value) => Number.isNaN(value) ? 0 : value);
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  return known.map((value) => value - mean);
}

/** The mean; NaN without values. */
function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The upper median; NaN without values. */
function median(values: readonly number[]): number {
  return Float64Array.from(values).sort()[values.length >> 1] ?? NaN;
}
