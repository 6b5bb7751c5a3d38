// Photos: their sizes, their pixels, and the size they are trained at.

import { forEachParallel } from "../base/parallel.ts";
import type { Image8, ImageSize, Lens } from "../base/scene.ts";
import { loadSharp } from "../ffi/sharp.ts";
import { imageInput, inputBytes, readHeader, unreadable, whileDecoding } from "./decoder.ts";
import { undistort } from "./undistort.ts";

/** Photos wider than this train at this width, unless a resolution is asked for. */
export const AUTOMATIC_WIDTH = 1600;

/** Photos in flight at once: sharp decodes each on its own thread; at most 16, to bound the memory. */
export const PHOTOS_IN_FLIGHT: number = Math.min(navigator.hardwareConcurrency, 16);

/** The header of a stored photo. */
export interface ImageHeader extends ImageSize {
  /** Whether the pixels have alpha. */
  alpha: boolean;
  /** The exposure by its EXIF data, as `View.exposure`. */
  exposure?: number;
}

/**
 * Size of a stored photo in pixels, and whether it has alpha, from its header: as stored, without EXIF rotation. Throws
 * a {@linkcode DataError} when the file is missing or in no known format.
 *
 * @example
 * ```ts ignore
 * import { imageSize } from "./images.ts";
 *
 * const { width, height } = await imageSize("captures/garden/images/0001.jpg");
 * console.log(width / height);
 * ```
 */
export function imageSize(path: string): Promise<ImageHeader> {
  return readHeader("Photo", path);
}

/**
 * Reads a photo as 8-bit RGB, with straight alpha if the file has it, undistorted if it has a lens, resized if a
 * different `size` is given. Pixels are taken as stored: EXIF rotation and ICC profiles are ignored; grey, CMYK and
 * 16-bit files become 8-bit RGB. Resizing is cubic, over the full-size pixels, and weights colours by alpha, so that
 * colours of transparent pixels do not bleed. Throws a {@linkcode DataError} when the file is missing, damaged or
 * truncated.
 *
 * @example
 * ```ts ignore
 * import { readImage } from "./images.ts";
 *
 * const { data } = await readImage("captures/garden/images/0001.jpg", { width: 320, height: 240 });
 * console.log(data.subarray(0, 3)); // red, green and blue of the first pixel
 * ```
 */
export async function readImage(path: string, size?: ImageSize, options: { lens?: Lens } = {}): Promise<Image8> {
  const header = await imageSize(path);
  const { lens } = options;
  const channels = header.alpha ? 4 : 3;
  const bytes = header.width * header.height * channels + await inputBytes(path);
  if (lens === undefined) return await whileDecoding(bytes, () => decode(path, header, size));
  // At full size: the reduction then averages what undistortion has interpolated, as it would if the photos had been
  // undistorted beforehand.
  const undistorted = lens.pinhole.width * lens.pinhole.height * channels;
  return await whileDecoding(bytes + undistorted, async () => {
    const image = await undistort(await decode(path, header), lens);
    return size === undefined ? image : await reduceImage(image, size);
  });
}

async function decode(path: string, header: ImageSize, size: ImageSize = header): Promise<Image8> {
  const sharp = await loadSharp();
  const { width, height } = header;
  try {
    const stored = sharp(await imageInput(path), { ignoreIcc: true, failOn: "error" });
    const fitted = isOfSize(header, size)
      ? stored
      // This empty crop makes sharp decode the photo at full size; otherwise the JPEG decoder would do part of the
      // reduction. The rows stream through, and are multiplied by their alpha before they are resized.
      : stored.extract({ left: 0, top: 0, width, height }).resize({ ...size, fit: "fill", kernel: "cubic" });
    return image8(await fitted.toColourspace("srgb").raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true }));
  } catch (error) {
    throw unreadable("Photo", path, error);
  }
}

/**
 * Resizes an image as {@linkcode readImage} does.
 *
 * @internal
 */
export async function reduceImage({ width, height, channels, data }: Image8, size: ImageSize): Promise<Image8> {
  if (width === size.width && height === size.height) return { width, height, channels, data };
  const sharp = await loadSharp();
  const resized = sharp(data, { raw: { width, height, channels } }).resize({ ...size, fit: "fill", kernel: "cubic" });
  return image8(await resized.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true }));
}

function isOfSize({ width, height }: ImageSize, size: ImageSize): boolean {
  return width === size.width && height === size.height;
}

/**
 * Decodes the photos of some views, a few at a time, and hands each over as soon as it is ready, in no fixed order. The
 * first photo that cannot be read ends it with that photo's error; `signal` ends it with the signal's reason.
 *
 * @example
 * ```ts ignore
 * import { loadPhotos } from "./images.ts";
 * import { loadScene } from "./scene.ts";
 *
 * const { train } = await loadScene("captures/garden");
 * await loadPhotos(train, { onPhoto: (index, image) => console.log(train[index].name, image.width, image.height) });
 * ```
 */
export async function loadPhotos(
  views: readonly { photo(): Promise<Image8> }[],
  options: {
    /** Photos in flight at once; by default the number of hardware threads, at most 16. */
    concurrency?: number;
    /** Called once per view with its index and its photo. */
    onPhoto?: (index: number, image: Image8) => void;
    /** Stops the loading. */
    signal?: AbortSignal;
  } = {},
): Promise<void> {
  const { concurrency = PHOTOS_IN_FLIGHT, onPhoto, signal } = options;
  await forEachParallel(views.length, async (index) => {
    const image = await views[index].photo();
    onPhoto?.(index, image);
  }, { concurrency, signal });
}

/**
 * Size that a photo of `width` × `height` pixels is trained at. `resolution` 1, 2, 4 or 8 divides both sides (halves
 * round to even); −1 keeps the size up to 1600 pixels of width and reduces wider photos to exactly that; any other
 * positive integer is the width.
 *
 * @example
 * ```ts
 * import { targetSize } from "./images.ts";
 *
 * console.log(targetSize(1061, 1893, 2)); // { width: 530, height: 946 }
 * console.log(targetSize(4000, 3000, -1)); // { width: 1600, height: 1200 }
 * ```
 */
export function targetSize(width: number, height: number, resolution: number): ImageSize {
  if (resolution === 1 || resolution === 2 || resolution === 4 || resolution === 8) {
    return {
      width: atLeastOne(roundHalfEven(width / resolution)),
      height: atLeastOne(roundHalfEven(height / resolution)),
    };
  }
  if (resolution === -1) {
    return width > AUTOMATIC_WIDTH ? sizeOfWidth(width, height, AUTOMATIC_WIDTH) : { width, height };
  }
  return sizeOfWidth(width, height, resolution);
}

/** Multiplies before it divides: dividing by width / target instead can lose a pixel to rounding. */
function sizeOfWidth(width: number, height: number, target: number): ImageSize {
  return { width: target, height: atLeastOne(Math.floor((height * target) / width)) };
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const fraction = value - floor;
  return fraction > 0.5 || (fraction === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

function atLeastOne(pixels: number): number {
  return Math.max(1, pixels);
}

function image8(
  { data, info }: { data: Uint8Array; info: { width: number; height: number; channels: number } },
): Image8 {
  const { width, height, channels } = info;
  if (channels !== 3 && channels !== 4) throw new Error(`decoded to ${channels} channels instead of 3 or 4`);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength); // sharp's Buffer, as plain bytes
  return { width, height, channels, data: bytes };
}
