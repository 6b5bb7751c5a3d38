// What training asks of its photos, wherever they come from.

import type { Views } from "../ffi/views.ts";

/** The training views on the device, with the photos that are asked for. */
export interface TrainingPhotos extends Disposable {
  /** The views, each at its index in the scene. */
  readonly views: Views;
  /** Number of photos in memory, where all of them stay; undefined where they do not. */
  readonly loaded: number | undefined;
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
