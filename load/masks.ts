// Masks: which pixels of a photo count in training. White is kept, black is left out.

import { forEachParallel } from "../base/parallel.ts";
import type { ImageSize, Lens } from "../base/scene.ts";
import { loadSharp } from "../ffi/sharp.ts";
import { imageInput, inputBytes, readHeader, unreadable, whileDecoding } from "./decoder.ts";
import { PHOTOS_IN_FLIGHT } from "./images.ts";
import { undistort } from "./undistort.ts";

/** A mask's pixel is white from this grey value of 0 to 255 on. */
const WHITE = 128;

/**
 * Size of a stored mask in pixels. Throws a `DataError` when the file is in no known format.
 *
 * @internal
 */
export function maskSize(path: string): Promise<ImageSize> {
  return readHeader("Mask", path);
}

/**
 * Reads a mask at the size of its photo: one byte a pixel, 255 if it is kept and 0 if it is left out. A stored pixel is
 * kept if it is at least half as bright as white (in a mask of zeros and ones, if it is one) and not mostly
 * transparent; a reduced one if at least half of its area is kept. With a lens it is undistorted as its photo is.
 * Throws a `DataError` when the file cannot be read.
 *
 * @internal
 */
export async function readMask(path: string, size: ImageSize, options: { lens?: Lens } = {}): Promise<Uint8Array> {
  const { width, height } = await maskSize(path);
  const { lens } = options;
  const undistorted = lens === undefined ? 0 : lens.width * lens.height + lens.pinhole.width * lens.pinhole.height;
  return await whileDecoding(4 * width * height + undistorted + await inputBytes(path), async () => {
    let mask = await decode(path);
    if (lens !== undefined) mask = await undistort(await resize(mask, lens), lens);
    return blackAndWhite(await resize(mask, size), WHITE).data;
  });
}

/**
 * A line about masks that keep nothing, as inverted or damaged ones may: they are decoded for it. Throws a `DataError`
 * when one cannot be read.
 *
 * @internal
 */
export async function blackMaskNotice(paths: Iterable<string>, signal?: AbortSignal): Promise<string[]> {
  const masks = [...new Set(paths)];
  const isBlack: boolean[] = [];
  await forEachParallel(masks.length, async (i) => {
    const { width, height } = await maskSize(masks[i]);
    isBlack[i] = await whileDecoding(
      4 * width * height + await inputBytes(masks[i]),
      async () => !(await decode(masks[i])).data.includes(255),
    );
  }, { concurrency: PHOTOS_IN_FLIGHT, signal });
  const black = masks.filter((_, i) => isBlack[i]);
  if (black.length === 0) return [];
  return [
    `${black.length} of ${masks.length} masks are black, the first is ${black[0]}: only white pixels count in training`,
  ];
}

/** A mask's pixels: 255 is kept, 0 is left out, interpolated values are between. */
interface Mask extends ImageSize {
  channels: 1;
  data: Uint8Array;
}

async function decode(path: string): Promise<Mask> {
  const sharp = await loadSharp();
  try {
    const { data, info: { width, height, channels } } = await sharp(await imageInput(path), {
      ignoreIcc: true,
      failOn: "error",
    })
      .flatten({ background: "black" })
      .toColourspace("b-w")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    if (channels !== 1) throw new Error(`decoded to ${channels} channels instead of 1`);
    return blackAndWhite({ width, height, channels, data }, data.some((value) => value > 1) ? WHITE : 1);
  } catch (error) {
    throw unreadable("Mask", path, error);
  }
}

async function resize(mask: Mask, { width, height }: ImageSize): Promise<Mask> {
  if (mask.width === width && mask.height === height) return mask;
  const sharp = await loadSharp();
  const raw = { width: mask.width, height: mask.height, channels: mask.channels };
  const data = await sharp(mask.data, { raw })
    .resize({ width, height, fit: "fill", kernel: "linear" })
    .toColourspace("b-w")
    .raw()
    .toBuffer();
  return { width, height, channels: 1, data };
}

/** 255 where a grey value is at least `white`, else 0. */
function blackAndWhite(mask: Mask, white: number): Mask {
  return { ...mask, data: Uint8Array.from(mask.data, (value) => value >= white ? 255 : 0) };
}
