/**
 * `render.json` beside rendered images: how they were rendered, so that `metrics` can render the same views again
 * without rounding to 8 bits.
 *
 * @module
 */

import { join } from "node:path";
import { writeFileAtomic } from "../base/atomic.ts";
import { DataError } from "../base/errors.ts";
import type { View } from "../base/scene.ts";
import type { Device } from "../ffi/device.ts";
import type { Gaussians } from "../ffi/gaussians.ts";
import type { Image } from "../ffi/image.ts";
import { renderColors } from "../ffi/rasterizer.ts";
import { loadPly } from "../init/gaussians.ts";
import { readDataFile } from "../load/bytes.ts";
import { statOrUndefined } from "../load/files.ts";
import { parseJsonObject } from "../load/json.ts";
import { pointCloudPath } from "../load/model_folder.ts";
import { type LoadOptions, loadScene } from "../load/scene.ts";
import { clampColors } from "../measure/pixels.ts";

/** How views were rendered: the options that the capture was loaded with, and the following. */
export interface RenderRecord extends Omit<LoadOptions, "library" | "signal"> {
  /** Which saved PLY. */
  iteration: number;
  /** Training or test views. */
  set: "train" | "test";
  /** Absolute path of the capture. */
  source: string;
  /** White instead of black. */
  whiteBackground: boolean;
}

const FILE = "render.json";

/**
 * The background of the renders.
 *
 * @param record How views are rendered
 * @returns Red, green, blue
 */
export function backgroundOf({ whiteBackground }: Pick<RenderRecord, "whiteBackground">): [number, number, number] {
  return whiteBackground ? [1, 1, 1] : [0, 0, 0];
}

/**
 * Writes `render.json` into a folder of rendered images.
 *
 * @param folder Folder with `renders` and `gt`
 * @param record How they were rendered
 */
export async function writeRenderRecord(folder: string, record: RenderRecord): Promise<void> {
  await writeFileAtomic(join(folder, FILE), JSON.stringify(record, null, 1) + "\n");
}

/** Renders the views of a folder of images again, as floats in [0, 1]. */
export class ExactRenders implements Disposable {
  readonly #gaussians: Gaussians;
  readonly #views: View[];
  readonly #background: [number, number, number];

  private constructor(gaussians: Gaussians, views: View[], background: [number, number, number]) {
    this.#gaussians = gaussians;
    this.#views = views;
    this.#background = background;
  }

  /**
   * Opens the Gaussians and views that a folder of images was rendered from.
   *
   * @param device Open device
   * @param from Model folder; folder with `renders`, `gt` and `render.json`; the native library that undistorts, as
   * `loadScene` takes it
   * @returns The renders
   * @throws {DataError} When `render.json` is missing or damaged, the PLY has changed since, or the capture is missing
   */
  static async open(
    device: Device,
    from: { model: string; folder: string; library?: string | URL },
  ): Promise<ExactRenders> {
    const { model, folder, library } = from;
    const path = join(folder, FILE);
    const written = await statOrUndefined(path);
    if (!written?.isFile) throw new DataError("The record of how the images were rendered is missing", { path });
    const record = parseJsonObject(await readDataFile(path), path) as unknown as RenderRecord;
    const ply = pointCloudPath(model, record.iteration);
    const saved = await statOrUndefined(ply);
    if (saved?.mtime && written.mtime && saved.mtime > written.mtime) {
      throw new DataError("PLY is newer than the images: render the model again", { path: ply });
    }
    const scene = await loadScene(record.source, { ...record, library });
    return new ExactRenders(await loadPly(device, ply), scene[record.set], backgroundOf(record));
  }

  /**
   * Renders a view.
   *
   * @param index The image's number
   * @returns Floats in [0, 1]
   */
  async render(index: number): Promise<Image> {
    const { camera } = this.#views[index];
    return clampColors(await renderColors(this.#gaussians, camera, { background: this.#background }));
  }

  /** Number of views. */
  get count(): number {
    return this.#views.length;
  }

  /** Frees the Gaussians. */
  [Symbol.dispose](): void {
    this.#gaussians[Symbol.dispose]();
  }
}
