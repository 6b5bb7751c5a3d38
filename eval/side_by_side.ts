/**
 * Photos and renders in one picture.
 *
 * @module
 */

import type { Image8 } from "../base/scene.ts";
import type { Image } from "../ffi/image.ts";
import { Picture, toBytes } from "../ffi/picture.ts";
import { flattened, toFloat } from "../measure/pixels.ts";
import { imageGrid } from "./image_grid.ts";

/**
 * Puts images side by side, with 8 bits a channel: photos with alpha are composited over black.
 *
 * @example
 * ```ts no-assert
 * import { type Gaussians, type Picture, render, sideBySide, type View } from "../mod.ts";
 *
 * export async function comparison(gaussians: Gaussians, view: View): Promise<Picture> {
 *   return sideBySide(await render(gaussians, view.camera), await view.photo());
 * }
 * ```
 *
 * @param images Renders and photos of the same size, from left to right; at least one
 * @returns The picture, which a notebook shows
 * @throws {RangeError} When there is no image, or they differ in size
 */
export function sideBySide(...images: (Image | Image8)[]): Picture {
  if (images.length === 0) throw new RangeError("There is no image to put side by side");
  const [{ width, height }] = images;
  for (const image of images) {
    if (image.width !== width || image.height !== height) {
      throw new RangeError(
        `Images to put side by side differ in size: ${width} x ${height} and ${image.width} x ${image.height}`,
      );
    }
  }
  const bytes = images.map((image) => "rgb" in image ? toBytes(image) : flattened(image));
  return new Picture(toFloat(imageGrid(bytes, images.length)));
}
