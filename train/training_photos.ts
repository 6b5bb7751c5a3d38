// The interface of the training photos, wherever they are kept.

import type { Views } from "../ffi/views.ts";

/** The training views on the device, with the requested photos. */
export interface TrainingPhotos extends Disposable {
  /** The views, each at its index in the scene. */
  readonly views: Views;
  /** Number of photos in memory if all of them stay there, else undefined. */
  readonly loaded: number | undefined;
  /**
   * Loads the photos of some iterations onto the device: as many iterations from the first on as fit or are decoded.
   *
   * @param first First iteration, 1-based
   * @param last Last wanted iteration
   * @returns The last iteration that may run now, at least `first`
   */
  ready(first: number, last: number): Promise<number>;
  /**
   * Loads the photos of some views onto the device, where they stay until the next call.
   *
   * @param views Indices of views
   * @param iteration The next iteration
   */
  hold(views: readonly number[], iteration: number): Promise<void>;
}
