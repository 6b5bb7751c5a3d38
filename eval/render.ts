/**
 * Renders views to PNG files, with the photos beside them: `renders/00000.png`, `gt/00000.png` and so on.
 *
 * @module
 */

import { join } from "node:path";
import { removeOrphans } from "../base/atomic.ts";
import { type ColorTransform, exposureOf, type Exposures } from "../base/exposure.ts";
import type { Camera, View } from "../base/scene.ts";
import type { Gaussians } from "../ffi/gaussians.ts";
import { renderFrame } from "../ffi/rasterizer.ts";
import { isFileName } from "../load/checks.ts";
import { entriesOf } from "../load/files.ts";
import { renderExposed8 } from "../measure/exposure.ts";
import { withPhotosAhead } from "../measure/photos.ts";
import { alphaPlane, depthPlane, farthestOf, flattened, LARGEST_DEPTH } from "../measure/pixels.ts";
import { writePlanePng, writePng } from "./png.ts";

/** Options of {@linkcode renderViews} and {@linkcode renderPath}. */
export interface RenderViewsOptions {
  /** Background of the renders: red, green, blue, 0 to 1. Default black. */
  background?: [number, number, number];
  /** Gives each render of a view the exposure of its photo; camera paths have none. Default none. */
  exposures?: Exposures;
  /** Writes opacities to `alpha/`: 8-bit grey images. */
  alpha?: boolean;
  /**
   * Writes depths to `depth/`: 16-bit grey images with this many values per unit of the capture; 0 where nothing is rendered.
   */
  depthScale?: number;
  /** Stops before the next view; the promise then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Called after each view. */
  onView?: (done: number, total: number) => void;
}

/** What {@linkcode renderViews} and {@linkcode renderPath} tell of the images that they wrote. */
export interface RenderedImages {
  /** Images with depths that `depthScale` takes beyond the largest value of a PNG, 65 535, which they have instead. */
  clamped: number;
  /** The largest depth of all images, in units of the capture; 0 without depths. */
  farthest: number;
}

/** Sub-folders of a set of rendered views. */
export const RENDER_FOLDERS = { renders: "renders", photos: "gt", alpha: "alpha", depth: "depth" } as const;

const IMAGE_FILE = /^(\d+)\.png$/;

/**
 * The folder for the images of a model's views.
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
 * The folder for the images of a camera path.
 *
 * @param folder Model folder
 * @param path Name of the path
 * @param iteration Iteration of the Gaussians
 * @returns Path of the folder to give to {@linkcode renderPath}
 * @throws {RangeError} When the name is not that of a folder in `paths`
 */
export function pathFolder(folder: string, path: string, iteration: number): string {
  if (!isFileName(path)) throw new RangeError(`Cannot use ${JSON.stringify(path)} as the name of a folder`);
  return join(folder, "paths", path, `ours_${iteration}`);
}

/** The file name of an image by its number, as in ffmpeg's pattern `%05d.png`. */
function imageName(index: number): string {
  return `${String(index).padStart(5, "0")}.png`;
}

/**
 * Renders views and writes each render, and its photo at the same size, as PNG files numbered in the views' order. A
 * photo with alpha is composited over the background of the renders. Images of an earlier run with more views are
 * removed.
 *
 * @param gaussians What to render
 * @param views Cameras and photos
 * @param folder Gets `renders` and `gt`; `alpha` and `depth` if requested
 * @param options Background, planes, signal, progress
 * @returns Whether depths were clamped
 */
export async function renderViews(
  gaussians: Gaussians,
  views: View[],
  folder: string,
  options: RenderViewsOptions = {},
): Promise<RenderedImages> {
  const { exposures, signal, onView } = options;
  const photos = join(folder, RENDER_FOLDERS.photos);
  await Deno.mkdir(photos, { recursive: true });
  const images = await ImageWriter.begin(gaussians, folder, options);
  let done = 0;
  for (const { view, photo } of withPhotosAhead(views)) {
    signal?.throwIfAborted();
    const save = await images.render(view.camera, done, exposureOf(exposures, view.name));
    const gt = flattened(await photo, options.background);
    await Promise.all([save(), writePng(join(photos, imageName(done)), gt)]);
    done++;
    onView?.(done, views.length);
  }
  await images.end(views.length);
  await removeImagesFrom(photos, views.length);
  return images.rendered;
}

