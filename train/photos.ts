/**
 * The photos that training looks at: all of them in memory, or, with `dataDevice: "disk"`, those that the next iterations
 * need, decoded as they are needed and kept as far as a bound on their bytes allows. Where a photo comes from changes no
 * bit of what is learnt from it.
 *
 * @module
 */

import type { Device } from "../ffi/device.ts";
import { Views } from "../ffi/views.ts";
import { loadPhotos } from "../load/images.ts";
import type { View } from "../load/scene.ts";
import type { ResolvedTrainOptions } from "./options.ts";
import { PhotoCache } from "./photo_cache.ts";

/** The training views on the device, with the photos that are asked for. */
export interface TrainingPhotos extends Disposable {
  /** The views, each at its index in the scene. */
  readonly views: Views;
  /**
   * Has the photos of the steps of some iterations on the device, or of as many from the first on as there is room for.
   *
   * @param first First iteration, 1-based
   * @param last Last iteration wanted
   * @returns The last iteration that may run now, at least `first`
   */
  ready(first: number, last: number): Promise<number>;
  /**
   * Has the photos of some views on the device, until the next call.
   *
   * @param views Indices of views
   * @param iteration The next iteration that steps
   */
  hold(views: readonly number[], iteration: number): Promise<void>;
}

/**
 * Puts the training views on a device: decodes all photos now, or none yet with `dataDevice: "disk"`.
 *
 * @param device Open device; with a cache, its seed says in which order the photos come
 * @param photographed The training views
 * @param options Resolved options
 * @throws {DataError} When a photo cannot be read
 * @throws {RangeError} When the cache has too little room
 */
export async function openPhotos(
  device: Device,
  photographed: readonly View[],
  options: ResolvedTrainOptions,
): Promise<TrainingPhotos> {
  if (options.dataDevice === "disk") return PhotoCache.open(device, photographed, options);
  const views = Views.create(device, {
    count: photographed.length,
    residency: options.dataDevice === "cpu" ? "pinned" : "device",
  });
  try {
    let loaded = 0;
    await loadPhotos(photographed, {
      signal: options.signal,
      onPhoto: (index, photo) => {
        views.set(index, photographed[index].camera, photo);
        options.onPhoto?.(++loaded, photographed.length);
      },
    });
  } catch (error) {
    views[Symbol.dispose]();
    throw error;
  }
  return {
    views,
    ready: (_, last) => Promise.resolve(last),
    hold: () => Promise.resolve(),
    [Symbol.dispose]: () => views[Symbol.dispose](),
  };
}
