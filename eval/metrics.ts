/**
 * Scores the rendered pictures of a model folder: reads `test/<method>/renders` and `test/<method>/gt`, writes
 * `results.json` and `per_view.json`.
 *
 * @module
 */

import { join } from "node:path";
import type { Device } from "../ffi/device.ts";
import { psnr, ssim } from "../ffi/metrics.ts";
import { writeFileAtomic } from "../export/atomic.ts";
import { DataError } from "../load/errors.ts";
import { entriesOf } from "../load/files.ts";
import { readImage } from "../load/images.ts";
import { toFloat } from "./pixels.ts";
import { RENDER_FOLDERS } from "./render.ts";

/** Options of {@linkcode scoreModel} and {@linkcode scorePictures}. */
export interface ScoreOptions {
  /** Stops before the next picture; the promise then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Called after each picture. */
  onPicture?: (done: number, total: number) => void;
}

/** Scores of one set of pictures. */
export interface PictureScores {
  /** Mean of the pictures' SSIMs. */
  ssim: number;
  /** Mean of the pictures' PSNRs, in dB. */
  psnr: number;
  /** Each picture's own, by file name. */
  pictures: { file: string; ssim: number; psnr: number }[];
}

/**
 * Scores the pictures of `renders` against those of the same name in `gt`.
 *
 * Both are 8-bit files, read as value / 255. PSNR is of the mean squared error over all pixels and channels; SSIM has
 * an 11 x 11 Gaussian window of sigma 1.5 with zero padding (Wang et al. 2004).
 *
 * @param device Open device
 * @param folder Folder with `renders` and `gt`
 * @param options Signal, progress
 * @returns Means and each picture's scores, in the order of their names
 * @throws {DataError} When there are no pictures, or a pair does not fit
 */
export async function scorePictures(
  device: Device,
  folder: string,
  options: ScoreOptions = {},
): Promise<PictureScores> {
  const { signal, onPicture } = options;
  const renders = join(folder, RENDER_FOLDERS.renders);
  const files = (await entriesOf(renders)).filter((entry) => entry.isFile && entry.name.endsWith(".png"));
  if (files.length === 0) throw new DataError("No rendered pictures: render the model first", { path: renders });
  const pictures: PictureScores["pictures"] = [];
  for (const { name: file } of files) {
    signal?.throwIfAborted();
    const photoPath = join(folder, RENDER_FOLDERS.photos, file);
    const [render, photo] = await Promise.all([readImage(join(renders, file)), readImage(photoPath)]);
    if (render.width !== photo.width || render.height !== photo.height) {
      const sizes = `${photo.width} x ${photo.height}, its render ${render.width} x ${render.height}`;
      throw new DataError(`Photo is ${sizes}: render the model again`, { path: photoPath });
    }
    const [a, b] = [toFloat(render), toFloat(photo)];
    pictures.push({ file, ssim: ssim(device, a, b), psnr: psnr(device, a, b) });
    onPicture?.(pictures.length, files.length);
  }
  const mean = (of: (picture: PictureScores["pictures"][number]) => number): number =>
    pictures.reduce((sum, picture) => sum + of(picture), 0) / pictures.length;
  return { ssim: mean((picture) => picture.ssim), psnr: mean((picture) => picture.psnr), pictures };
}

/**
 * Scores every rendered set of a model folder's test views and writes `results.json` (means by method, such as
 * `ours_30000`) and `per_view.json` (by method, metric and picture) into the folder. The infinite PSNR of equal pictures
 * becomes `null` there.
 *
 * @param device Open device
 * @param folder Model folder
 * @param options Signal, progress
 * @returns Scores by method
 * @throws {DataError} When no test views have been rendered
 */
export async function scoreModel(
  device: Device,
  folder: string,
  options: ScoreOptions = {},
): Promise<Record<string, PictureScores>> {
  const test = join(folder, "test");
  const methods = (await entriesOf(test)).filter((entry) => entry.isDirectory);
  if (methods.length === 0) {
    throw new DataError("No rendered test views: train with --eval, then render", { path: test });
  }
  const scores: Record<string, PictureScores> = {};
  for (const { name } of methods) scores[name] = await scorePictures(device, join(test, name), options);

  const results = mapValues(scores, ({ ssim, psnr }) => ({ SSIM: ssim, PSNR: psnr }));
  const perView = mapValues(scores, ({ pictures }) => ({
    SSIM: Object.fromEntries(pictures.map(({ file, ssim }) => [file, ssim])),
    PSNR: Object.fromEntries(pictures.map(({ file, psnr }) => [file, psnr])),
  }));
  await writeJson(join(folder, "results.json"), results);
  await writeJson(join(folder, "per_view.json"), perView);
  return scores;
}

function mapValues<In, Out>(record: Record<string, In>, change: (value: In) => Out): Record<string, Out> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFileAtomic(path, JSON.stringify(value, null, 1) + "\n");
}
