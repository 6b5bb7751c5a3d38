// The body of a binary PLY file, of either byte order.

import { DataError } from "../base/errors.ts";
import type { CopyColumn, VertexSource } from "./ply_body.ts";
import { PLY_TYPE_BYTES, type PlyElement, type PlyType } from "./ply_header.ts";

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
 * Reads the vertices of a binary PLY file in place; elements before them are skipped.
 *
 * @internal
 */
export function readBinaryVertices({ bytes, path, header, before, vertex }: VertexSource): CopyColumn {
  const body = new BinaryBody(bytes, path, header.format === "binary_little_endian");
  let start = header.bodyOffset;
  for (const element of before) start = body.skip(element, start);
  const recordBytes = fixedBytes(vertex);
  body.checkBytes(start, vertex.count * recordBytes, "vertices");
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
  checkBytes(offset: number, wanted: number, what: string): void {
    const left = this.view.byteLength - offset;
    if (wanted > left) {
      throw new DataError(`File ends inside its ${what}: ${wanted} bytes wanted, ${left} left`, {
        path: this.#path,
        offset,
      });
    }
  }

  /** Offset after an element that starts at `start`; an element with lists is read record by record. */
  skip(element: PlyElement, start: number): number {
    const what = `element ${element.name}`;
    if (element.properties.every((property) => property.length === undefined)) {
      const size = element.count * fixedBytes(element);
      this.checkBytes(start, size, what);
      return start + size;
    }
    let offset = start;
    for (let record = 0; record < element.count; record++) {
      for (const { type, length } of element.properties) {
        let items = 1;
        if (length !== undefined) {
          this.checkBytes(offset, PLY_TYPE_BYTES[length], what);
          items = READ[length](this.view, offset, this.littleEndian);
          if (items < 0) throw new DataError(`List of ${what} has the length ${items}`, { path: this.#path, offset });
          offset += PLY_TYPE_BYTES[length];
        }
        this.checkBytes(offset, items * PLY_TYPE_BYTES[type], what);
        offset += items * PLY_TYPE_BYTES[type];
      }
    }
    return offset;
  }
}
