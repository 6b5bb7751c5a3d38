// The photos of the views as JPEG files for the page, decoded when they are asked for.

import type { View } from "../base/scene.ts";
import type { Color } from "../ffi/rasterizer.ts";
import { loadSharp } from "../ffi/sharp.ts";
import { flattened } from "../measure/pixels.ts";

const QUALITY = 92;

/** Bytes of JPEG files that are kept. */
const MOST_KEPT = 64 * 2 ** 20;

/** Photos that may wait to be decoded, one after another, so that pages do not take the processor from the run. */
const MOST_WAITING = 32;

/** The photos of a run. */
export class Photos {
  readonly #views: readonly View[];
  readonly #background: Color;
  /** By view and width, the last used at the end. */
  readonly #kept = new Map<string, Uint8Array<ArrayBuffer>>();
  #bytes = 0;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** @param background What shows through photos with alpha */
  constructor(views: readonly View[], background: Color) {
    this.#views = views;
    this.#background = background;
  }

  /**
   * A photo at the size that it is trained at, or reduced.
   *
   * @param index Index of the view
   * @param width Largest width in pixels
   * @returns A JPEG file; undefined if there is no such view, `"busy"` if too many wait already
   */
  async jpeg(index: number, width = Infinity): Promise<Uint8Array<ArrayBuffer> | "busy" | undefined> {
    const view = this.#views[index];
    if (view === undefined) return undefined;
    const target = Math.min(width, view.camera.width);
    const key = `${index} ${target}`;
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      this.#kept.delete(key);
      this.#kept.set(key, kept);
      return kept;
    }
    if (this.#waiting >= MOST_WAITING) return "busy";
    this.#waiting++;
    const decoded = this.#last.then(() => this.#decode(view, target));
    this.#last = decoded.catch(() => {});
    try {
      const file = await decoded;
      this.#keep(key, file);
      return file;
    } finally {
      this.#waiting--;
    }
  }

  async #decode(view: View, target: number): Promise<Uint8Array<ArrayBuffer>> {
    const sharp = await loadSharp();
    const { width, height, channels, data } = flattened(await view.photo(), this.#background);
    const image = sharp(data, { raw: { width, height, channels } });
    if (target < width) image.resize({ width: target });
    return new Uint8Array(await image.jpeg({ quality: QUALITY, chromaSubsampling: "4:4:4" }).toBuffer());
  }

  #keep(key: string, file: Uint8Array<ArrayBuffer>): void {
    if (this.#kept.has(key)) return;
    this.#kept.set(key, file);
    this.#bytes += file.length;
    for (const [oldest, { length }] of this.#kept) {
      if (this.#bytes <= MOST_KEPT || oldest === key) break;
      this.#kept.delete(oldest);
      this.#bytes -= length;
    }
  }
}
