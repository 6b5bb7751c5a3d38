/**
 * The photos that training looks at: all of them in memory as they arrive, or, with `dataDevice: "disk"`, those that the next iterations
 * need, decoded as they are needed and kept as far as a bound on their bytes allows. Where a photo comes from changes no
 * bit of what is learnt from it.
 *
 * @module
 */

import type { View } from "../base/scene.ts";
import type { Device } from "../ffi/device.ts";
import { ArrivingPhotos } from "./arriving_photos.ts";
import type { ResolvedTrainOptions } from "./options.ts";
import { PhotoCache } from "./photo_cache.ts";
import type { TrainingPhotos } from "./training_photos.ts";

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
