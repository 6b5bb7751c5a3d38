// PLY files (Turk 1994; ascii and binary of either byte order): points and Gaussians by property name.

import { DataError } from "../base/errors.ts";
import type { Coordinates } from "../base/frame.ts";
import { GREY } from "../base/numbers.ts";
import type { PlySplats } from "../base/scene.ts";
import { readDataFile } from "./bytes.ts";
import type { CapturePoints } from "./capture.ts";
import { type PlyFile, readPlyFile, type VertexTable } from "./ply_table.ts";

/** The highest degree of spherical harmonics that is read. */
const MAX_SH_DEGREE = 3;

/** Gaussians as a PLY file has them, before a frame is taken off. */
export interface FileSplats extends Omit<PlySplats, "means"> {
  /** 3N coordinates: float64, or float32 if the file has no more. */
  means: Coordinates;
}

/**
 * Reads the Gaussians of a PLY file, found by property name: x, y, z, f_dc_*, f_rest_* (all of red first, then green,
 * then blue), opacity, scale_* and rot_*. Values are returned as stored. Throws a {@linkcode DataError} when the file
 * is missing or damaged, lacks one of these, or has a number of f_rest_* that no degree from 0 to 3 has.
 *
 * @example
 * ```ts ignore
 * import { readSplatsPly } from "./ply.ts";
 *
 * const splats = await readSplatsPly("out/garden/point_cloud/iteration_30000/point_cloud.ply");
 * console.log(splats.count, splats.shDegree);
 * ```
 */
export async function readSplatsPly(path: string): Promise<FileSplats> {
  return parseSplatsPly(await readDataFile(path), path);
}

/**
 * Parses the bytes of a PLY file as points: properties x, y, z, and red, green, blue as uchar, or no colours for grey.
 * Positions are returned as stored; `path` is for error messages. Throws a {@linkcode DataError} when the file is
 * damaged or lacks one of these.
 */
export function parsePointsPly(bytes: Uint8Array, path: string): CapturePoints {
  const { vertices } = readPlyFile(bytes, path);
  const count = vertices.count;
  const positions = coordinates(vertices);
  const channels = ["red", "green", "blue"];
  if (!channels.some((channel) => vertices.names.includes(channel))) {
    return { count, positions, colors: new Uint8Array(3 * count).fill(GREY) };
  }
  for (const channel of channels) {
    const type = vertices.typeOf(channel);
    if (type !== "uint8") throw new DataError(`Property ${channel} is ${type}: colours need to be uchar`, { path });
  }
  const colors = new Uint8Array(3 * count);
  channels.forEach((channel, i) => vertices.copyTo(channel, colors, { offset: i, stride: 3 }));
  return { count, positions, colors };
}

/** Parses the bytes of a PLY file as Gaussians, like {@linkcode readSplatsPly}; `path` is for error messages. */
export function parseSplatsPly(bytes: Uint8Array, path: string): FileSplats {
  const file = readPlyFile(bytes, path);
  const { vertices } = file;
  const shDegree = degreeOf(file, path);
  const coefficients = (shDegree + 1) ** 2;
  const rest = coefficients - 1;
  const sh = new Float32Array(3 * coefficients * vertices.count);
  for (let channel = 0; channel < 3; channel++) {
    const stride = 3 * coefficients;
    vertices.copyTo(`f_dc_${channel}`, sh, { offset: channel, stride });
    for (let k = 0; k < rest; k++) {
      vertices.copyTo(`f_rest_${channel * rest + k}`, sh, { offset: 3 * (k + 1) + channel, stride });
    }
  }
  return {
    count: vertices.count,
    means: coordinates(vertices),
    logScales: interleave(vertices, ["scale_0", "scale_1", "scale_2"]),
    quats: interleave(vertices, ["rot_0", "rot_1", "rot_2", "rot_3"]),
    opacities: interleave(vertices, ["opacity"]),
    sh,
    shDegree,
    comments: file.comments,
  };
}

/** The degree that the number of f_rest_* properties belongs to: 3((degree + 1)² − 1) of them. */
function degreeOf({ vertices }: PlyFile, path: string): number {
  const rest = vertices.names.filter((name) => /^f_rest_\d+$/.test(name)).length;
  for (let degree = 0; degree <= MAX_SH_DEGREE; degree++) {
    if (rest === 3 * ((degree + 1) ** 2 - 1)) return degree;
  }
  throw new DataError(
    `There are ${rest} properties f_rest_*: spherical harmonics of degree 0 to ${MAX_SH_DEGREE} have 0, 9, 24 or 45`,
    { path },
  );
}

/** The named properties of each vertex side by side, as float32. */
function interleave(vertices: VertexTable, names: string[]): Float32Array {
  const values = new Float32Array(names.length * vertices.count);
  names.forEach((name, i) => vertices.copyTo(name, values, { offset: i, stride: names.length }));
  return values;
}

/** x, y and z of each vertex: as float32 where the file has no more, as in a binary file of floats. */
function coordinates(vertices: VertexTable): Coordinates {
  const names = ["x", "y", "z"];
  if (names.every((name) => vertices.isFloat32(name))) return interleave(vertices, names);
  const values = new Float64Array(3 * vertices.count);
  names.forEach((name, i) => vertices.copyTo(name, values, { offset: i, stride: 3 }));
  return values;
}
