// Zip archives for tests, written field by field (PKWARE's APPNOTE 6.3.10), so that any field may lie.

import { crc32, deflateRawSync } from "node:zlib";

/** A file of an archive. */
export interface ZipEntry {
  name: string;
  data: Uint8Array;
  /** Whether it is stored without compression. */
  stored?: boolean;
  /** Whether sizes and offset are in a zip64 field. */
  zip64?: boolean;
  /** A Unix mode. */
  mode?: number;
  /** Fields that are other than they should be. */
  lies?: { method?: number; flags?: number; size?: number; crc?: number };
}

/** The bytes of an archive. */
export function zipOf(entries: ZipEntry[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const entry of entries) {
    const local = record(entry, undefined);
    directory.push(record(entry, offset));
    const data = entry.stored ? entry.data : new Uint8Array(deflateRawSync(entry.data));
    parts.push(local, data);
    offset += local.length + data.length;
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const end = fields(
    [4, 0x06054b50],
    [2, 0],
    [2, 0],
    [2, entries.length],
    [2, entries.length],
    [4, size],
    [4, offset],
    [2, 0],
  );
  return joined([...parts, ...directory, end]);
}

/** A local header, or that of the central directory if the local one's offset is given. */
function record({ name, data, stored, zip64, mode = 0, lies = {} }: ZipEntry, offset: number | undefined): Uint8Array {
  const path = new TextEncoder().encode(name);
  const compressed = stored ? data.length : deflateRawSync(data).length;
  const size = lies.size ?? data.length;
  const wide: [number, number][] = [
    [8, size],
    [8, compressed],
    ...(offset === undefined ? [] : [[8, offset] as [number, number]]),
  ];
  const extra = zip64 ? fields([2, 1], [2, 8 * wide.length], ...wide) : new Uint8Array(0);
  const narrow = (value: number) => zip64 ? 0xffffffff : value;
  const common: [number, number][] = [
    ...[[2, 20], [2, 0x800 | (lies.flags ?? 0)], [2, lies.method ?? (stored ? 0 : 8)], [2, 0], [2, 0x21]],
    ...[[4, lies.crc ?? crc32(data)], [4, narrow(compressed)], [4, narrow(size)], [2, path.length], [2, extra.length]],
  ] as [number, number][];
  const head = offset === undefined ? fields([4, 0x04034b50], ...common) : fields(
    ...[[4, 0x02014b50], [2, 0x031e], ...common, [2, 0], [2, 0], [2, 0]] as [number, number][],
    ...[[4, mode * 65536], [4, narrow(offset)]] as [number, number][],
  );
  return joined([head, path, extra]);
}

/** Little-endian integers of so many bytes each. */
function fields(...values: [bytes: number, value: number][]): Uint8Array {
  const bytes: number[] = [];
  for (const [length, value] of values) {
    for (let i = 0; i < length; i++) bytes.push(Math.floor(value / 2 ** (8 * i)) % 256);
  }
  return Uint8Array.from(bytes);
}

function joined(parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
