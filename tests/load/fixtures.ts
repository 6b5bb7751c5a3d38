// Photos and captures that the tests of load/ make for themselves.

import { dirname, join } from "@std/path";
// deno-lint-ignore no-import-prefix -- the version that load/images.ts names
import sharp from "npm:sharp@0.35.5";
import { writeColmap } from "../../export/colmap.ts";
import type { ColmapCamera, ColmapImage, ColmapModel } from "../../load/colmap_model.ts";

/** Pixels for sharp: 8 or 16 bits a channel by the array's type. */
export function raw(data: Uint8Array | Uint16Array, width: number, height: number): ReturnType<typeof sharp> {
  const channels = (data.length / (width * height)) as 1 | 2 | 3 | 4;
  return sharp(data, { raw: { width, height, channels } });
}

/** Smooth colours with a fine pattern over them, the same every time: RGB8. */
export function pattern(width: number, height: number): Uint8Array {
  const data = new Uint8Array(3 * width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < 3; channel++) {
        const smooth = 110 + 60 * Math.sin((x + 2 * y) / (17 + 5 * channel));
        data[i++] = Math.round(smooth + ((x ^ y) & 1 ? 40 : -40));
      }
    }
  }
  return data;
}

/** Runs `body` with a new folder that is gone afterwards. */
export async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "tame_load_" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A camera for photos of `width` × `height`, with a focal length and principal point of its own on each axis. */
export function pinhole(id: number, width: number, height: number): ColmapCamera {
  return {
    id,
    model: "PINHOLE",
    width,
    height,
    // The principal point is beside the middle, and in the photo even if that is one pixel.
    params: [1.25 * width, 1.5 * width, 0.5 * width + Math.min(1, width / 4), 0.5 * height - Math.min(1, height / 4)],
  };
}

/** A registered image; image i stands at (i, 0, 0) and looks along z. */
export function image(id: number, name: string, cameraId = 1): ColmapImage {
  return { id, quaternion: [1, 0, 0, 0], translation: [-id, 0, 0], cameraId, name };
}

/** A model of some images with one camera and two points. */
export function model(camera: ColmapCamera, images: ColmapImage[]): ColmapModel {
  const points = { count: 2, positions: new Float64Array([0, 0, 5, 1, 1, 6]), colors: new Uint8Array(6).fill(200) };
  return { cameras: new Map([[camera.id, camera]]), images, points };
}

/** Writes a capture: the model, and a photo of `width` × `height` at each of `photos`, relative to the capture. */
export async function writeCapture(
  folder: string,
  content: { model: ColmapModel; photos: string[]; width: number; height: number },
): Promise<void> {
  await writeColmap(join(folder, "sparse", "0"), content.model);
  const photo = await raw(pattern(content.width, content.height), content.width, content.height).png().toBuffer();
  for (const path of content.photos) {
    await Deno.mkdir(dirname(join(folder, path)), { recursive: true });
    await Deno.writeFile(join(folder, path), photo);
  }
}
