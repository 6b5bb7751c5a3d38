// Photos at a fraction of their size, in the folders that captures have for them.

import { dirname, join } from "@std/path";
import { makeFolder, writeError } from "../../base/disk.ts";
import { forEachParallel } from "../../base/parallel.ts";
import { loadSharp } from "../../ffi/sharp.ts";
import { readHeader, unreadable, whileDecoding } from "../../load/decoder.ts";
import { PHOTOS_IN_FLIGHT } from "../../load/images.ts";

/** By what the sides are divided. */
export const REDUCTIONS = [2, 4, 8] as const;

/** The image to encode: a pipeline of sharp's. */
type Pipeline = ReturnType<Awaited<ReturnType<typeof loadSharp>>>;

/** JPEG without visible loss: the photos have been compressed once. */
const JPEG = { quality: 95, chromaSubsampling: "4:4:4" };

/**
 * Writes the photos of the folder `images` to `images_2`, `images_4` and `images_8` beside it, under the same names and
 * in the same formats.
 *
 * @param folder The capture
 * @param names Paths of the photos in `images`
 * @param settings Stops the work; called after each photo
 */
export async function writeReduced(
  folder: string,
  names: readonly string[],
  { signal, onPhoto }: { signal: AbortSignal; onPhoto: (done: number) => void },
): Promise<void> {
  const sharp = await loadSharp();
  let done = 0;
  await forEachParallel(names.length, async (i) => {
    const source = join(folder, "images", names[i]);
    const { width, height } = await readHeader("Photo", source);
    await whileDecoding(3 * width * height, async () => {
      for (const factor of REDUCTIONS) {
        const path = join(folder, `images_${factor}`, names[i]);
        await makeFolder(dirname(path));
        const size = { width: reduced(width, factor), height: reduced(height, factor) };
        const image = sharp(source, { failOn: "error" }).resize({ ...size, fit: "fill" });
        const encoded = await encodedAs(path, image).toBuffer()
          .catch((error: unknown) => {
            throw unreadable("Photo", source, error);
          });
        await Deno.writeFile(path, encoded).catch(async (error: unknown) => {
          throw await writeError(error, path);
        });
      }
    });
    onPhoto(++done);
  }, { concurrency: PHOTOS_IN_FLIGHT, signal });
}

/** In the format of a path; TIFF and WebP without loss, which they are not by default. */
function encodedAs(path: string, image: Pipeline): Pipeline {
  if (/\.jpe?g$/i.test(path)) return image.jpeg(JPEG);
  if (/\.tiff?$/i.test(path)) return image.tiff({ compression: "lzw" });
  if (/\.webp$/i.test(path)) return image.webp({ lossless: true });
  return image;
}

function reduced(side: number, factor: number): number {
  return Math.max(1, Math.round(side / factor));
}
