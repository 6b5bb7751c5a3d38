/**
 * Scores the rendered images of a model folder: reads `test/<method>/renders` and `test/<method>/gt`, writes
 * `results.json` and `per_view.json`.
 *
 * @module
 */

import { join } from "node:path";
import { writeFileAtomic } from "../base/atomic.ts";
import { DataError } from "../base/errors.ts";
import type { Device } from "../ffi/device.ts";
import type { LpipsNetwork } from "../ffi/lpips.ts";
import { entriesOf } from "../load/files.ts";
import { readImage } from "../load/images.ts";
import { toFloat } from "../measure/pixels.ts";
import { RENDER_FOLDERS } from "./render.ts";
import { ExactRenders } from "./render_record.ts";
import { FLOAT, meanScores, scoreImages, type Scores } from "./scores.ts";

/** Options of {@linkcode scoreFolder}. */
export interface ScoreOptions {
  /** LPIPS network; without it LPIPS is not computed. */
  weights?: LpipsNetwork;
  /** Stops before the next image; the promise then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Called after each image. */
  onImage?: (done: number, total: number) => void;
}

/** Options of {@linkcode scoreModel}. */
export interface ScoreModelOptions extends ScoreOptions {
  /**
   * Called for a method whose views cannot be rendered again, with the reason; its scores are then those of the 8-bit
   * images only.
   */
  onInexact?: (method: string, reason: string) => void;
  /** The native library that undistorts the photos of the capture, as `loadScene` takes it. */
  library?: string | URL;
}

/** Scores of one set of images. */
export interface ImageScores {
  /** Arithmetic means over the images. */
  means: Scores;
  /** The scores of each image, by file name. */
  images: { file: string; scores: Scores }[];
}

/**
 * Scores the images of `renders` against those of the same name in `gt`.
 *
 * Both are 8-bit files, read as value / 255. PSNR is of the mean squared error over all pixels and channels; SSIM has
 * an 11 x 11 Gaussian window of sigma 1.5 (Wang et al. 2004). With `exact`, the scores of its renders follow, under
 * names that end with `_float`.
 *
 * @param device Open device
 * @param folder Folder with `renders` and `gt`
 * @param options LPIPS, signal, progress; the same views as floats
 * @returns Means and each image's scores, in the order of their names
 * @throws {DataError} When there are no images, or the sizes of a pair differ
 */
async function scoreFolder(
  device: Device,
  folder: string,
  options: ScoreOptions & { exact?: ExactRenders } = {},
): Promise<ImageScores> {
  const { weights, exact, signal, onImage } = options;
  const renders = join(folder, RENDER_FOLDERS.renders);
  const files = (await entriesOf(renders)).filter((entry) => entry.isFile && entry.name.endsWith(".png"));
  if (files.length === 0) throw new DataError("No rendered images: render the model first", { path: renders });
  if (exact !== undefined && exact.count !== files.length) {
    throw new DataError(`There are ${files.length} images of ${exact.count} views: render the model again`, {
      path: renders,
    });
  }
  const images: ImageScores["images"] = [];
  for (const [index, { name: file }] of files.entries()) {
    signal?.throwIfAborted();
    const photoPath = join(folder, RENDER_FOLDERS.photos, file);
    const [render, photo] = await Promise.all([readImage(join(renders, file)), readImage(photoPath)]);
    if (render.width !== photo.width || render.height !== photo.height) {
      const sizes = `${photo.width} x ${photo.height}, its render ${render.width} x ${render.height}`;
      throw new DataError(`Photo is ${sizes}: render the model again`, { path: photoPath });
    }
    const truth = toFloat(photo);
    const scores = await scoreImages(device, toFloat(render), truth, weights);
    if (exact !== undefined) {
      const float = await scoreImages(device, await exact.render(index), truth, weights);
      for (const [name, score] of Object.entries(float)) scores[name + FLOAT] = score;
    }
    images.push({ file, scores });
    onImage?.(images.length, files.length);
  }
  return { means: meanScores(images.map(({ scores }) => scores)), images };
}

/**
 * Scores every rendered set of a model folder's test views and writes `results.json` (means by method, such as
 * `ours_30000`) and `per_view.json` (by method, metric and image) into the folder. The infinite PSNR of equal images
 * becomes `null` there. Views with a `render.json` are rendered again and scored without rounding to 8 bits.
 *
 * @param device Open device
 * @param folder Model folder
 * @param options LPIPS, signal, progress
 * @returns Scores by method
 * @throws {DataError} When no test views have been rendered
 */
export async function scoreModel(
  device: Device,
  folder: string,
  options: ScoreModelOptions = {},
): Promise<Record<string, ImageScores>> {
  const test = join(folder, "test");
  const methods = (await entriesOf(test)).filter((entry) => entry.isDirectory);
  if (methods.length === 0) {
    throw new DataError("No rendered test views: train with --eval, then render", { path: test });
  }
  const scores: Record<string, ImageScores> = {};
  for (const { name } of methods) {
    using exact = await openExact(device, { model: folder, method: name }, options);
    scores[name] = await scoreFolder(device, join(test, name), { ...options, exact });
  }

  const results = mapValues(scores, ({ means }) => means);
  const perView = mapValues(
    scores,
    ({ means, images }) =>
      mapValues(means, (_, metric) => Object.fromEntries(images.map(({ file, scores }) => [file, scores[metric]]))),
  );
  await writeJson(join(folder, "results.json"), results);
  await writeJson(join(folder, "per_view.json"), perView);
  return scores;
}

/** The renders of a method as floats; undefined if they cannot be rendered again, which is reported. */
async function openExact(
  device: Device,
  { model, method }: { model: string; method: string },
  { onInexact, library }: ScoreModelOptions,
): Promise<ExactRenders | undefined> {
  try {
    return await ExactRenders.open(device, { model, folder: join(model, "test", method), library });
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    onInexact?.(method, error.message);
    return undefined;
  }
}

function mapValues<In, Out>(record: Record<string, In>, change: (value: In, key: string) => Out): Record<string, Out> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]));
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFileAtomic(path, JSON.stringify(value, null, 1) + "\n");
}
