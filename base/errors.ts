// The error for bad input files: it names the file, and the byte or line if known.

/**
 * Input data that cannot be used: a damaged file, a missing photo, a camera model that is not supported. The command
 * line turns it into exit code 3.
 *
 * @example
 * ```ts
 * import { DataError } from "./errors.ts";
 *
 * const error = new DataError("File ends in the middle of a record", { path: "points3D.bin", offset: 8 });
 * console.log(error.message); // File ends in the middle of a record (points3D.bin, byte 8)
 * ```
 */
export class DataError extends Error {
  /** The file (or folder) at fault, as it was opened. */
  readonly path: string;
  /** Byte offset in that file, if known. */
  readonly offset?: number;
  /** 1-based line of that file, if it is a text file and the line is known. */
  readonly line?: number;

  /** Builds the message from what is wrong and where; `cause` is the error underneath, if there is one. */
  constructor(message: string, where: { path: string; offset?: number; line?: number; cause?: unknown }) {
    const byte = where.offset === undefined ? "" : `, byte ${where.offset}`;
    const place = `${where.path}${where.line === undefined ? byte : `, line ${where.line}`}`;
    super(`${message} (${place})`, where.cause === undefined ? undefined : { cause: where.cause });
    this.name = "DataError";
    this.path = where.path;
    this.offset = where.offset;
    this.line = where.line;
  }
}
