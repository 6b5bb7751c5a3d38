/**
 * Photos decoded from disk as training needs them. Their order is known in advance, so the photo that is evicted is
 * always the one needed last (Belády 1966), and the next ones are decoded while the device trains.
 *
 * @module
 */

import { formatBytes } from "../base/format.ts";
import { OptionError } from "../base/option.ts";
import { forEachParallel } from "../base/parallel.ts";
import type { Image8, View } from "../base/scene.ts";
import type { Device } from "../ffi/device.ts";
import { Views } from "../ffi/views.ts";
import { PHOTOS_IN_FLIGHT } from "../load/images.ts";
import type { ResolvedTrainOptions } from "./options.ts";
import { photoBytes, plannedPhoto } from "./plan.ts";
import { ViewOrder } from "./sampler.ts";
import type { TrainingPhotos } from "./training_photos.ts";

/** Share of the cache for photos that native code holds; the rest is for photos decoded ahead. */
const HELD_SHARE = 0.75;

/**
 * Maximum bytes of the photos that native code holds.
 *
 * @param photoCache Bytes of the cache
 */
export function heldPhotoBytes(photoCache: number): number {
  return Math.floor(HELD_SHARE * photoCache);
}

/** Photos of the current and next iterations, with bounded memory. */
export class PhotoCache implements TrainingPhotos {
  readonly views: Views;
  readonly loaded = undefined;
  readonly #photographed: readonly View[];
  readonly #options: ResolvedTrainOptions;
  readonly #order: ViewOrder;
  /** Bytes of each view's photo: first from its header, then as decoded. */
  readonly #bytes: number[];
  readonly #held = new Set<number>();
  readonly #ahead = new Map<number, Promise<Image8>>();

  private constructor(
    device: Device,
    photographed: readonly View[],
    options: ResolvedTrainOptions,
    viewsAtOnce: number,
  ) {
    this.#photographed = photographed;
    this.#options = options;
    this.#order = new ViewOrder(device.seed, photographed.length, options.viewsPerStep);
    this.#bytes = photographed.map((view) => photoBytes(plannedPhoto(view)));
    this.#rejectTooSmall(viewsAtOnce);
    this.views = Views.create(device, { count: photographed.length, residency: "host" });
  }

  /**
   * Makes an empty cache of `options.photoCache` bytes. Throws an `OptionError` when that is too small for a step, or
   * for an event that scores `viewsAtOnce` views (default 0).
   */
  static open(
    device: Device,
    photographed: readonly View[],
    options: ResolvedTrainOptions,
    viewsAtOnce: number = 0,
  ): PhotoCache {
    return new PhotoCache(device, photographed, options, viewsAtOnce);
  }

  async ready(first: number, last: number): Promise<number> {
    // Half of what can be held, so that a batch does not evict everything that the next ones need.
    const limit = heldPhotoBytes(this.#options.photoCache) / 2;
    const needed = new Set(this.#viewsOf(first));
    let end = first;
    for (; end < last; end++) {
      const more = this.#viewsOf(end + 1).filter((view) => !needed.has(view));
      if (this.#sum(needed) + this.#sum(more) > limit) break;
      for (const view of more) needed.add(view);
    }
    await this.hold([...needed], first);
    this.#decodeAhead(end * this.#options.viewsPerStep + 2);
    return end;
  }

  async hold(views: readonly number[], iteration: number): Promise<void> {
    const needed = new Set(views);
    const missing = [...needed].filter((view) => !this.#held.has(view));
    this.#evict(this.#sum(missing), needed, iteration);
    const largest = missing.reduce((most, view) => Math.max(most, this.#bytes[view]), 1);
    const fitting = Math.floor((this.#aheadLimit() - this.#sum(this.#ahead.keys())) / largest);
    const concurrency = Math.min(PHOTOS_IN_FLIGHT, Math.max(1, fitting));
    await forEachParallel(missing.length, async (i) => {
      const view = missing[i];
      const photo = await (this.#ahead.get(view) ?? this.#photographed[view].photo());
      this.#ahead.delete(view);
      await this.views.setAsync(view, this.#photographed[view].camera, photo);
      this.#bytes[view] = photo.data.length + (photo.mask?.length ?? 0);
      this.#held.add(view);
    }, { concurrency, signal: this.#options.signal });
  }

  [Symbol.dispose](): void {
    this.#ahead.clear();
    this.views[Symbol.dispose]();
  }

  /** The views of an iteration's step, and the next view, which the step copies ahead. */
  #viewsOf(iteration: number): number[] {
    return this.#order.neededBy(iteration, this.#options.iterations);
  }

  /** Evicts photos, those needed last first, until `bytes` more can be held. */
  #evict(bytes: number, needed: ReadonlySet<number>, iteration: number): void {
    const limit = heldPhotoBytes(this.#options.photoCache) - bytes;
    let held = this.#sum(this.#held);
    const nextUse = (view: number) => this.#order.nextIteration(view, iteration);
    const candidates = [...this.#held].filter((view) => !needed.has(view)).sort((a, b) => nextUse(b) - nextUse(a));
    for (const view of candidates) {
      if (held <= limit) return;
      this.views.clear(view);
      this.#held.delete(view);
      held -= this.#bytes[view];
    }
  }

  /** Starts to decode photos of the next iterations, as many as the cache and the decoder's threads allow. */
  #decodeAhead(first: number): void {
    const { length } = this.#photographed;
    const { iterations, viewsPerStep } = this.#options;
    const last = Math.min(iterations * viewsPerStep, first + length - 1); // every photo occurs once by then
    for (let t = first; t <= last && this.#ahead.size < PHOTOS_IN_FLIGHT; t++) {
      if (this.#held.size + this.#ahead.size === length) return;
      const view = this.#order.view(t);
      if (this.#held.has(view) || this.#ahead.has(view)) continue;
      if (this.#sum(this.#ahead.keys()) + this.#bytes[view] > this.#aheadLimit()) return;
      const photo = this.#photographed[view].photo();
      photo.catch(() => {}); // reported when it is awaited; must not end the process before
      this.#ahead.set(view, photo);
    }
  }

  #aheadLimit(): number {
    return this.#options.photoCache - heldPhotoBytes(this.#options.photoCache);
  }

  #sum(views: Iterable<number>): number {
    let sum = 0;
    for (const view of views) sum += this.#bytes[view];
    return sum;
  }

  #rejectTooSmall(viewsAtOnce: number): void {
    const { photoCache, viewsPerStep } = this.#options;
    const atOnce = Math.max(viewsPerStep + 1, viewsAtOnce); // views of a step and the next view, or of an event
    const bytes = [...this.#bytes].sort((a, b) => b - a).slice(0, atOnce).reduce((sum, each) => sum + each, 0);
    if (bytes <= heldPhotoBytes(photoCache)) return;
    throw new OptionError((option) =>
      `Cannot use ${photoCache} as ${option("photoCache")}: ${atOnce} photos at once take ${formatBytes(bytes)}, but ` +
      `only ${formatBytes(heldPhotoBytes(photoCache))} are left beside those being decoded. Use at least ` +
      `${Math.ceil(bytes / HELD_SHARE)} bytes${atOnce > 2 ? `, or lower ${option("cams")}` : ""}`
    );
  }
}
