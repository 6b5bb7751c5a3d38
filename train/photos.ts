/**
 * The photos that training looks at: all of them in memory as they arrive, or, with `dataDevice: "disk"`, those that
 * the next iterations need, decoded as they are needed and kept as far as a bound on their bytes allows. Where a photo
 * comes from changes no bit of what is learnt from it.
 *
 * @module
 */

import type { View } from "../base/scene.ts";
import type { Device } from "../ffi/device.ts";
import { ArrivingPhotos } from "./arriving_photos.ts";
import type { ResolvedTrainOptions } from "./options.ts";
import { PhotoCache } from "./photo_cache.ts";
import type { Strategy } from "./strategies/strategy.ts";
import type { TrainingPhotos } from "./training_photos.ts";

/**
 * Begins to bring the training views to a device: all photos one after the other, or, with `dataDevice: "disk"`, those
 * that the next iterations need. What cannot be read is told by `ready` and `hold`, as a {@linkcode DataError}.
 *
 * @param device Open device; its seed says in which order the photos come
 * @param photographed The training views
 * @param options Resolved options
 * @param strategy Says how many photos an event looks at
 * @throws {RangeError} When the cache has too little room
 */
export function openPhotos(
  device: Device,
  photographed: readonly View[],
  options: ResolvedTrainOptions,
  strategy: Strategy,
): TrainingPhotos {
  if (options.dataDevice !== "disk") return ArrivingPhotos.open(device, photographed, options);
  const viewsAtOnce = strategy.densification.map((iteration) => strategy.views(iteration).length);
  return PhotoCache.open(device, photographed, options, viewsAtOnce.reduce((most, some) => Math.max(most, some), 0));
}
