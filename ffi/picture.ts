// A float image that encodes itself as PNG, and that a notebook shows.

import { DISPLAY, type MimeBundle } from "../base/display.ts";
import type { Image8 } from "../base/scene.ts";
import { checkCount, checkLength } from "./errors.ts";
import type { Image } from "./image.ts";
import { loadSharp } from "./sharp.ts";

/**
 * An {@linkcode Image} to look at: what `render` returns, or any other image. As the last value of a notebook's cell it
 * shows itself.
 *
 * @example
 * ```ts no-assert
 * import { Picture } from "../mod.ts";
 *
 * const red = Float32Array.from({ length: 3 * 8 * 8 }, (_, i) => i % 3 === 0 ? 1 : 0);
 * const png = await new Picture({ width: 8, height: 8, rgb: red }).toPng();
 * console.log(png.length);
 * ```
 */
export class Picture implements Image {
  /** Width in pixels. */
  readonly width: number;
  /** Height in pixels. */
  readonly height: number;
  /** width · height · 3 values, nominally 0..1 and not clamped. */
  readonly rgb: Float32Array;
  /** width · height opacities. */
  readonly alpha?: Float32Array;
  /** width · height depths, in world units. */
  readonly depth?: Float32Array;

  /**
   * Takes the image's arrays without copying them.
   *
   * @throws {TameError} "invalid argument" when `rgb` has not three values for each pixel
   */
  constructor({ width, height, rgb, alpha, depth }: Image) {
    checkCount("width", width, { minimum: 1 });
    checkCount("height", height, { minimum: 1 });
    checkLength("rgb", rgb, 3 * width * height);
    this.width = width;
    this.height = height;
    this.rgb = rgb;
    if (alpha !== undefined) this.alpha = alpha;
    if (depth !== undefined) this.depth = depth;
  }

  /**
   * The colours as a PNG file with 8 bits a channel, clamped and rounded; opacities and depths are left out. Loads
   * sharp, which needs the permissions that reading photos needs.
   *
   * @returns The file's bytes
   */
  async toPng(): Promise<Uint8Array<ArrayBuffer>> {
    const sharp = await loadSharp();
    const { width, height, channels, data } = toBytes(this);
    return new Uint8Array(await sharp(data, { raw: { width, height, channels } }).png().toBuffer());
  }

  /** What a notebook shows: the PNG. */
  async [DISPLAY](): Promise<MimeBundle> {
    return {
      "image/png": (await this.toPng()).toBase64(),
      "text/plain": `Picture of ${this.width} x ${this.height} pixels`,
    };
  }
}

/**
 * The colours of an image as bytes, rounded as renders of the command line are: trunc(clamp(255 v + 0.5, 0, 255)).
 *
 * @internal
 */
export function toBytes({ width, height, rgb }: Image): Image8 {
  const data = Uint8Array.from(rgb, (value) => Math.min(Math.max(255 * value + 0.5, 0), 255));
  return { width, height, channels: 3, data };
}
