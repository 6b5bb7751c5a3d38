// Gaussians as comma-separated values: a line of column names, those of a PLY, then one line for each Gaussian.

import { DataError } from "../base/errors.ts";
import { LONGEST_NUMBER, parseNumber } from "../base/numbers.ts";
import type { VertexTable } from "./ply_table.ts";

const LF = 0x0a;
const CR = 0x0d;
const COMMA = 0x2c;

/**
 * Parses such a file; `path` is for error messages.
 *
 * @internal
 * @throws {DataError} When a line has another number of values than there are columns, or a value is no number
 */
export function parseSplatCsv(bytes: Uint8Array, path: string): VertexTable {
  const lines = csvLines(bytes);
  const header = lines.next().value;
  const names = header === undefined ? [] : decode(header).split(",").map((name) => name.trim());
  if (names.length === 0 || new Set(names).size < names.length) {
    throw new DataError("The first line does not name the columns, each once", { path, line: 1 });
  }
  const rows: Float64Array[] = [];
  for (const line of lines) {
    const row = new Float64Array(names.length);
    let column = 0;
    for (const word of words(line)) {
      const value = word.length > LONGEST_NUMBER ? undefined : parseNumber(decode(word).trim());
      if (value === undefined || column === names.length) {
        throw new DataError(
          value === undefined ? `Column ${column + 1} is not a number` : `Expected ${names.length} values, found more`,
          { path, line: rows.length + 2 },
        );
      }
      row[column++] = value;
    }
    if (column < names.length) {
      throw new DataError(`Expected ${names.length} values, found ${column}`, { path, line: rows.length + 2 });
    }
    rows.push(row);
  }
  const indexOf = (name: string): number => {
    const index = names.indexOf(name);
    if (index < 0) throw new DataError(`There is no column ${name}, only ${names.join(" ")}`, { path });
    return index;
  };
  return {
    count: rows.length,
    names,
    typeOf(name) {
      indexOf(name);
      return "float64";
    },
    isFloat32(name) {
      const index = indexOf(name);
      return rows.every((row) => Object.is(Math.fround(row[index]), row[index]));
    },
    copyTo(name, target, { offset, stride }) {
      const index = indexOf(name);
      for (let i = 0, to = offset; i < rows.length; i++, to += stride) target[to] = rows[i][index];
    },
  };
}

/** The lines that are not empty, without line ends. */
function* csvLines(bytes: Uint8Array): Generator<Uint8Array, void, void> {
  for (let start = 0; start < bytes.length;) {
    const found = bytes.indexOf(LF, start);
    const next = found < 0 ? bytes.length : found;
    const end = bytes[next - 1] === CR ? next - 1 : next;
    if (end > start) yield bytes.subarray(start, end);
    start = next + 1;
  }
}

function* words(line: Uint8Array): Generator<Uint8Array, void, void> {
  for (let start = 0; start <= line.length;) {
    const found = line.indexOf(COMMA, start);
    const end = found < 0 ? line.length : found;
    yield line.subarray(start, end);
    start = end + 1;
  }
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
