// Files of tensors as PyTorch and safetensors write them, made by hand: small ones, and ones that nobody should write.

import { crc32 } from "node:zlib";

/** Bytes of a piece of a pickle that leaves one value on the stack. */
export type Piece = number[];

const ascii = (text: string): number[] => [...new TextEncoder().encode(text)];
const u16 = (value: number): number[] => [value & 255, value >>> 8 & 255];
const u32 = (value: number): number[] => [...u16(value & 0xFFFF), ...u16(value >>> 16)];
const u64 = (value: number): number[] => [...u32(value % 2 ** 32), ...u32(Math.floor(value / 2 ** 32))];

/** The opcodes of protocol 2 by what they push. */
export const p = {
  none: [0x4e],
  yes: [0x88],
  no: [0x89],
  int: (value: number): Piece => value >= 0 && value < 256 ? [0x4b, value] : [0x4a, ...u32(value)],
  long: (...bytes: number[]): Piece => [0x8a, bytes.length, ...bytes],
  text: (text: string): Piece => [0x58, ...u32(ascii(text).length), ...ascii(text)],
  /** As Python 2 writes a str. */
  oldText: (text: string): Piece => [0x55, ascii(text).length, ...ascii(text)],
  tuple: (...items: Piece[]): Piece => [0x28, ...items.flat(), 0x74],
  list: (...items: Piece[]): Piece => [0x5d, 0x28, ...items.flat(), 0x65],
  dict: (...pairs: [Piece, Piece][]): Piece => [0x7d, 0x28, ...pairs.flat(2), 0x75],
  global: (module: string, name: string): Piece => [0x63, ...ascii(`${module}\n${name}\n`)],
  call: (callee: Piece, ...args: Piece[]): Piece => [...callee, ...p.tuple(...args), 0x52],
  persistent: (id: Piece): Piece => [...id, 0x51],
  /** Remembers the value under a number, and recalls it. */
  put: (piece: Piece, place: number): Piece => [...piece, 0x71, place],
  get: (place: number): Piece => [0x68, place],
  /** A whole pickle. */
  file: (piece: Piece): Piece => [0x80, 2, ...piece, 0x2e],
};

/** A storage as a persistent id. */
export function storage(
  key: string,
  length: number,
  { type = "FloatStorage", view }: { type?: string; view?: Piece } = {},
): Piece {
  const id = [p.text("storage"), p.global("torch", type), p.text(key), p.text("cpu"), p.int(length)];
  return p.persistent(p.tuple(...id, ...(view === undefined ? [] : [view])));
}

const orderedDictionary = p.global("collections", "OrderedDict");

/** A tensor of today. */
export function tensor(
  of: Piece,
  { offset = 0, shape, strides }: { offset?: number; shape: number[]; strides?: number[] },
): Piece {
  return p.call(
    p.global("torch._utils", "_rebuild_tensor_v2"),
    of,
    p.int(offset),
    p.tuple(...shape.map(p.int)),
    p.tuple(...(strides ?? rowMajor(shape)).map(p.int)),
    p.no,
    p.call(orderedDictionary),
  );
}

/** Strides of an array without gaps. */
export function rowMajor(shape: number[]): number[] {
  return shape.map((_, d) => shape.slice(d + 1).reduce((product, size) => product * size, 1));
}

/** A state dictionary of today: an OrderedDict, its items, and the attributes that a network gives it. */
export function state(items: Record<string, Piece>): Piece {
  const pairs = Object.entries(items).flatMap(([name, item]) => [...p.text(name), ...item]);
  const metadata = p.dict([p.text("_metadata"), p.call(orderedDictionary)]);
  return [...p.call(orderedDictionary), 0x28, ...pairs, 0x75, ...metadata, 0x62];
}

