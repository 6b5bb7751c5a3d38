// Reads photos with sharp, and bounds how much is decoded at once.

import { DataError } from "../base/errors.ts";
import { loadSharp, type Sharp } from "../ffi/sharp.ts";
import { archivedInfo, readArchived } from "./archive.ts";
import { exposureOfExif } from "./exif.ts";
import { heicError } from "./heic.ts";

/** Full-size pixels of the photos in flight at once, in bytes: seven RGB photos of 12 megapixels. */
const DECODED_BYTES = 256 * 2 ** 20;

let inFlight = 0;
const waiting: { bytes: number; start: () => void }[] = [];

/** Bytes of a photo in an archive that its header is in, unless it has large metadata. */
const HEADER_BYTES = 1 << 17;

/**
 * What sharp reads an image from: its path, or its bytes if it is in an archive.
 *
 * @internal
 */
export async function imageInput(path: string): Promise<string | Uint8Array> {
  return await readArchived(path) ?? path;
}

/**
 * The bytes that {@linkcode imageInput} takes in memory: those of a file in an archive.
 *
 * @internal
 */
export async function inputBytes(path: string): Promise<number> {
  return (await archivedInfo(path))?.size ?? 0;
}

/**
 * Reads the header of an image file, as stored.
 *
 * @internal
 */
export async function readHeader(
  what: string,
  path: string,
): Promise<{ width: number; height: number; alpha: boolean; exposure?: number }> {
  const sharp = await loadSharp();
  try {
    const bytes = await inputBytes(path);
    const { width, height, hasAlpha, compression, exif } = bytes === 0
      ? await sharp(path).metadata()
      : await startOf(sharp, path) ??
        await whileDecoding(bytes, async () => await sharp(await imageInput(path)).metadata());
    if (compression === "hevc") throw new Error("HEVC cannot be decoded");
    const exposure = exif && exposureOfExif(exif);
    return { width, height, alpha: hasAlpha, ...(exposure === undefined ? {} : { exposure }) };
  } catch (error) {
    throw await heicError(what, path) ?? unreadable(what, path, error);
  }
}

/** The header of an image in an archive, from its first bytes; undefined if it is in none, or they are not enough. */
async function startOf(sharp: Sharp, path: string): Promise<ReturnType<ReturnType<Sharp>["metadata"]> | undefined> {
  const start = await readArchived(path, HEADER_BYTES);
  return start && await sharp(start).metadata().catch(() => undefined);
}

/**
 * Runs `work`, which holds `bytes` of full-size pixels, as soon as the bound on concurrent decoding allows; in the
 * order of the calls. A photo larger than the bound is decoded alone.
 *
 * @internal
 */
export async function whileDecoding<T>(bytes: number, work: () => Promise<T>): Promise<T> {
  const share = Math.min(bytes, DECODED_BYTES);
  await new Promise<void>((start) => {
    waiting.push({ bytes: share, start });
    startWaiting();
  });
  try {
    return await work();
  } finally {
    inFlight -= share;
    startWaiting();
  }
}

function startWaiting(): void {
  while (waiting.length > 0 && inFlight + waiting[0].bytes <= DECODED_BYTES) {
    const { bytes, start } = waiting.shift()!;
    inFlight += bytes;
    start();
  }
}

/**
 * The error of a file that sharp could not read.
 *
 * @internal
 */
export function unreadable(what: string, path: string, error: unknown): DataError {
  if (error instanceof DataError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new DataError(`${what} cannot be read: ${reason.trim().replaceAll(/\s*\n\s*/g, "; ")}`, {
    path,
    cause: error,
  });
}
