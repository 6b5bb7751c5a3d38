// Crops of the worst views of a scene: render and photo side by side, where they differ most.

import { join } from "@std/path";
import type { Image8 } from "../../base/scene.ts";
import { imageGrid } from "../../eval/image_grid.ts";
import { RENDER_FOLDERS } from "../../eval/render.ts";
import { readPerView } from "../../eval/results.ts";
import { loadSharp } from "../../ffi/sharp.ts";
import { readImage } from "../../load/images.ts";
import { jpegOf } from "../report/pictures.ts";
import type { SceneRow } from "./collect.ts";

/** A crop of the render on the left, and of the photo on the right. */
export interface Crop {
  /** File name. */
  file: string;
  jpeg: Uint8Array;
  caption: string;
}

/** Number of views for each scene. */
const VIEWS = 2;

/** Side of a crop in pixels. */
const SIZE = 160;

/** Crops of the views with the lowest PSNR. Throws a `DataError` when a file of the scene is damaged or missing. */
export async function worstCrops({ scene, model, method }: SceneRow): Promise<Crop[]> {
  const { PSNR = {} } = (await readPerView(model))[method!] ?? {};
  const psnr = Object.entries(PSNR)
    .map(([file, value]) => ({ file, value: value ?? Infinity }))
    .sort((a, b) => a.value - b.value || (a.file < b.file ? -1 : 1));
  return await Promise.all(
    psnr.slice(0, VIEWS).map(async ({ file, value }, rank) => {
      const folder = join(model, "test", method!);
      const [render, photo] = await Promise.all([
        readImage(join(folder, RENDER_FOLDERS.renders, file)),
        readImage(join(folder, RENDER_FOLDERS.photos, file)),
      ]);
      const place = worstSquare(render, photo, SIZE);
      return {
        file: `${scene}_worst${rank + 1}.jpg`,
        jpeg: await sideBySide(render, photo, place),
        caption: `${file}, ${value === Infinity ? "∞" : value.toFixed(2)} dB: render on the left, photo on the right`,
      };
    }),
  );
}

/** A rectangle of pixels. */
export interface Place {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** The square of at most `size` pixels, on a grid of half its side, whose squared differences have the largest sum. */
export function worstSquare(a: Image8, b: Image8, size: number): Place {
  const width = Math.min(size, a.width), height = Math.min(size, a.height);
  let worst: Place = { left: 0, top: 0, width, height };
  let largest = -1;
  for (const top of grid(a.height, height)) {
    for (const left of grid(a.width, width)) {
      const place = { left, top, width, height };
      const sum = squaredDifference(a, b, place);
      if (sum > largest) [largest, worst] = [sum, place];
    }
  }
  return worst;
}

/** Starts of the squares on an axis: every half side, and at its end. */
function grid(length: number, side: number): number[] {
  const step = Math.max(1, Math.floor(side / 2));
  const places = Array.from({ length: Math.floor((length - side) / step) + 1 }, (_, i) => i * step);
  return places[places.length - 1] === length - side ? places : [...places, length - side];
}

/** Uses every other pixel of every other row, which is enough to compare places. */
function squaredDifference(a: Image8, b: Image8, { left, top, width, height }: Place): number {
  let sum = 0;
  for (let y = top; y < top + height; y += 2) {
    for (let x = left; x < left + width; x += 2) {
      const at = 3 * (y * a.width + x);
      for (let channel = at; channel < at + 3; channel++) sum += (a.data[channel] - b.data[channel]) ** 2;
    }
  }
  return sum;
}

async function sideBySide(render: Image8, photo: Image8, place: Place): Promise<Uint8Array> {
  const sharp = await loadSharp();
  const cut = async ({ width, height, data }: Image8): Promise<Image8> => {
    const pixels = await sharp(data, { raw: { width, height, channels: 3 } }).extract(place).raw().toBuffer();
    return { width: place.width, height: place.height, channels: 3, data: new Uint8Array(pixels) };
  };
  return await jpegOf(imageGrid([await cut(render), await cut(photo)], 2), 2 * place.width);
}