/** The plain form from before PyTorch 1.6. */
export function plainFile(
  value: Piece,
  storages: Record<string, Uint8Array>,
  { littleEndian = p.yes, magic = MAGIC, lengths = {} }: {
    littleEndian?: Piece;
    magic?: number[];
    lengths?: Record<string, number>;
  } = {},
): Uint8Array {
  return new Uint8Array([
    ...p.file(p.long(...magic)),
    ...p.file([0x4d, ...u16(1001)]),
    ...p.file(p.dict([p.text("protocol_version"), [0x4d, ...u16(1001)]], [p.text("little_endian"), littleEndian])),
    ...p.file(value),
    ...p.file(p.list(...Object.keys(storages).map(p.text))),
    ...Object.entries(storages).flatMap(([key, bytes]) => [...u64(lengths[key] ?? bytes.length / 4), ...bytes]),
  ]);
}

/** 0x1950a86a20f9469cfc6c, little-endian. */
const MAGIC = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/** How a zip archive differs from an ordinary one. */
export interface ZipOptions {
  /** Sizes and offsets in zip64 fields. */
  zip64?: boolean;
  method?: number;
  flags?: number;
  /** Added to every checksum. */
  wrongCrc?: number;
}

/** A zip archive of stored entries. */
export function zipFile(entries: Record<string, ArrayLike<number>>, options: ZipOptions = {}): Uint8Array {
  const { zip64 = false, method = 0, flags = 0, wrongCrc = 0 } = options;
  const bytes: number[] = [];
  const list: number[] = [];
  for (const [name, content] of Object.entries(entries)) {
    const header = bytes.length;
    const crc = crc32(Uint8Array.from(content)) + wrongCrc >>> 0;
    const size = content.length;
    const common = [...u16(zip64 ? 45 : 20), ...u16(flags), ...u16(method), ...u32(0), ...u32(crc)];
    // PyTorch pads with an extra field so that values are aligned.
    const padding = [0x46, 0x42, ...u16(3), 0, 0, 0];
    bytes.push(...u32(0x04034b50), ...common, ...u32(size), ...u32(size), ...u16(name.length), ...u16(padding.length));
    bytes.push(...ascii(name), ...padding);
    for (let i = 0; i < size; i++) bytes.push(content[i]); // too many for one call
    const extra = zip64 ? [...u16(1), ...u16(24), ...u64(size), ...u64(size), ...u64(header)] : [];
    const [shownSize, shownHeader] = zip64 ? [0xFFFFFFFF, 0xFFFFFFFF] : [size, header];
    list.push(...u32(0x02014b50), ...u16(45), ...common, ...u32(shownSize), ...u32(shownSize), ...u16(name.length));
    list.push(...u16(extra.length), ...u16(0), ...u16(0), ...u16(0), ...u32(0), ...u32(shownHeader));
    list.push(...ascii(name), ...extra);
  }
  const start = bytes.length;
  const count = Object.keys(entries).length;
  bytes.push(...list);
  if (zip64) {
    const end64 = bytes.length;
    bytes.push(...u32(0x06064b50), ...u64(44), ...u16(45), ...u16(45), ...u32(0), ...u32(0), ...u64(count));
    bytes.push(...u64(count), ...u64(list.length), ...u64(start));
    bytes.push(...u32(0x07064b50), ...u32(0), ...u64(end64), ...u32(1));
  }
  const [shownCount, shownStart] = zip64 ? [0xFFFF, 0xFFFFFFFF] : [count, start];
  bytes.push(...u32(0x06054b50), ...u16(0), ...u16(0), ...u16(shownCount), ...u16(shownCount), ...u32(list.length));
  bytes.push(...u32(shownStart), ...u16(0));
  return new Uint8Array(bytes);
}

/** A file of today: a zip archive with a pickle and the storages. */
export function zipOf(value: Piece, storages: Record<string, Uint8Array>, options: ZipOptions = {}): Uint8Array {
  const data = Object.entries(storages).map(([key, bytes]) => [`archive/data/${key}`, bytes] as const);
  return zipFile({
    "archive/data.pkl": p.file(value),
    "archive/byteorder": ascii("little"),
    ...Object.fromEntries(data),
    "archive/version": ascii("3\n"),
  }, options);
}

/** A safetensors file with this header, an object or text, and these values. */
export function safetensorsFile(header: unknown, values: ArrayLike<number>): Uint8Array {
  const text = ascii(typeof header === "string" ? header : JSON.stringify(header));
  return new Uint8Array([...u64(text.length), ...text, ...Array.from(values)]);
}

/** The bytes of an array. */
export function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
