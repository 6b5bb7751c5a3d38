// What undistorted photos keep of their lens's field of view, for people.

import { countIs } from "../base/format.ts";
import type { Lens, Pinhole, View } from "../base/scene.ts";

/** Lenses that have a line of their own. */
const MOST_LENSES = 5;

/**
 * One line for each lens, that of the most photos first: how many photos are undistorted, their size before and after,
 * and how much of the field of view remains. Beyond five lenses, one line about the others.
 *
 * @param views All views
 * @param undistortFov The field of view that was asked for, if any
 */
export function cropNotices(views: readonly View[], undistortFov?: number): string[] {
  const crops = new Map<string, number>();
  for (const { lens } of views) {
    if (lens === undefined) continue;
    const crop = cropText(lens);
    crops.set(crop, (crops.get(crop) ?? 0) + 1);
  }
  if (crops.size === 0) {
    return undistortFov === undefined ? [] : ["undistort_fov has no effect: no camera has lens distortion"];
  }
  const sorted = [...crops].sort(([, a], [, b]) => b - a);
  const lines = sorted.slice(0, MOST_LENSES)
    .map(([crop, count]) => `${countIs(count, "photo")} undistorted and cropped as they are read: ${crop}`);
  const others = sorted.slice(MOST_LENSES);
  if (others.length === 0) return lines;
  const count = others.reduce((sum, [, photos]) => sum + photos, 0);
  const lenses = others.length === 1 ? "another lens" : `${others.length} other lenses`;
  return [...lines, `${countIs(count, "photo")} undistorted and cropped too, with ${lenses}`];
}

function cropText({ width, height, pinhole, fov: [across, down] }: Lens): string {
  const sizes = `${width} x ${height} pixels become ${pinhole.width} x ${pinhole.height}`;
  const [keptAcross, keptDown] = fieldOfView(pinhole);
  return `${sizes}, with ${keptText(keptAcross, across)} across and ${keptText(keptDown, down)} down`;
}

/** As `99 % of the field of view (67.2° of 67.9°)`. */
function keptText(kept: number, whole: number): string {
  // Of the numbers that are shown: a crop to whole pixels is none.
  const percent = Math.min(100, Math.floor(100 * Math.round(10 * kept) / Math.max(1, Math.round(10 * whole))));
  return `${percent} % of the field of view (${kept.toFixed(1)}° of ${whole.toFixed(1)}°)`;
}

/** Degrees between the edges of a pinhole's picture through the principal point, across and down. */
function fieldOfView({ width, height, fx, fy, cx, cy }: Pinhole): [across: number, down: number] {
  const degrees = (before: number, after: number) => (Math.atan(before) + Math.atan(after)) * 180 / Math.PI;
  return [degrees(cx / fx, (width - cx) / fx), degrees(cy / fy, (height - cy) / fy)];
}
