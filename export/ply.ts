// Writes PLY files: the header of a file of Gaussians, and coloured points.

import type { PointCloud } from "../base/scene.ts";

/** Points in one part of a file. */
const ROWS = 16_384;

/**
 * Header of a binary little-endian PLY of `count` Gaussians with spherical harmonics of degree `shDegree` (0 to 3), in
 * the layout that splat viewers read: all properties float, x y z, nx ny nz, f_dc_*, f_rest_*, opacity, scale_*, rot_*.
 * The rows follow it directly. With `doubles`, x y z are double. Each comment becomes one line, or several if it has line breaks.
 *
 * @example
 * ```ts
 * import { splatHeader } from "./ply.ts";
 *
 * const header = new TextDecoder().decode(splatHeader(1000, 3, ["made by hand"]));
 * console.log(header.match(/property float/g)?.length); // 62
 * ```
 */
export function splatHeader(
  count: number,
  shDegree: number,
  comments: string[] = [],
  { doubles = false }: { doubles?: boolean } = {},
): Uint8Array {
  const rest = 3 * ((shDegree + 1) ** 2 - 1);
  const properties = [
    ...["nx", "ny", "nz"],
    ...numbered("f_dc", 3),
    ...numbered("f_rest", rest),
    "opacity",
    ...numbered("scale", 3),
    ...numbered("rot", 4),
  ];
  const centers = ["x", "y", "z"].map((name) => `${doubles ? "double" : "float"} ${name}`);
  return header(count, [...centers, ...properties.map((name) => `float ${name}`)], comments);
}

/**
 * Bytes of such a file without comments.
 *
 * @internal
 */
export function splatBytes(count: number, shDegree: number): number {
  return splatHeader(count, shDegree).length + 4 * (14 + 3 * (shDegree + 1) ** 2) * count;
}

/**
 * A file of one Gaussian, for trials.
 *
 * @internal
 */
export function trialPly(): Uint8Array {
  const values = new Float32Array(17);
  values[13] = 1; // rot_0
  return new Uint8Array([...splatHeader(1, 0), ...new Uint8Array(values.buffer)]);
}

/**
 * Coloured points as a whole PLY file: binary little-endian, float x y z and nx ny nz (zero), uchar red green blue.
 *
 * @example
 * ```ts
 * import { pointsPly } from "./ply.ts";
 *
 * const file = pointsPly({ count: 1, positions: new Float32Array(3), colors: new Uint8Array([255, 0, 0]) });
 * console.log(file.at(-3)); // 255
 * ```
 */
export function pointsPly(points: PointCloud): Uint8Array {
  const parts = [...pointsPlyParts(points)];
  const file = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    file.set(part, offset);
    offset += part.length;
  }
  return file;
}

/** {@linkcode pointsPly} part by part, with comments: the header, then some rows each. */
export function* pointsPlyParts(
  { count, positions, colors }: PointCloud,
  comments: string[] = [],
): Generator<Uint8Array, void, void> {
  const floats = ["x", "y", "z", "nx", "ny", "nz"].map((name) => `float ${name}`);
  yield header(count, [...floats, ...["red", "green", "blue"].map((name) => `uchar ${name}`)], comments);
  const rowBytes = 4 * floats.length + 3;
  for (let first = 0; first < count; first += ROWS) {
    const rows = new Uint8Array(rowBytes * Math.min(ROWS, count - first));
    const view = new DataView(rows.buffer);
    for (let i = first, offset = 0; offset < rows.length; i++, offset += rowBytes) {
      for (let axis = 0; axis < 3; axis++) view.setFloat32(offset + 4 * axis, positions[3 * i + axis], true);
      rows.set(colors.subarray(3 * i, 3 * i + 3), offset + 4 * floats.length);
    }
    yield rows;
  }
}

function header(count: number, properties: string[], comments: string[]): Uint8Array {
  const lines = [
    "ply",
    "format binary_little_endian 1.0",
    ...comments.flatMap((comment) => comment.split(/[\r\n]+/)).map((line) => `comment ${line}`),
    `element vertex ${count}`,
    ...properties.map((property) => `property ${property}`),
    "end_header",
  ];
  return new TextEncoder().encode(lines.join("\n") + "\n");
}

function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${name}_${i}`);
}
