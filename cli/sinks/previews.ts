// Writes the previews of a run into its model folder: one view beside its photo, and at the end a sheet of all.

import { dirname } from "@std/path";
import { exposureOf } from "../../base/exposure.ts";
import type { Image8, ImageSize, View } from "../../base/scene.ts";
import { imageGrid, leftHalf } from "../../eval/image_grid.ts";
import { writePng } from "../../eval/png.ts";
import { statOrUndefined } from "../../load/files.ts";
import { readImage, reduceImage } from "../../load/images.ts";
import { previewPath } from "../../load/model_folder.ts";
import { flattened } from "../../measure/pixels.ts";
import type { TrainEvent } from "../../train/events.ts";
import { renderBesidePhoto } from "../report/pictures.ts";
import { backgroundOf, previewedIterations } from "../train_options.ts";
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
      const exposure = exposureOf(event.exposures, this.#view.name);
      const background = backgroundOf(this.#setup.values);
      await writePng(path, await renderBesidePhoto(event.gaussians, this.#view, background, exposure));
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
      imageGrid([...renders, await this.#reducedPhoto({ width, height })], columns),
    );
  }

  async #reducedPhoto(size: ImageSize): Promise<Image8> {
    return await reduceImage(flattened(await this.#view.photo(), backgroundOf(this.#setup.values)), size);
  }
}
