// A PLY file: finds the vertices after the header and copies their properties by name.

import { DataError } from "../base/errors.ts";
import type { Coordinates } from "../base/frame.ts";
import { readAsciiVertices } from "./ply_ascii.ts";
import { readBinaryVertices } from "./ply_binary.ts";
import { parsePlyHeader, type PlyType } from "./ply_header.ts";

/** The vertices of a PLY file, as columns. */
export interface VertexTable {
  /** Number of vertices. */
  count: number;
  /** Names of the properties, in file order. */
  names: string[];
  /** Type of a property; a {@linkcode DataError} if there is none of that name. */
  typeOf(name: string): PlyType;
  /** Whether a property has the precision of float32: text has more. */
  isFloat32(name: string): boolean;
  /** Writes a property of vertex i to `target[offset + i · stride]`; a {@linkcode DataError} if there is none. */
  copyTo(name: string, target: Coordinates | Uint8Array, layout: { offset: number; stride: number }): void;
}

/** An opened PLY file. */
export interface PlyFile {
  /** The header's comment lines. */
  comments: string[];
  /** The element `vertex`. */
  vertices: VertexTable;
}

/**
 * Opens the bytes of a PLY file; `path` is for error messages. Checks that all vertices are there before anything is
 * allocated for them.
 *
 * @internal
 */
export function readPlyFile(bytes: Uint8Array, path: string): PlyFile {
  const header = parsePlyHeader(bytes, path);
  const position = header.elements.findIndex((element) => element.name === "vertex");
  if (position < 0) throw new DataError("PLY file has no element vertex", { path });
  const vertex = header.elements[position];
  const list = vertex.properties.find((property) => property.length !== undefined);
  if (list !== undefined) throw new DataError(`Property ${list.name} of the vertices is a list`, { path });
  if (vertex.properties.length === 0) throw new DataError("Vertices have no properties", { path });

  const source = { bytes, path, header, before: header.elements.slice(0, position), vertex };
  const copy = header.format === "ascii" ? readAsciiVertices(source) : readBinaryVertices(source);
  const names = vertex.properties.map((property) => property.name);
  function indexOf(name: string): number {
    const index = names.indexOf(name);
    if (index < 0) throw new DataError(`Vertices have no property ${name}, only ${names.join(" ")}`, { path });
    return index;
  }
  const vertices: VertexTable = {
    count: vertex.count,
    names,
    typeOf: (name) => vertex.properties[indexOf(name)].type,
    isFloat32: (name) => header.format !== "ascii" && vertex.properties[indexOf(name)].type === "float32",
    copyTo: (name, target, layout) => copy(indexOf(name), target, layout),
  };
  return { comments: header.comments, vertices };
}
