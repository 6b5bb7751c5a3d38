/**
 * The views of a folder of images, rendered again without rounding to 8 bits.
 *
 * @module
 */

import type { View } from "../base/scene.ts";
import type { Device } from "../ffi/device.ts";
import type { Gaussians } from "../ffi/gaussians.ts";
import type { Image } from "../ffi/image.ts";
import { renderColors } from "../ffi/rasterizer.ts";
import { loadPly } from "../init/gaussians.ts";
import { pointCloudPath } from "../load/model_folder.ts";
import { loadScene } from "../load/scene.ts";
import { clampColors } from "../measure/pixels.ts";
import { backgroundOf, type RenderRecord } from "./render_record.ts";

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
   * Opens the Gaussians and views that images were rendered from.
   *
   * @param device Open device
   * @param from Model folder; how the images were rendered; the native library that undistorts, as `loadScene` takes it;
   * what is called with a line about Gaussians that were left out or clamped
   * @returns The renders
   * @throws {DataError} When the PLY or the capture is missing or damaged
   */
  static async open(
    device: Device,
    from: { model: string; record: RenderRecord; library?: string | URL; onNotice?: (message: string) => void },
  ): Promise<ExactRenders> {
    const { model, record, library, onNotice } = from;
    const { iteration, set, source } = record;
    const gaussians = await loadPly(device, pointCloudPath(model, iteration), { onNotice });
    try {
      const scene = await loadScene(source, { ...record, frame: gaussians.frame, library });
      return new ExactRenders(gaussians, scene[set], backgroundOf(record));
    } catch (error) {
      gaussians[Symbol.dispose]();
      throw error;
    }
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
