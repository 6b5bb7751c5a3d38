/**
 * The views of a folder of images, rendered again without rounding to 8 bits.
 *
 * @module
 */

import { exposureOf, type Exposures } from "../base/exposure.ts";
import type { View } from "../base/scene.ts";
import type { Device } from "../ffi/device.ts";
import type { Gaussians } from "../ffi/gaussians.ts";
import type { Image } from "../ffi/image.ts";
import { renderColors } from "../ffi/rasterizer.ts";
import { loadPly } from "../init/gaussians.ts";
import { readExposures } from "../load/exposures.ts";
import { pointCloudPath } from "../load/model_folder.ts";
import { loadScene } from "../load/scene.ts";
import { exposed } from "../measure/exposure.ts";
import { clampColors } from "../measure/pixels.ts";
import { backgroundOf, type RenderRecord } from "./render_record.ts";

/** Renders the views of a folder of images again, as floats in [0, 1]. */
export class ExactRenders implements Disposable {
  readonly #gaussians: Gaussians;
  readonly #views: View[];
  readonly #background: [number, number, number];
  readonly #exposures: Exposures | undefined;

  private constructor(
    gaussians: Gaussians,
    views: View[],
    { background, exposures }: { background: [number, number, number]; exposures: Exposures | undefined },
  ) {
    this.#gaussians = gaussians;
    this.#views = views;
    this.#background = background;
    this.#exposures = exposures;
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
      const exposures = record.exposure ? await readExposures(model, iteration) : undefined;
      return new ExactRenders(gaussians, scene[set], { background: backgroundOf(record), exposures });
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
    const { name, camera } = this.#views[index];
    const render = await renderColors(this.#gaussians, camera, { background: this.#background });
    return clampColors(exposed(render, exposureOf(this.#exposures, name)));
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
