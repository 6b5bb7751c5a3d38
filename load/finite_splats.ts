// Gaussians with numbers that are not finite, as some trainers save them.

import type { FileSplats } from "./ply.ts";

/** Bound of the logits, of opacities from 1e-6 to 1 − 1e-6: the range that a saved PLY has. */
const LARGEST_LOGIT = Math.fround(Math.log((1 - 1e-6) / 1e-6));

/** The logarithm that a scale of 0 is read as: 2e-9 units. */
const LEAST_LOG_SCALE = -20;

/** Gaussians with finite numbers only. */
export interface FiniteSplats {
  /** At most as many as before; the same object if all were finite. */
  splats: FileSplats;
  /** A line about what was left out or clamped, if anything was. */
  notices: string[];
}

/**
 * Makes Gaussians usable. An infinite logit of an opacity is clamped to that of 1e-6 or 1 − 1e-6; an infinite
 * log-scale to -20, or to the largest finite one of all. Gaussians with a NaN, or with an infinite number elsewhere,
 * are left out.
 *
 * @internal
 */
export function finiteSplats(all: FileSplats): FiniteSplats {
  const opacities = clamped(all.opacities, { low: -LARGEST_LOGIT, high: LARGEST_LOGIT, width: 1 });
  const scales = clamped(all.logScales, { low: LEAST_LOG_SCALE, high: largestFinite(all.logScales), width: 3 });
  const splats = finiteRows({ ...all, opacities: opacities.values, logScales: scales.values });
  const dropped = all.count - splats.count;
  const parts: string[] = [];
  if (dropped > 0) parts.push(`${dropped} left out, with numbers that are NaN or infinite`);
  if (opacities.rows > 0) parts.push(`${opacities.rows} with an infinite opacity, clamped`);
  if (scales.rows > 0) parts.push(`${scales.rows} with an infinite scale, clamped`);
  if (parts.length === 0) return { splats: all, notices: [] };
  return { splats, notices: [`Of ${all.count} Gaussians: ${parts.join("; ")}`] };
}

/** Values with infinities replaced, and in how many rows there were some; the same array if in none. */
function clamped(
  values: Float32Array,
  { low, high, width }: { low: number; high: number; width: number },
): { values: Float32Array; rows: number } {
  const rows = new Set<number>();
  for (let i = 0; i < values.length; i++) if (Math.abs(values[i]) === Infinity) rows.add(Math.floor(i / width));
  if (rows.size === 0) return { values, rows: 0 };
  return { values: values.map((v) => v === Infinity ? high : v === -Infinity ? low : v), rows: rows.size };
}

/** 0, the logarithm of one unit, if there is none. */
function largestFinite(values: Float32Array): number {
  let largest = -Infinity;
  for (const value of values) if (value > largest && value < Infinity) largest = value;
  return largest === -Infinity ? 0 : largest;
}

/** The Gaussians whose every number is finite. */
function finiteRows(splats: FileSplats): FileSplats {
  const { count, shDegree } = splats;
  const widths = { means: 3, logScales: 3, quats: 4, opacities: 1, sh: 3 * (shDegree + 1) ** 2 } as const;
  const fields = Object.keys(widths) as (keyof typeof widths)[];
  const isFinite = new Uint8Array(count).fill(1);
  for (const field of fields) {
    const values = splats[field];
    for (let i = 0; i < values.length; i++) {
      if (!Number.isFinite(values[i])) isFinite[Math.floor(i / widths[field])] = 0;
    }
  }
  const kept = isFinite.reduce((sum, finite) => sum + finite, 0);
  if (kept === count) return splats;
  const result: FileSplats = { ...splats, count: kept };
  for (const field of fields) {
    const width = widths[field];
    result[field] = new Float32Array(width * kept);
    for (let row = 0, to = 0; row < count; row++) {
      if (isFinite[row] === 0) continue;
      result[field].set(splats[field].subarray(row * width, (row + 1) * width), to);
      to += width;
    }
  }
  return result;
}
