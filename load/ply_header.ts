// The header of a PLY file (Turk 1994): the elements that follow, their properties and encoding.

import { DataError } from "../base/errors.ts";

/** A number's type in a PLY file, by its sized name. */
export type PlyType = "int8" | "uint8" | "int16" | "uint16" | "int32" | "uint32" | "float32" | "float64";

/** One property of an element; `length` is set for lists: the type of each list's length. */
export interface PlyProperty {
  /** Name, unique in its element. */
  name: string;
  /** Type of the value, or of a list's items. */
  type: PlyType;
  /** Type of the length that goes before a list's items; absent for a single value. */
  length?: PlyType;
}

/** A kind of record and how many there are. */
export interface PlyElement {
  /** Name, such as `vertex`. */
  name: string;
  /** Number of records. */
  count: number;
  /** The properties of each record, in order. */
  properties: PlyProperty[];
}

/** A parsed header. */
export interface PlyHeader {
  /** Encoding of what follows. */
  format: "ascii" | "binary_little_endian" | "binary_big_endian";
  /** Comment lines, without the keyword. */
  comments: string[];
  /** Elements in file order. */
  elements: PlyElement[];
  /** Offset of the first byte after the header. */
  bodyOffset: number;
}

/** Bytes of each type. */
export const PLY_TYPE_BYTES: Record<PlyType, number> = {
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  float32: 4,
  float64: 8,
};

/** Both spellings that are in use. */
const TYPES: ReadonlyMap<string, PlyType> = new Map<string, PlyType>([
  ["char", "int8"],
  ["uchar", "uint8"],
  ["short", "int16"],
  ["ushort", "uint16"],
  ["int", "int32"],
  ["uint", "uint32"],
  ["float", "float32"],
  ["double", "float64"],
  ...Object.keys(PLY_TYPE_BYTES).map((type) => [type, type] as [string, PlyType]),
]);

const LF = 0x0a;
const CR = 0x0d;

/** Longest header. Gaussians of degree 3 take 1.5 KB; a file that is not a PLY is rejected without scanning it. */
const LONGEST_HEADER = 1 << 20;

/**
 * Parses the header at the start of `bytes`; `path` is for error messages. Throws a {@linkcode DataError} with the
 * offset of the line that is wrong.
 *
 * @internal
 */
export function parsePlyHeader(bytes: Uint8Array, path: string): PlyHeader {
  const lines = headerLines(bytes, path);
  if (lines.next().value?.text !== "ply") throw new DataError("Not a PLY file: it does not start with ply", { path });
  let format: PlyHeader["format"] | undefined;
  const comments: string[] = [];
  const elements: PlyElement[] = [];
  for (const { text, offset, end } of lines) {
    const [keyword, ...words] = text.split(/\s+/);
    const wrong = (message: string) => new DataError(`${message}: "${text}"`, { path, offset });
    if (keyword === "comment") {
      comments.push(text.slice("comment".length).trim());
    } else if (keyword === "format") {
      const [name, version] = words;
      if (!isFormat(name) || version !== "1.0") throw wrong("Unknown PLY format");
      format = name;
    } else if (keyword === "element") {
      const [name, digits] = words;
      const count = Number(digits);
      if (words.length !== 2 || !/^\d+$/.test(digits) || !Number.isSafeInteger(count)) throw wrong("Bad PLY element");
      if (elements.some((element) => element.name === name)) throw wrong("PLY element is defined twice");
      elements.push({ name, count, properties: [] });
    } else if (keyword === "property") {
      const property = parseProperty(words);
      if (property === undefined || elements.length === 0) throw wrong("Bad PLY property");
      const { properties } = elements[elements.length - 1];
      if (properties.some((other) => other.name === property.name)) throw wrong("PLY property is defined twice");
      properties.push(property);
    } else if (keyword === "end_header") {
      if (format === undefined) throw wrong("PLY header ends without a format");
      return { format, comments, elements, bodyOffset: end };
    } else if (keyword !== "obj_info" && keyword !== "") {
      throw wrong("Unknown line in a PLY header");
    }
  }
  throw new DataError("File ends inside the PLY header", { path, offset: bytes.byteLength });
}

/** The header's lines, each with the offsets of its first byte and of the next line; LF and CRLF both end a line. */
function* headerLines(bytes: Uint8Array, path: string): Generator<{ text: string; offset: number; end: number }> {
  const decoder = new TextDecoder();
  let offset = 0;
  while (offset < bytes.byteLength) {
    if (offset > LONGEST_HEADER) throw new DataError("PLY header does not end", { path, offset });
    const newline = bytes.subarray(0, offset + LONGEST_HEADER).indexOf(LF, offset);
    if (newline < 0) return;
    const stop = newline > offset && bytes[newline - 1] === CR ? newline - 1 : newline;
    yield { text: decoder.decode(bytes.subarray(offset, stop)).trimEnd(), offset, end: newline + 1 };
    offset = newline + 1;
  }
}

function isFormat(name: string): name is PlyHeader["format"] {
  return name === "ascii" || name === "binary_little_endian" || name === "binary_big_endian";
}

/** `TYPE NAME` or `list TYPE TYPE NAME`; undefined for anything else. */
function parseProperty(words: string[]): PlyProperty | undefined {
  if (words[0] === "list") {
    const length = TYPES.get(words[1]);
    const type = TYPES.get(words[2]);
    if (words.length !== 4 || type === undefined || length === undefined || length.startsWith("float")) {
      return undefined;
    }
    return { name: words[3], type, length };
  }
  const type = TYPES.get(words[0]);
  return words.length === 2 && type !== undefined ? { name: words[1], type } : undefined;
}
