// The colours of a PLY's points, under the names and in the types that capture tools write.

import { DataError } from "../base/errors.ts";
import { GREY } from "../base/numbers.ts";
import type { PlyType } from "./ply_header.ts";
import type { VertexTable } from "./ply_table.ts";

/** Names of the channels: the usual ones, and VCG's and MeshLab's. */
const CHANNELS = [
  ["red", "green", "blue"],
  ["diffuse_red", "diffuse_green", "diffuse_blue"],
];

/** Short names of them. One alone can be anything, such as a radius. */
const SHORT_CHANNELS = ["r", "g", "b"];

/** The values that white can have in each type, least first. */
const WHITE: Partial<Record<PlyType, readonly number[]>> = {
  uint8: [255],
  uint16: [255, 65535],
  float32: [1, 255],
  float64: [1, 255],
};

/**
 * The colours of the vertices as 8-bit RGB; grey if there are none. `uchar` is taken as it is. `float` and `double` are
 * fractions of 1, or of 255 if a value is above 1; `ushort` is a fraction of 65535, or of 255 if none is above that.
 * Values out of range are clamped, and those that are not numbers become 0. Throws a {@linkcode DataError} with `path`
 * when a channel is missing, or the channels have another type or several.
 *
 * @internal
 */
export function pointColors(vertices: VertexTable, path: string): Uint8Array {
  const { count, names } = vertices;
  const has = (channel: string): boolean => names.includes(channel);
  const channels = CHANNELS.find((channels) => channels.some(has)) ??
    (SHORT_CHANNELS.every(has) ? SHORT_CHANNELS : undefined);
  if (channels === undefined) return new Uint8Array(3 * count).fill(GREY);
  const types = new Set(channels.map((channel) => vertices.typeOf(channel)));
  const [type] = types;
  const white = types.size === 1 ? WHITE[type] : undefined;
  if (white === undefined) {
    const found = `${channels.join(" ")} are ${[...types].join(" and ")}`;
    throw new DataError(`Properties ${found}: colours need to be uchar, ushort, float or double`, { path });
  }
  const colors = new Uint8Array(3 * count);
  const copy = (target: Uint8Array | Float32Array) =>
    channels.forEach((channel, i) => vertices.copyTo(channel, target, { offset: i, stride: 3 }));
  if (type === "uint8") {
    copy(colors);
    return colors;
  }
  const values = new Float32Array(3 * count);
  copy(values);
  const [least, most] = white;
  const unit = 255 / (values.some((value) => value > least) ? most : least);
  new Uint8ClampedArray(colors.buffer).set(values.map((value) => value * unit)); // rounds to the nearest
  return colors;
}
