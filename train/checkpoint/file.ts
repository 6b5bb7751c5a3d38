/**
 * The file of a checkpoint, little-endian:
 *
 * ```text
 * 0   8 bytes  "tameckpt"
 * 8   uint32   version of the format
 * 12  uint32   bytes of the manifest
 * 16           the manifest: JSON, UTF-8
 *     uint32   checksum
 *              then for each section of the manifest: its rows as they are stored, and
 *     uint32   checksum
 * ```
 *
 * A checksum is the CRC-32 of the file from its start to there. The manifest states the size of each section, so that a
 * file which is cut off is recognised by its size.
 *
 * @module
 */

import { crc32 } from "node:zlib";
import { fileURLToPath } from "node:url";
import { DataError } from "../../base/errors.ts";
import type { StateChunk } from "../../ffi/state.ts";
import { type CheckpointManifest, parseManifest } from "./manifest.ts";

const MAGIC = "tameckpt";
const VERSION = 1;
const HEADER_BYTES = 16;
const CHECKSUM_BYTES = 4;

/** Largest manifest: a section of 4 MiB takes about 50 bytes of it. Only a damaged file states more. */
const LARGEST_MANIFEST = 2 ** 26;

/**
 * The parts of a checkpoint's file.
 *
 * @param manifest Lists the chunks as its sections
 * @param chunks The columns
 */
export function* checkpointParts(
  manifest: CheckpointManifest,
  chunks: readonly StateChunk[],
): Generator<Uint8Array, void, void> {
  const text = new TextEncoder().encode(JSON.stringify(manifest));
  const header = new Uint8Array(HEADER_BYTES);
  header.set(new TextEncoder().encode(MAGIC));
  const view = new DataView(header.buffer);
  view.setUint32(8, VERSION, true);
  view.setUint32(12, text.length, true);
  let sum = crc32(text, crc32(header));
  yield header;
  yield text;
  yield checksum(sum);
  for (const { data } of chunks) {
    sum = crc32(data, sum);
    yield data;
    yield checksum(sum);
  }
}

function checksum(sum: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(CHECKSUM_BYTES);
  new DataView(bytes.buffer).setUint32(0, sum, true);
  return bytes;
}

/**
 * A checkpoint on disk, of which the manifest has been read.
 *
 * @example
 * ```ts no-assert
 * import { CheckpointFile } from "../../mod.ts";
 *
 * export async function finishedIterations(path: string): Promise<number> {
 *   const checkpoint = await CheckpointFile.open(path);
 *   await checkpoint.verify();
 *   return checkpoint.manifest.state.iteration;
 * }
 * ```
 */
export class CheckpointFile {
  /** The file. */
  readonly path: string;
  /** What it states about the run. */
  readonly manifest: CheckpointManifest;
  /** Where the sections begin, and the checksum up to there. */
  readonly #start: { offset: number; sum: number };

  private constructor(path: string, manifest: CheckpointManifest, start: { offset: number; sum: number }) {
    this.path = path;
    this.manifest = manifest;
    this.#start = start;
  }

  /**
   * Opens a checkpoint: reads its manifest, and checks that and the size of the file.
   *
   * @param path File
   * @throws {DataError} When it is missing, no checkpoint, of a newer version, damaged or incomplete
   */
  static async open(path: string | URL): Promise<CheckpointFile> {
    const name = path instanceof URL ? fileURLToPath(path) : path;
    using file = await openFile(name);
    const { size, isFile } = await file.stat();
    if (!isFile) throw new DataError("Not a checkpoint of tame: expected a file", { path: name });
    const header = await readBytes(file, HEADER_BYTES, { path: name, offset: 0, what: "its header" });
    if (new TextDecoder().decode(header.subarray(0, MAGIC.length)) !== MAGIC) {
      throw new DataError(`Not a checkpoint of tame: it does not begin with "${MAGIC}"`, { path: name, offset: 0 });
    }
    const view = new DataView(header.buffer);
    const version = view.getUint32(8, true);
    if (version !== VERSION) {
      throw new DataError(
        `Checkpoint has version ${version} of the format, this tame reads ${VERSION}: resume with the tame that wrote it`,
        { path: name, offset: 8 },
      );
    }
    const length = view.getUint32(12, true);
    if (length > LARGEST_MANIFEST) throw damaged(`it states a manifest of ${length} bytes`, { path: name, offset: 12 });
    const text = await readBytes(file, length, { path: name, offset: HEADER_BYTES, what: "its manifest" });
    const sum = crc32(text, crc32(header));
    const offset = HEADER_BYTES + length;
    await checkSum(file, sum, { path: name, offset, what: "its manifest" });
    const manifest = parseManifest(text, name);
    const start = offset + CHECKSUM_BYTES;
    const expected = manifest.sections.reduce((bytes, section) => bytes + section.bytes + CHECKSUM_BYTES, start);
    if (size !== expected) {
      throw damaged(`it has ${size} bytes, its manifest states ${expected}`, { path: name, offset: size });
    }
    return new CheckpointFile(name, manifest, { offset: start, sum });
  }

  /**
   * Reads the columns, a section at a time, each checked before it is yielded.
   *
   * @throws {DataError} When a section is damaged
   */
  async *chunks(): AsyncGenerator<StateChunk, void, void> {
    using file = await openFile(this.path);
    let { offset, sum } = this.#start;
    await file.seek(offset, Deno.SeekMode.Start);
    for (const { column, offset: row, bytes } of this.manifest.sections) {
      const where = { path: this.path, offset, what: `column ${column} from row ${row} on` };
      const data = await readBytes(file, bytes, where);
      sum = crc32(data, sum);
      await checkSum(file, sum, where);
      yield { column, offset: row, data };
      offset += bytes + CHECKSUM_BYTES;
    }
  }

  /**
   * Reads the whole file.
   *
   * @throws {DataError} When it is damaged
   */
  async verify(): Promise<void> {
    for await (const _ of this.chunks());
  }
}

/** Part of a file, for error messages. */
interface Place {
  path: string;
  offset: number;
  what: string;
}

async function openFile(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new DataError("Checkpoint is missing", { path, cause: error });
    throw error;
  }
}

async function readBytes(
  file: Deno.FsFile,
  length: number,
  { what, ...where }: Place,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let read = 0; read < length;) {
    const more = await file.read(bytes.subarray(read));
    if (more === null) throw damaged(`it ends inside ${what}`, where);
    read += more;
  }
  return bytes;
}

async function checkSum(file: Deno.FsFile, sum: number, { what, ...where }: Place): Promise<void> {
  const stored = await readBytes(file, CHECKSUM_BYTES, { what: "a checksum", ...where });
  if (new DataView(stored.buffer).getUint32(0, true) !== sum) {
    throw damaged(`the checksum of ${what} does not match`, where);
  }
}

function damaged(how: string, where: { path: string; offset: number }): DataError {
  return new DataError(`Checkpoint is damaged: ${how}. Resume from another one`, where);
}
