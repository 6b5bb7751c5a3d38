// Training views on a device: cameras with their photos.

import type { Camera, Image8, ImageSize } from "../base/scene.ts";
import { ABI } from "./abi.ts";
import { packCamera } from "./camera.ts";
import type { Device } from "./device.ts";
import { checkCount, checkLength, TameError } from "./errors.ts";
import type { Handle } from "./handle.ts";
import type { Arguments } from "./symbols.ts";

/** Where photos are kept: on the device, in pinned host memory (the next photo is copied ahead), or in host memory. */
export type Residency = "device" | "pinned" | "host";

const RESIDENCIES: Record<Residency, number> = {
  device: ABI.RESIDENCY_DEVICE,
  pinned: ABI.RESIDENCY_PINNED,
  host: ABI.RESIDENCY_HOST,
};

/** Training views on a device. */
export class Views implements Disposable {
  /** The device that holds them. */
  readonly device: Device;
  /** Number of views, set or not. */
  readonly count: number;

  readonly #handle: Handle;

  private constructor(device: Device, { count, residency }: { count: number; residency: Residency }) {
    this.device = device;
    this.count = count;
    this.#handle = device.create(
      (symbols, error) => symbols.tame_views_create(device.pointer, count, RESIDENCIES[residency], error),
      { owner: this, what: "views handle", close: (symbols) => symbols.tame_views_close },
    );
  }

  /** Creates `count` empty views; `set` allocates each photo. `residency` defaults to `"device"`. */
  static create(device: Device, options: { count: number; residency?: Residency }): Views {
    const { count, residency = "device" } = options;
    checkCount("count", count, { minimum: 1 });
    return new Views(device, { count, residency });
  }

  /**
   * Sets a view, or replaces it by one of the same size. The photo has the camera's size; its pixels and mask are
   * copied. A photo with alpha is composited over each step's background. Pixels that the mask excludes affect neither
   * the loss nor the scores.
   */
  set(index: number, camera: Camera, photo: Image8): void {
    const values = this.#setArguments(index, camera, photo);
    this.device.call((symbols, error) => symbols.tame_views_set(...values, error));
  }

  /** @internal {@linkcode Views.set} queued after the calls before it, without blocking the event loop. */
  async setAsync(index: number, camera: Camera, photo: Image8): Promise<void> {
    const values = this.#setArguments(index, camera, photo);
    await this.device.queue((symbols, error) => symbols.tame_views_set_async(...values, error));
  }

  /** Frees the photo of a view, which may then be set with any size. */
  clear(index: number): void {
    checkCount("index", index, { maximum: this.count - 1 });
    this.device.call((symbols, error) => symbols.tame_views_clear(this.pointer, index, error));
  }

  /**
   * Sets depths for `Step.depthWeight`, instead of those before. They stay when the view is set or cleared.
   *
   * @param index The view
   * @param size Its photo's size
   * @param points For each depth x and y in pixels, the depth in world units, and its weight. Of several in one pixel
   *   the nearest counts
   */
  setDepths(index: number, { width, height }: ImageSize, points: Float32Array<ArrayBuffer>): void {
    checkCount("index", index, { maximum: this.count - 1 });
    checkLength("points", points, 4 * Math.floor(points.length / 4));
    const size = [width, height] as const;
    const list = [points, points.length, points.length / 4] as const;
    this.device.call((symbols, error) => symbols.tame_views_set_depths(this.pointer, index, ...size, ...list, error));
  }

  /** Frees the photos, after any running call and any trainer that uses them. */
  [Symbol.dispose](): void {
    this.#handle.close();
  }

  /** @internal The native handle. */
  get pointer(): Deno.PointerValue {
    return this.#handle.pointer;
  }

  #setArguments(index: number, camera: Camera, photo: Image8): Arguments<"tame_views_set"> {
    checkCount("index", index, { maximum: this.count - 1 });
    if (photo.width !== camera.width || photo.height !== camera.height) {
      throw new TameError(
        "invalid argument",
        `View ${index}: the photo has ${photo.width} x ${photo.height} pixels, ` +
          `its camera ${camera.width} x ${camera.height}`,
      );
    }
    const { data, channels, mask } = photo;
    const packed = packCamera(camera);
    return [
      this.pointer,
      index,
      packed,
      packed.length,
      data as BufferSource,
      data.length,
      channels,
      (mask ?? null) as BufferSource | null,
      mask?.length ?? 0,
    ];
  }
}
