// Photos in HEIC, as phones take them: sharp's builds have no decoder for them, because it is not free of patents.

import { DataError } from "../base/errors.ts";
import { readStart } from "./bytes.ts";

/** Bytes in which a file's kind is: the size and type of a box, its brand, a version and compatible brands. */
const START = 64;

/** Brands of images in HEVC (ISO/IEC 23008-12, annex B.4). */
const BRANDS = ["heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs"];

/**
 * The error for a file in HEIC, with what to do; undefined for any other file.
 *
 * @internal
 */
export async function heicError(what: string, path: string): Promise<DataError | undefined> {
  const start = await readStart(path, START).catch(() => new Uint8Array(0));
  const text = new TextDecoder("latin1").decode(start);
  const brands = Array.from({ length: 14 }, (_, i) => text.slice(8 + 4 * i, 12 + 4 * i));
  if (text.slice(4, 8) !== "ftyp" || !brands.some((brand) => BRANDS.includes(brand))) return undefined;
  return new DataError(
    `${what} is in HEIC, which cannot be decoded: convert all photos to JPEG without rotating them (macOS: sips -s ` +
      "format jpeg; Linux: heif-convert), in the folder of photos in their place, or in another that -i names",
    { path },
  );
}
