// Checked reading of binary files: no read passes the end, and a count is compared with the remaining bytes before it
// is used.

import { DataError } from "../base/errors.ts";
import { readArchived } from "./archive.ts";

/**
 * Reads a whole file, which may be in a zip archive. A missing file, or a folder in its place, is a {@linkcode DataError}; other errors (such as a
 * missing permission) pass through as they are.
 *
 * @internal
 */
export async function readDataFile(path: string): Promise<Uint8Array> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    const archived = isAbsent(error) ? await readArchived(path) : undefined;
    if (archived !== undefined) return archived;
    if (isAbsent(error)) throw new DataError("File is missing", { path, cause: error });
    if (error instanceof Deno.errors.IsADirectory) {
      throw new DataError("Expected a file, found a folder", { path, cause: error });
    }
    throw error;
  }
}

/** Whether an error says that there is no such path in the file system. */
function isAbsent(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}

/**
 * Reads the first `length` bytes of a file, or all if it has fewer: enough to tell what it is.
 *
 * @internal
 */
export async function readStart(path: string, length: number): Promise<Uint8Array> {
  const archived = await readArchived(path, length);
  if (archived !== undefined) return archived;
  using file = await Deno.open(path);
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const count = await file.read(bytes.subarray(filled));
    if (count === null) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}

/**
 * A cursor over the bytes of a little-endian file. Every read moves the cursor; a read past the end throws a
 * {@linkcode DataError} that names the file, the offset and what was being read.
 *
 * @internal
 */
export class ByteReader {
  /** File the bytes came from, for error messages. */
  readonly path: string;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  /** Starts at the first of `bytes`, which were read from the file `path`. */
  constructor(bytes: Uint8Array, path: string) {
    this.path = path;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Offset of the next read from the start of the file. */
  get offset(): number {
    return this.#offset;
  }

  /** Bytes from the cursor to the end. */
  get remaining(): number {
    return this.#bytes.byteLength - this.#offset;
  }

  /** Reads an unsigned byte. */
  u8(what: string): number {
    return this.#view.getUint8(this.#take(1, what));
  }

  /** Reads an unsigned 16-bit integer. */
  u16(what: string): number {
    return this.#view.getUint16(this.#take(2, what), true);
  }

  /** Reads an unsigned 32-bit integer. */
  u32(what: string): number {
    return this.#view.getUint32(this.#take(4, what), true);
  }

  /** Reads a signed 32-bit integer. */
  i32(what: string): number {
    return this.#view.getInt32(this.#take(4, what), true);
  }

  /** Reads a double. */
  f64(what: string): number {
    return this.#view.getFloat64(this.#take(8, what), true);
  }

  /** Reads an unsigned 64-bit integer; one that a number cannot hold exactly is an error. */
  u64(what: string): number {
    const start = this.#take(8, what);
    const value = this.#view.getUint32(start, true) + 2 ** 32 * this.#view.getUint32(start + 4, true);
    if (!Number.isSafeInteger(value)) throw this.error(`Value of ${what} is too large`, start);
    return value;
  }

  /**
   * Reads a 64-bit count of records of at least `recordBytes` bytes each. A count that the rest of the file cannot hold
   * is an error here, before anything is allocated for it.
   */
  count(what: string, recordBytes: number): number {
    const start = this.#offset;
    const value = this.u64(what);
    if (value > this.remaining / recordBytes) {
      throw this.error(
        `File states ${value} ${what}, at least ${recordBytes} bytes each, but ${this.remaining} bytes follow`,
        start,
      );
    }
    return value;
  }

  /** Reads UTF-8 text that ends with a zero byte. */
  text(what: string): string {
    const start = this.#offset;
    const end = this.#bytes.indexOf(0, start);
    if (end < 0) throw this.error(`File ends inside ${what}`, start);
    this.#offset = end + 1;
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.#bytes.subarray(start, end));
    } catch (cause) {
      throw this.error(`Text of ${what} is not UTF-8`, start, cause);
    }
  }

  /** Takes `length` bytes; a view, not a copy. */
  bytes(length: number, what: string): Uint8Array {
    const start = this.#take(length, what);
    return this.#bytes.subarray(start, start + length);
  }

  /** Skips `length` bytes. */
  skip(length: number, what: string): void {
    this.#take(length, what);
  }

  /** Throws if bytes are left after the last record: the file does not match its counts. */
  end(what: string): void {
    if (this.remaining > 0) throw this.error(`File goes on for ${this.remaining} bytes after the last of its ${what}`);
  }

  /** The error for something wrong at `offset` (by default the cursor) of this file. */
  error(message: string, offset: number = this.#offset, cause?: unknown): DataError {
    return new DataError(message, { path: this.path, offset, cause });
  }

  #take(length: number, what: string): number {
    const start = this.#offset;
    if (length > this.#bytes.byteLength - start) {
      throw this.error(`File ends inside ${what}: ${length} bytes wanted, ${this.remaining} left`);
    }
    this.#offset = start + length;
    return start;
  }
}
