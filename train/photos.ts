/**
 * The photos that training looks at: all of them in memory as they arrive, or, with `dataDevice: "disk"`, those that the next iterations
 * need, decoded as they are needed and kept as far as a bound on their bytes allows. Where a photo comes from changes no
 * bit of what is learnt from it.
 *
 * @module
 */

import type { View } from "../base/scene.ts";
import type { Device } from "../ffi/device.ts";
import type { Views } from "../ffi/views.ts";
import { ArrivingPhotos } from "./arriving_photos.ts";
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
 * Begins to bring the training views to a device: all photos one after the other, or, with `dataDevice: "disk"`, those
 * that the next iterations need. What cannot be read is told by `ready` and `hold`, as a {@linkcode DataError}.
 *
 * @param device Open device; its seed says in which order the photos come
 * @param photographed The training views
 * @param options Resolved options
 * @throws {RangeError} When the cache has too little room
 */
export function openPhotos(
  device: Device,
  photographed: readonly View[],
  options: ResolvedTrainOptions,
): TrainingPhotos {
  return (options.dataDevice === "disk" ? PhotoCache : ArrivingPhotos).open(device, photographed, options);
}