/**
 * Renders the cameras of a path and writes each as PNG files numbered in their order. Images of an earlier, longer path
 * are removed.
 *
 * @param gaussians What to render
 * @param cameras The path
 * @param folder Gets `renders`; `alpha` and `depth` if requested
 * @param options Background, planes, signal, progress
 * @returns Whether depths were clamped
 */
export async function renderPath(
  gaussians: Gaussians,
  cameras: readonly Camera[],
  folder: string,
  options: RenderViewsOptions = {},
): Promise<RenderedImages> {
  const { signal, onView } = options;
  const images = await ImageWriter.begin(gaussians, folder, options);
  let writing: Promise<void> | undefined;
  for (const [index, camera] of cameras.entries()) {
    signal?.throwIfAborted();
    const save = await images.render(camera, index);
    await writing;
    writing = save(); // while the next one is rendered
    writing.catch(() => {}); // reported when it is awaited
    onView?.(index + 1, cameras.length);
  }
  await writing;
  await images.end(cameras.length);
  return images.rendered;
}

/** Writes the images of renders, without photos. */
class ImageWriter {
  readonly #gaussians: Gaussians;
  readonly #folder: string;
  readonly #options: RenderViewsOptions;
  /** What to tell of the images so far. */
  readonly rendered: RenderedImages = { clamped: 0, farthest: 0 };

  private constructor(gaussians: Gaussians, folder: string, options: RenderViewsOptions) {
    this.#gaussians = gaussians;
    this.#folder = folder;
    this.#options = options;
  }

  /** Creates the folders. */
  static async begin(gaussians: Gaussians, folder: string, options: RenderViewsOptions): Promise<ImageWriter> {
    const writer = new ImageWriter(gaussians, folder, options);
    for (const name of writer.#folders()) await Deno.mkdir(name, { recursive: true });
    return writer;
  }

  /** Renders a camera; resolves to a function that writes its files. */
  async render(camera: Camera, index: number, transform?: ColorTransform): Promise<() => Promise<void>> {
    const { background, alpha: withAlpha, depthScale } = this.#options;
    const file = (folder: string) => join(this.#folder, folder, imageName(index));
    if (!withAlpha && depthScale === undefined) {
      const image = await renderExposed8(this.#gaussians, camera, { background, transform });
      return () => writePng(file(RENDER_FOLDERS.renders), image);
    }
    const { scale } = this.#gaussians.frame;
    const { image: plain, alpha, depth } = await renderFrame(this.#gaussians, camera, { background });
    const image = transform === undefined
      ? plain
      : await renderExposed8(this.#gaussians, camera, { background, transform });
    const { width, height } = image;
    if (depthScale !== undefined) this.#note(farthestOf(depth) * scale, depthScale);
    return async () => {
      await writePng(file(RENDER_FOLDERS.renders), image);
      if (withAlpha) await writePlanePng(file(RENDER_FOLDERS.alpha), { width, height, data: alphaPlane(alpha) });
      if (depthScale === undefined) return;
      await writePlanePng(file(RENDER_FOLDERS.depth), { width, height, data: depthPlane(depth, depthScale * scale) });
    };
  }

  #note(farthest: number, depthScale: number): void {
    this.rendered.farthest = Math.max(this.rendered.farthest, farthest);
    if (Math.round(farthest * depthScale) > LARGEST_DEPTH) this.rendered.clamped++;
  }

  /**
   * Removes images of an earlier run with more cameras, or with planes that are not requested now, and files that were
   * never finished.
   */
  async end(count: number): Promise<void> {
    const folders = this.#folders();
    await removeOrphans(this.#folder);
    const planes = [RENDER_FOLDERS.alpha, RENDER_FOLDERS.depth].map((name) => join(this.#folder, name));
    for (const name of folders) await removeImagesFrom(name, count);
    for (const name of planes.filter((name) => !folders.includes(name))) await removeImagesFrom(name, 0);
  }

  #folders(): string[] {
    const { alpha, depthScale } = this.#options;
    const names: string[] = [RENDER_FOLDERS.renders];
    if (alpha) names.push(RENDER_FOLDERS.alpha);
    if (depthScale !== undefined) names.push(RENDER_FOLDERS.depth);
    return names.map((name) => join(this.#folder, name));
  }
}

/** Also removes what a render that was killed had not finished writing. */
async function removeImagesFrom(folder: string, first: number): Promise<void> {
  await removeOrphans(folder);
  for (const { name } of await entriesOf(folder)) {
    const number = IMAGE_FILE.exec(name)?.[1];
    if (number !== undefined && Number(number) >= first) await Deno.remove(join(folder, name));
  }
}
