/**
 * Renders views to PNG files, with the photos beside them: `renders/00000.png`, `gt/00000.png` and so on.
 *
 * @module
 */

import { join } from "node:path";
import type { Gaussians } from "../ffi/gaussians.ts";
import { renderImage8 } from "../ffi/rasterizer.ts";
import { entriesOf } from "../load/files.ts";
import type { View } from "../load/scene.ts";
import { withPhotosAhead } from "./photos.ts";
import { flattened } from "./pixels.ts";
import { writePng } from "./png.ts";

/** Options of {@linkcode renderViews}. */
export interface RenderViewsOptions {
  /** Red, green, blue under the renders, 0 to 1. Default black. */
  background?: [number, number, number];
  /** Stops before the next view; the promise then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Called after each view. */
  onView?: (done: number, total: number) => void;
}

/** Sub-folders of a set of rendered views. */
export const RENDER_FOLDERS = { renders: "renders", photos: "gt" } as const;

const PICTURE = /^(\d+)\.png$/;

/**
 * Where the pictures of a model folder's views belong.
 *
 * @param folder Model folder
 * @param set Which views
 * @param iteration Iteration of the Gaussians
 * @returns Path of the folder to give to {@linkcode renderViews}
 */
export function rendersPath(folder: string, set: "train" | "test", iteration: number): string {
  return join(folder, set, `ours_${iteration}`);
}

/**
 * Renders views and writes each, and its photo at the size of the render, as PNG files numbered in the views' order. A
 * photo with alpha is composited over the background of the renders.
 * Pictures of an earlier run that had more views are removed.
 *
 * @param gaussians What to render
 * @param views Cameras and photos
 * @param folder Gets `renders` and `gt`
 * @param options Background, signal, progress
 */
export async function renderViews(
  gaussians: Gaussians,
  views: View[],
  folder: string,
  options: RenderViewsOptions = {},
): Promise<void> {
  const { background, signal, onView } = options;
  const folders = Object.values(RENDER_FOLDERS).map((name) => join(folder, name));
  for (const name of folders) await Deno.mkdir(name, { recursive: true });
  const [renders, photos] = folders;
  let done = 0;
  for (const { view, photo } of withPhotosAhead(views)) {
    signal?.throwIfAborted();
    const name = `${String(done).padStart(5, "0")}.png`;
    const image = await renderImage8(gaussians, view.camera, { background });
    const gt = flattened(await photo, background);
    await Promise.all([writePng(join(renders, name), image), writePng(join(photos, name), gt)]);
    done++;
    onView?.(done, views.length);
  }
  for (const name of folders) await removePicturesFrom(name, views.length);
}

async function removePicturesFrom(folder: string, first: number): Promise<void> {
  for (const { name } of await entriesOf(folder)) {
    const number = PICTURE.exec(name)?.[1];
    if (number !== undefined && Number(number) >= first) await Deno.remove(join(folder, name));
  }
}
