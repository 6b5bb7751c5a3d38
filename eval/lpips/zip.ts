// Reads zip archives with uncompressed entries, as PyTorch writes them: nothing is unpacked, so memory is bounded.
// Follows PKWARE's APPNOTE 6.3, with zip64.

import { crc32 } from "node:zlib";
import { DataError } from "../../base/errors.ts";
import { ByteReader } from "../../load/bytes.ts";

const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const END = 0x06054b50;
const END64 = 0x06064b50;
const END64_LOCATOR = 0x07064b50;
const END_BYTES = 22;
const LONGEST_COMMENT = 0xFFFF;
const LEAST_CENTRAL_BYTES = 46;
const ENCRYPTED = 1;
/** Marks a field that is in the zip64 extra field instead. */
const IN_EXTRA = 0xFFFFFFFF;
const ZIP64_EXTRA = 1;

interface Entry {
  name: string;
  method: number;
  encrypted: boolean;
  crc: number;
  packed: number;
  size: number;
  header: number;
}

/** The entries of an archive. */
export class StoredZip {
  readonly #bytes: Uint8Array;
  readonly #path: string;
  readonly #entries: Map<string, Entry>;

  /**
   * Reads the list of entries.
   *
   * @param bytes The archive
   * @param path Its name in error messages
   * @throws {DataError} When the list is damaged
   */
  constructor(bytes: Uint8Array, path: string) {
    this.#bytes = bytes;
    this.#path = path;
    this.#entries = readDirectory(bytes, path);
  }

  /** Names of the entries, in the archive's order. */
  get names(): string[] {
    return [...this.#entries.keys()];
  }

  /** Offset of an entry's first byte in the archive; throws as {@linkcode StoredZip.read}. */
  offset(name: string): number {
    return this.#locate(name).start;
  }

  /**
   * An entry's bytes, a view; their checksum is verified.
   *
   * @throws {DataError} When there is no such entry, it is compressed, encrypted or damaged
   */
  read(name: string): Uint8Array {
    const { entry, start } = this.#locate(name);
    const bytes = this.#bytes.subarray(start, start + entry.size);
    if (crc32(bytes) !== entry.crc) throw this.#error(`The checksum of ${name} does not match: it is damaged`, start);
    return bytes;
  }

  #locate(name: string): { entry: Entry; start: number } {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw new DataError(`Archive has no entry ${name}`, { path: this.#path });
    const { header, size } = entry;
    if (entry.encrypted) throw this.#error(`Entry ${name} is encrypted`, header);
    if (entry.method !== 0 || entry.packed !== size) {
      throw this.#error(`Entry ${name} is compressed: PyTorch's files are not`, header);
    }
    const reader = readerAt(this.#bytes, this.#path, header);
    if (reader.u32(`the header of ${name}`) !== LOCAL_HEADER) throw this.#error(`No header of ${name} here`, header);
    reader.skip(22, `the header of ${name}`);
    const [nameLength, extraLength] = [reader.u16("a name's length"), reader.u16("an extra field's length")];
    reader.skip(nameLength + extraLength, `the header of ${name}`);
    const start = reader.offset;
    reader.skip(size, `entry ${name}`);
    return { entry, start };
  }

  #error(message: string, offset: number): DataError {
    return new DataError(message, { path: this.#path, offset });
  }
}

function readerAt(bytes: Uint8Array, path: string, offset: number): ByteReader {
  const reader = new ByteReader(bytes, path);
  reader.skip(offset, "what the archive's list points at");
  return reader;
}

function readDirectory(bytes: Uint8Array, path: string): Map<string, Entry> {
  const end = findEnd(bytes, path);
  const { count, offset } = readEnd(bytes, path, end);
  const reader = readerAt(bytes, path, offset);
  if (count > reader.remaining / LEAST_CENTRAL_BYTES) {
    throw reader.error(`Archive states ${count} entries, but ${reader.remaining} bytes follow`, end);
  }
  const entries = new Map<string, Entry>();
  for (let i = 0; i < count; i++) {
    const start = reader.offset;
    const entry = readEntry(reader);
    if (entries.has(entry.name)) throw reader.error(`Archive has two entries ${entry.name}`, start);
    entries.set(entry.name, entry);
  }
  return entries;
}

/** Offset of the record at the archive's end. */
function findEnd(bytes: Uint8Array, path: string): number {
  const last = bytes.length - END_BYTES;
  for (let at = last; at >= Math.max(0, last - LONGEST_COMMENT); at--) {
    if (bytes[at] === 0x50 && readerAt(bytes, path, at).u32("the end record") === END) return at;
  }
  throw new DataError("Archive has no end: it is truncated", { path, offset: bytes.length });
}

/** Number of entries and offset of their list. */
function readEnd(bytes: Uint8Array, path: string, end: number): { count: number; offset: number } {
  const reader = readerAt(bytes, path, end);
  reader.skip(10, "the end record");
  const count = reader.u16("the number of entries");
  reader.skip(4, "the end record");
  const offset = reader.u32("the offset of the list");
  const locator = end - 20;
  if ((count !== 0xFFFF && offset !== IN_EXTRA) || locator < 0) return { count, offset };
  const found = readerAt(bytes, path, locator);
  if (found.u32("the zip64 locator") !== END64_LOCATOR) return { count, offset };
  found.skip(4, "the zip64 locator");
  const record = readerAt(bytes, path, found.u64("the offset of the zip64 end record"));
  const start = record.offset;
  if (record.u32("the zip64 end record") !== END64) throw record.error("No zip64 end record here", start);
  record.skip(28, "the zip64 end record");
  const count64 = record.u64("the number of entries");
  record.skip(8, "the zip64 end record");
  return { count: count64, offset: record.u64("the offset of the list") };
}

function readEntry(reader: ByteReader): Entry {
  const start = reader.offset;
  if (reader.u32("an entry of the list") !== CENTRAL_HEADER) throw reader.error("No entry of the list here", start);
  reader.skip(4, "an entry of the list");
  const flags = reader.u16("an entry's flags");
  const method = reader.u16("an entry's method");
  reader.skip(4, "an entry of the list");
  const crc = reader.u32("an entry's checksum");
  const fields = { size: 0, packed: 0, header: 0 };
  fields.packed = reader.u32("an entry's size");
  fields.size = reader.u32("an entry's size");
  const nameLength = reader.u16("a name's length");
  const extraLength = reader.u16("an extra field's length");
  const commentLength = reader.u16("a comment's length");
  reader.skip(8, "an entry of the list");
  fields.header = reader.u32("an entry's offset");
  const name = new TextDecoder().decode(reader.bytes(nameLength, "an entry's name"));
  const extraStart = reader.offset;
  const extra = new ByteReader(reader.bytes(extraLength, "an extra field"), reader.path);
  reader.skip(commentLength, "an entry's comment");
  while (extra.remaining >= 4) {
    const id = extra.u16("an extra field");
    const length = extra.u16("an extra field");
    if (length > extra.remaining) throw reader.error("Extra field is longer than it may be", extraStart);
    const content = new ByteReader(extra.bytes(length, "an extra field"), reader.path);
    if (id !== ZIP64_EXTRA) continue;
    for (const field of ["size", "packed", "header"] as const) {
      if (fields[field] !== IN_EXTRA) continue;
      if (content.remaining < 8) throw reader.error("The zip64 field of an entry is too short", extraStart);
      fields[field] = content.u64("a zip64 field");
    }
  }
  return { name, method, encrypted: (flags & ENCRYPTED) !== 0, crc, ...fields };
}
