// Writes the previews of a run into its model folder: one view beside its photo, and at the end a sheet of all.

import { dirname } from "@std/path";
import type { Image8, ImageSize, View } from "../../base/scene.ts";
import { imageGrid, leftHalf } from "../../eval/image_grid.ts";
import { writePng } from "../../eval/png.ts";
import { type Color, renderImage8 } from "../../ffi/rasterizer.ts";
import { statOrUndefined } from "../../load/files.ts";
import { readImage, reduceImage } from "../../load/images.ts";
import { previewPath } from "../../load/model_folder.ts";
import { flattened } from "../../measure/pixels.ts";
import type { TrainEvent } from "../../train/events.ts";
import { previewedIterations } from "../train_options.ts";
import type { RunSetup, Sink } from "./sink.ts";

/** Largest width of an image of the sheet in pixels. */
const SHEET_WIDTH = 480;

/** Writes `previews/`. */
export class PreviewSink implements Sink {
  readonly #setup: RunSetup;
  readonly #view: View;

  constructor(setup: RunSetup) {
    this.#setup = setup;
    this.#view = [...setup.scene.test, ...setup.scene.train][0];
  }

  async event(event: TrainEvent): Promise<void> {
    if (event.type === "preview") {
      const path = previewPath(this.#setup.folder, event.iteration);
      await Deno.mkdir(dirname(path), { recursive: true });
      const render = await renderImage8(event.gaussians, this.#view.camera, { background: this.#background });
      await writePng(path, imageGrid([render, await this.#photo()], 2));
    }
    if (event.type === "done") await this.#writeSheet(event.iteration);
  }

  /** Reads the previews again: those from before a run was resumed are another process's. */
  async #writeSheet(iteration: number): Promise<void> {
    const { folder, values } = this.#setup;
    const { camera } = this.#view;
    const width = Math.min(camera.width, SHEET_WIDTH);
    const height = Math.max(1, Math.round(camera.height * width / camera.width));
    const renders: Image8[] = [];
    for (const previewed of previewedIterations(values).filter((previewed) => previewed <= iteration)) {
      const path = previewPath(folder, previewed);
      if (await statOrUndefined(path) === undefined) continue;
      renders.push(leftHalf(await readImage(path, { width: 2 * width, height })));
    }
    if (renders.length === 0) return;
    const columns = Math.ceil(Math.sqrt((renders.length + 1) * height / width)); // about as wide as high
    await writePng(
      previewPath(folder, "sheet"),
      imageGrid([...renders, await this.#photo({ width, height })], columns),
    );
  }

  get #background(): Color {
    return this.#setup.values.white_background ? [1, 1, 1] : [0, 0, 0];
  }

  async #photo(size?: ImageSize): Promise<Image8> {
    const photo = flattened(await this.#view.photo(), this.#background);
    return size === undefined ? photo : await reduceImage(photo, size);
  }
}
