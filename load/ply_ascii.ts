// The body of an ascii PLY file: numbers separated by white space.

import { DataError } from "../base/errors.ts";
import { LONGEST_NUMBER, parseNumber } from "../base/numbers.ts";
import type { CopyColumn, VertexSource } from "./ply_body.ts";
import { PLY_TYPE_BYTES, type PlyType } from "./ply_header.ts";

const SPACE = 0x20;

/**
 * Parses the vertices of an ascii PLY file; elements before them are skipped, later ones are not read.
 *
 * @internal
 */
export function readAsciiVertices({ bytes, path, header, before, vertex }: VertexSource): CopyColumn {
  const words = new Words(bytes, path, header.bodyOffset);
  for (const { count, properties } of before) {
    if (properties.length === 0) continue;
    for (let record = 0; record < count; record++) {
      for (const { type, length } of properties) {
        const items = length === undefined ? 1 : words.number(length);
        for (let item = 0; item < items; item++) words.number(type);
      }
    }
  }
  const { count, properties } = vertex;
  // A digit and a space for each value, except the space after the last.
  const wanted = 2 * count * properties.length - 1;
  if (wanted > bytes.byteLength - words.offset) {
    const left = bytes.byteLength - words.offset;
    throw new DataError(`File ends inside its vertices: at least ${wanted} bytes wanted, ${left} left`, {
      path,
      offset: words.offset,
    });
  }
  const columns = properties.map(() => new Float64Array(count));
  for (let i = 0; i < count; i++) {
    for (let property = 0; property < properties.length; property++) {
      columns[property][i] = words.number(properties[property].type);
    }
  }
  return function copyColumn(index, target, { offset, stride }) {
    const column = columns[index];
    for (let i = 0, to = offset; i < count; i++, to += stride) target[to] = column[i];
  };
}

/** A cursor over the words of a text. */
class Words {
  offset: number;
  readonly #bytes: Uint8Array;
  readonly #path: string;

  constructor(bytes: Uint8Array, path: string, offset: number) {
    this.#bytes = bytes;
    this.#path = path;
    this.offset = offset;
  }

  /** The next word as a number that `type` can hold. */
  number(type: PlyType): number {
    const bytes = this.#bytes;
    let start = this.offset;
    while (start < bytes.length && bytes[start] <= SPACE) start++;
    let end = start;
    while (end < bytes.length && bytes[end] > SPACE) end++;
    if (start === end) throw new DataError("File ends, expected a number", { path: this.#path, offset: start });
    this.offset = end;
    const word = end - start > LONGEST_NUMBER ? "" : String.fromCharCode(...bytes.subarray(start, end));
    const value = typedNumber(word, type);
    if (value === undefined) {
      const shown = word.length > 20 || word === "" ? `${end - start} characters` : `"${word}"`;
      throw new DataError(`Expected ${type}, found ${shown}`, { path: this.#path, offset: start });
    }
    return value;
  }
}

/** The value of a word; undefined if the type cannot hold it. */
function typedNumber(word: string, type: PlyType): number | undefined {
  const value = parseNumber(word);
  if (value === undefined || type.startsWith("float")) return value;
  const values = 2 ** (8 * PLY_TYPE_BYTES[type]);
  const lowest = type.startsWith("u") ? 0 : -values / 2;
  return Number.isInteger(value) && value >= lowest && value < lowest + values ? value : undefined;
}
