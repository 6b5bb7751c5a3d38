/**
 * The training photos: all in memory once they are decoded or, with `dataDevice: "disk"`, those of the next iterations,
 * decoded when they are needed, with bounded memory. Both give the same result, bit for bit.
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
 * Starts to load the training photos onto a device: all one after the other or, with `dataDevice: "disk"`, those of the
 * next iterations. `ready` and `hold` throw a {@linkcode DataError} for a photo that cannot be read.
 *
 * @param device Open device; its seed determines the order of the photos
 * @param photographed The training views
 * @param options Resolved options
 * @param strategy Says how many views an event scores
 * @throws {RangeError} When the cache is too small
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
