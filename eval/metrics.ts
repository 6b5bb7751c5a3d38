/**
 * Scores the rendered images of a model folder: reads `test/<method>/renders` and `test/<method>/gt`, writes
 * `results.json` and `per_view.json`.
 *
 * @module
 */

import { join } from "node:path";
import { DataError } from "../base/errors.ts";
import type { Device } from "../ffi/device.ts";
import type { LpipsNetwork } from "../ffi/lpips.ts";
import { entriesOf, isDirectory } from "../load/files.ts";
import { readImage } from "../load/images.ts";
import { readRunConfig } from "../load/run_config.ts";
import { toFloat } from "../measure/pixels.ts";
import { ExactRenders } from "./exact_renders.ts";
import { RENDER_FOLDERS } from "./render.ts";
import { checkUpToDate, readRenderRecord } from "./render_record.ts";
import { type Results, writeResults } from "./results.ts";
import { FLOAT, meanScores, scoreImages, type Scores } from "./scores.ts";

/** About images of Gaussians that a later run into the folder did not save. */
const EARLIER_RUN = "Its Gaussians are of an earlier run into this folder than config.json";

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
  /**
   * Called for a method that cannot be scored, with the reason: its images are damaged, or not of the Gaussians that
   * the folder has now. The other methods are scored. By default the first such error is thrown.
   */
  onFailure?: (method: string, error: DataError) => void;
  /** Called with what a user should know about a method that is scored, in one sentence. */
  onNotice?: (method: string, message: string) => void;
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
 * becomes `null` there. Views with a `render.json` are rendered again and scored without rounding to 8 bits. Images of
 * Gaussians that have changed since are not scored.
 *
 * @param device Open device
 * @param folder Model folder
 * @param options LPIPS, signal, progress
 * @returns Scores by method, without those that `onFailure` was called for; if there are no others, nothing is written
 * @throws {DataError} When no test views have been rendered, or a method cannot be scored and there is no `onFailure`
 */
export async function scoreModel(
  device: Device,
  folder: string,
  options: ScoreModelOptions = {},
): Promise<Record<string, ImageScores>> {
  const test = join(folder, "test");
  const methods = (await entriesOf(test)).filter((entry) => entry.isDirectory);
  if (methods.length === 0) {
    if (!await isDirectory(folder)) throw new DataError("No such folder", { path: folder });
    throw new DataError("No rendered test views: train with --eval, then render", { path: test });
  }
  const scores: Record<string, ImageScores> = {};
  const scored: Results["scored"] = {};
  for (const { name } of methods) {
    try {
      const { images, ply } = await scoreMethod(device, { model: folder, method: name }, options);
      scores[name] = images;
      if (ply !== undefined) scored[name] = ply;
    } catch (error) {
      if (!(error instanceof DataError) || options.onFailure === undefined) throw error;
      options.onFailure(name, error);
    }
  }
  if (Object.keys(scores).length === 0) return {}; // the files keep the scores that they have

  const means = mapValues(scores, ({ means }) => means);
  const perView = mapValues(
    scores,
    ({ means, images }) =>
      mapValues(means, (_, metric) => Object.fromEntries(images.map(({ file, scores }) => [file, scores[metric]]))),
  );
  await writeResults(folder, { means, perView, scored });
  return scores;
}

/** Scores the images of one method, if they are up to date. */
async function scoreMethod(
  device: Device,
  { model, method }: { model: string; method: string },
  options: ScoreModelOptions,
): Promise<{ images: ImageScores; ply: string | undefined }> {
  const { onInexact, onNotice, library } = options;
  const folder = join(model, "test", method);
  const record = await readRenderRecord(folder).catch(damaged(onInexact, method));
  const ply = await checkUpToDate(model, method, record);
  const saved = (await readRunConfig(model).catch(damaged(onNotice, method)))?.run?.saved;
  if (record !== undefined && saved?.includes(record.iteration) === false) onNotice?.(method, EARLIER_RUN);
  const notice = (message: string) => onNotice?.(method, message);
  using opened = record &&
    await ExactRenders.open(device, { model, record, library, onNotice: notice }).catch(damaged(onInexact, method));
  return { images: await scoreFolder(device, folder, { ...options, exact: opened }), ply };
}

/** Passes the message of a {@linkcode DataError} on, and throws any other error. */
function damaged(tell: ((method: string, message: string) => void) | undefined, method: string) {
  return (error: unknown): undefined => {
    if (!(error instanceof DataError)) throw error;
    tell?.(method, error.message);
  };
}

function mapValues<In, Out>(record: Record<string, In>, change: (value: In, key: string) => Out): Record<string, Out> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]));
}
