// Writes PNG files: colours of 8 bits, and planes of 8 or 16 bits.

import { writeFileAtomic } from "../base/atomic.ts";
import type { Image8 } from "../base/scene.ts";
import { loadSharp } from "../ffi/sharp.ts";

/** zlib's fastest level that still compresses: deflate dominates the cost of writing renders. */
const COMPRESSION_LEVEL = 1;

/** Writes an image as an RGB PNG; an alpha channel is dropped. The file appears when it is complete. */
export async function writePng(path: string, image: Image8): Promise<void> {
  const sharp = await loadSharp();
  const { width, height, channels, data } = image;
  const png = await sharp(data, { raw: { width, height, channels } })
    .removeAlpha()
    .png({ compressionLevel: COMPRESSION_LEVEL })
    .toBuffer();
  await writeFileAtomic(path, png);
}

/** Writes one value per pixel as a grey PNG of 8 or 16 bits, as the array has. The file appears when it is complete. */
export async function writePlanePng(
  path: string,
  plane: { width: number; height: number; data: Uint8Array | Uint16Array },
): Promise<void> {
  const sharp = await loadSharp();
  const { width, height, data } = plane;
  const png = await sharp(data, { raw: { width, height, channels: 1 } })
    .toColourspace(data instanceof Uint16Array ? "grey16" : "b-w")
    .png({ compressionLevel: COMPRESSION_LEVEL })
    .toBuffer();
  await writeFileAtomic(path, png);
}
