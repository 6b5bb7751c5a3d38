// 8-bit images to PNG files.

import { writeFileAtomic } from "../export/atomic.ts";
import type { Image8 } from "../load/images.ts";

/** zlib's fastest level that still compresses: renders are scratch to be scored, and deflate dominates their cost. */
const COMPRESSION_LEVEL = 1;

/** Writes an image as an RGB PNG; an alpha channel is left out. The file appears when it is complete. */
export async function writePng(path: string, image: Image8): Promise<void> {
  // deno-lint-ignore no-import-prefix -- a module imported by URL has no import map to resolve a bare name with
  const { default: sharp } = await import("npm:sharp@0.35.5");
  const { width, height, channels, data } = image;
  const png = await sharp(data, { raw: { width, height, channels } })
    .removeAlpha()
    .png({ compressionLevel: COMPRESSION_LEVEL })
    .toBuffer();
  await writeFileAtomic(path, png);
}
