// PLY files (Turk 1994; ascii and binary of either byte order): points and Gaussians by property name.

import { DataError } from "../base/errors.ts";
import type { Coordinates } from "../base/frame.ts";
import type { PlySplats } from "../base/scene.ts";
import type { CapturePoints } from "./capture.ts";
import { FILTER_3D, withFilter3d } from "./filter_3d.ts";
import { pointColors } from "./point_colors.ts";
import { type PlyFile, readPlyFile, type VertexTable } from "./ply_table.ts";

/** The highest degree of spherical harmonics that is read. */
const MAX_SH_DEGREE = 3;

/** Gaussians as a PLY file has them, before a frame is taken off. */
export interface FileSplats extends Omit<PlySplats, "means"> {
  /** 3N coordinates: float64, or float32 if the file has no more. */
  means: Coordinates;
}

/**
 * Parses the bytes of a PLY file as points: properties x, y, z, and colours as `pointColors` reads them, or none for
 * grey. Positions are returned as stored; `path` is for error messages. Throws a {@linkcode DataError} when the file is
 * damaged, lacks a coordinate, or has colours of an unknown type.
 */
export function parsePointsPly(bytes: Uint8Array, path: string): CapturePoints {
  const { vertices } = readPlyFile(bytes, path);
  const positions = coordinates(vertices);
  return { count: vertices.count, positions, colors: pointColors(vertices, path) };
}

/**
 * Parses the bytes of a PLY file as Gaussians, found by property name: x, y, z, f_dc_*, f_rest_* (all of red first, then
 * green, then blue), opacity, scale_* and rot_*. Values are returned as stored, except those of a file of Mip-Splatting:
 * its 3D filter, the property filter_3D, is applied to them. `path` is for error messages. Throws a
 * {@linkcode DataError} when the file is damaged, lacks one of these, or has a number of f_rest_* that no degree from 0
 * to 3 has.
 *
 * @example
 * ```ts ignore
 * import { parseSplatsPly } from "./ply.ts";
 *
 * const path = "out/garden/point_cloud/iteration_30000/point_cloud.ply";
 * const splats = parseSplatsPly(await Deno.readFile(path), path);
 * console.log(splats.count, splats.shDegree);
 * ```
 */
export function parseSplatsPly(bytes: Uint8Array, path: string): FileSplats {
  return splatsOf(readPlyFile(bytes, path), path);
}

/**
 * The Gaussians of a table that has the columns of {@linkcode parseSplatsPly}; `path` is for error messages.
 *
 * @internal
 */
export function splatsOf({ vertices, comments }: PlyFile, path: string): FileSplats {
  const shDegree = degreeOf(vertices, path);
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
  const splats: FileSplats = {
    count: vertices.count,
    means: coordinates(vertices),
    logScales: interleave(vertices, ["scale_0", "scale_1", "scale_2"]),
    quats: interleave(vertices, ["rot_0", "rot_1", "rot_2", "rot_3"]),
    opacities: interleave(vertices, ["opacity"]),
    sh,
    shDegree,
    comments,
  };
  if (!vertices.names.includes(FILTER_3D)) return splats;
  return withFilter3d(splats, interleave(vertices, [FILTER_3D]));
}

/** The degree that the number of f_rest_* properties belongs to: 3((degree + 1)² − 1) of them. */
function degreeOf({ names }: VertexTable, path: string): number {
  const rest = names.filter((name) => /^f_rest_\d+$/.test(name)).length;
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
