// Zip files whose entries are stored as they are (APPNOTE.TXT 6.3.10), for contents that are compressed already.

import { crc32 } from "node:zlib";

/** Version 2.0 of the format. */
const VERSION = 20;

/** 1 January 1980: the same contents give the same file. */
const DATE = 0x21;

/**
 * The bytes of a zip file; names are ASCII, and the whole is below 4 GiB.
 *
 * @example
 * ```ts
 * import { storedZip } from "./zip.ts";
 *
 * const zip = storedZip({ "a.txt": new TextEncoder().encode("text") });
 * console.log(zip.length); // 122
 * ```
 */
export function storedZip(files: Record<string, Uint8Array>): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [path, bytes] of Object.entries(files)) {
    const name = new TextEncoder().encode(path);
    const checksum = crc32(bytes);
    const common = [[2, VERSION], [2, 0], [2, 0], [2, 0], [2, DATE], [4, checksum], [4, bytes.length], [
      4,
      bytes.length,
    ]];
    const header = fields([4, 0x04034b50], ...common, [2, name.length], [2, 0]);
    directory.push(
      fields([4, 0x02014b50], [2, VERSION], ...common, [2, name.length], [2, 0], [2, 0], [2, 0], [2, 0], [4, 0], [
        4,
        offset,
      ]),
      name,
    );
    parts.push(header, name, bytes);
    offset += header.length + name.length + bytes.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const count = directory.length / 2;
  const end = fields([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, size], [4, offset], [2, 0]);
  const all = [...parts, ...directory, end];
  const zip = new Uint8Array(offset + size + end.length);
  all.reduce((at, part) => (zip.set(part, at), at + part.length), 0);
  return zip;
}

/** Little-endian numbers of 2 or 4 bytes. */
function fields(...numbers: number[][]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(numbers.reduce((sum, [width]) => sum + width, 0)));
  let offset = 0;
  for (const [width, value] of numbers) {
    if (width === 2) bytes.setUint16(offset, value, true);
    else bytes.setUint32(offset, value, true);
    offset += width;
  }
  return new Uint8Array(bytes.buffer);
}
