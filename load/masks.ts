// Masks: which pixels of a photo count in training. White is kept, black is left out.

import { join } from "node:path";
import { loadSharp, readHeader, unreadable, whileDecoding } from "./decoder.ts";
import { statOrUndefined } from "./files.ts";
import type { ImageSize } from "./images.ts";

/** From this grey value of 0 to 255 on a mask's pixel is white. */
const WHITE = 128;

/**
 * The mask of a photo in a folder of masks: `a/b.jpg` has `a/b.jpg.png`, as COLMAP names it, or else `a/b.png`.
 *
 * @internal
 *
 * @param name The photo's path in the folder of photos
 * @param folder The folder of masks, which need not exist
 * @returns The mask's path; undefined where the photo has none
 */
export async function findMask(name: string, folder: string): Promise<string | undefined> {
  const stem = name.replace(/\.[^./]*$/, "");
  for (const candidate of new Set([`${name}.png`, `${stem}.png`])) {
    const path = join(folder, candidate);
    if ((await statOrUndefined(path))?.isFile) return path;
  }
  return undefined;
}

/**
 * Size of a stored mask in pixels. Throws a `DataError` when the file is in no known format.
 *
 * @internal
 */
export function maskSize(path: string): Promise<ImageSize> {
  return readHeader("Mask", path);
}

/**
 * Reads a mask at the size of its photo: one byte a pixel, 255 where it is kept and 0 where it is left out. A stored
 * pixel is kept where it is at least half as bright as white (in a mask of zeros and ones, where it is one) and not
 * mostly transparent; a reduced one where at least half of its area is. Throws a `DataError` when the file
 * cannot be read.
 *
 * @internal
 */
export async function readMask(path: string, size: ImageSize): Promise<Uint8Array> {
  const { width, height } = await maskSize(path);
  const sharp = await loadSharp();
  try {
    return await whileDecoding(4 * width * height, async () => {
      const grey = await sharp(path, { ignoreIcc: true, failOn: "error" })
        .flatten({ background: "black" })
        .toColourspace("b-w")
        .raw({ depth: "uchar" })
        .toBuffer({ resolveWithObject: true });
      const mask = blackAndWhite(grey, grey.data.some((value) => value > 1) ? WHITE : 1);
      if (width === size.width && height === size.height) return mask;
      const resized = await sharp(mask, { raw: { width, height, channels: 1 } })
        .resize({ ...size, fit: "fill", kernel: "linear" })
        .toColourspace("b-w")
        .raw()
        .toBuffer({ resolveWithObject: true });
      return blackAndWhite(resized, WHITE);
    });
  } catch (error) {
    throw unreadable("Mask", path, error);
  }
}

/** 255 where a grey value is at least `white`, else 0. */
function blackAndWhite(
  { data, info }: { data: Uint8Array; info: { channels: number } },
  white: number,
): Uint8Array {
  if (info.channels !== 1) throw new Error(`decoded to ${info.channels} channels instead of 1`);
  const mask = new Uint8Array(data.length);
  for (let i = 0; i < mask.length; i++) mask[i] = data[i] >= white ? 255 : 0;
  return mask;
}
