// The body of a PLY file: finds the vertices behind the header and hands out their properties by name.

import { DataError } from "../base/errors.ts";
import { readAsciiVertices } from "./ply_ascii.ts";
import { parsePlyHeader, PLY_TYPE_BYTES, type PlyElement, type PlyHeader, type PlyType } from "./ply_header.ts";

/** The vertices of a PLY file, as columns. */
export interface VertexTable {
  /** Number of vertices. */
  count: number;
  /** Names of the properties, in file order. */
  names: string[];
  /** Type of a property; a {@linkcode DataError} if there is none of that name. */
  typeOf(name: string): PlyType;
  /** Writes a property of vertex i to `target[offset + i · stride]`; a {@linkcode DataError} if there is none. */
  copyTo(name: string, target: Float32Array | Uint8Array, layout: { offset: number; stride: number }): void;
}

/** A PLY file, opened. */
export interface PlyFile {
  /** The header's comment lines. */
  comments: string[];
  /** The element `vertex`. */
  vertices: VertexTable;
}

/** Finds the values of property `index` of all vertices and writes them at the offset and stride given. */
export type CopyColumn = (
  index: number,
  target: Float32Array | Uint8Array,
  layout: { offset: number; stride: number },
) => void;

/** Readers of one number at a byte offset. */
const READ: Record<PlyType, (view: DataView, offset: number, littleEndian: boolean) => number> = {
  int8: (view, offset) => view.getInt8(offset),
  uint8: (view, offset) => view.getUint8(offset),
  int16: (view, offset, littleEndian) => view.getInt16(offset, littleEndian),
  uint16: (view, offset, littleEndian) => view.getUint16(offset, littleEndian),
  int32: (view, offset, littleEndian) => view.getInt32(offset, littleEndian),
  uint32: (view, offset, littleEndian) => view.getUint32(offset, littleEndian),
  float32: (view, offset, littleEndian) => view.getFloat32(offset, littleEndian),
  float64: (view, offset, littleEndian) => view.getFloat64(offset, littleEndian),
};

/**
 * Opens the bytes of a PLY file; `path` is for error messages. That the vertices are all there is checked before
 * anything is allocated for them.
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
    copyTo: (name, target, layout) => copy(indexOf(name), target, layout),
  };
  return { comments: header.comments, vertices };
}

/** What a body's reader needs: the file, and the elements up to and including the vertices. */
export interface VertexSource {
  /** The whole file. */
  bytes: Uint8Array;
  /** Its path, for error messages. */
  path: string;
  /** Its header. */
  header: PlyHeader;
  /** The elements to pass over. */
  before: PlyElement[];
  /** The vertices' element, without lists. */
  vertex: PlyElement;
}

function readBinaryVertices({ bytes, path, header, before, vertex }: VertexSource): CopyColumn {
  const body = new BinaryBody(bytes, path, header.format === "binary_little_endian");
  let start = header.bodyOffset;
  for (const element of before) start = body.skip(element, start);
  const recordBytes = fixedBytes(vertex);
  body.checkRoom(start, vertex.count * recordBytes, "vertices");
  return function copyColumn(index, target, { offset, stride }) {
    const read = READ[vertex.properties[index].type];
    const { view, littleEndian } = body;
    let from = start + fixedBytes({ properties: vertex.properties.slice(0, index) });
    for (let i = 0, to = offset; i < vertex.count; i++, to += stride, from += recordBytes) {
      target[to] = read(view, from, littleEndian);
    }
  };
}

/** Bytes of a record without lists. */
function fixedBytes({ properties }: { properties: PlyElement["properties"] }): number {
  return properties.reduce((sum, { type }) => sum + PLY_TYPE_BYTES[type], 0);
}

/** The records of a binary file, with every length checked before it is used. */
class BinaryBody {
  readonly view: DataView;
  readonly littleEndian: boolean;
  readonly #path: string;

  constructor(bytes: Uint8Array, path: string, littleEndian: boolean) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.littleEndian = littleEndian;
    this.#path = path;
  }

  /** A {@linkcode DataError} unless `wanted` bytes are there from `offset` on. */
  checkRoom(offset: number, wanted: number, what: string): void {
    const left = this.view.byteLength - offset;
    if (wanted > left) {
      throw new DataError(`File ends inside its ${what}: ${wanted} bytes wanted, ${left} left`, {
        path: this.#path,
        offset,
      });
    }
  }

  /** Offset behind an element that starts at `start`; one with lists has to be walked record by record. */
  skip(element: PlyElement, start: number): number {
    const what = `element ${element.name}`;
    if (element.properties.every((property) => property.length === undefined)) {
      const size = element.count * fixedBytes(element);
      this.checkRoom(start, size, what);
      return start + size;
    }
    let offset = start;
    for (let record = 0; record < element.count; record++) {
      for (const { type, length } of element.properties) {
        let items = 1;
        if (length !== undefined) {
          this.checkRoom(offset, PLY_TYPE_BYTES[length], what);
          items = READ[length](this.view, offset, this.littleEndian);
          if (items < 0) throw new DataError(`List of ${what} has the length ${items}`, { path: this.#path, offset });
          offset += PLY_TYPE_BYTES[length];
        }
        this.checkRoom(offset, items * PLY_TYPE_BYTES[type], what);
        offset += items * PLY_TYPE_BYTES[type];
      }
    }
    return offset;
  }
}
