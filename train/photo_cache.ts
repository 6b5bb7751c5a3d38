/**
 * Photos decoded from disk as training needs them. Which photo comes when is known ahead, so the one that gives way is
 * always that which is needed last (Belády 1966), and the next ones are decoded while the device trains.
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

/** Share of the cache for photos that native code holds; the rest is for those that are being decoded ahead. */
const HELD_SHARE = 0.75;

/**
 * Bytes of photos that native code holds at most, of a cache.
 *
 * @param photoCache Bytes of the cache
 */
export function heldPhotoBytes(photoCache: number): number {
  return Math.floor(HELD_SHARE * photoCache);
}

/** Photos of the iterations at hand, within a bound on their bytes. */
export class PhotoCache implements TrainingPhotos {
  readonly views: Views;
  readonly loaded = undefined;
  readonly #photographed: readonly View[];
  readonly #options: ResolvedTrainOptions;
  readonly #order: ViewOrder;
  /** Bytes of each view's photo: as its header says, and as they are once it has been decoded. */
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
   * Makes an empty cache of `options.photoCache` bytes. Throws an `OptionError` when that is too little to train with, or
   * to look at `viewsAtOnce` views in an event (default 0).
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
    // Half of what can be held, so that a batch does not drive out everything that the next ones need.
    const room = heldPhotoBytes(this.#options.photoCache) / 2;
    const needed = new Set(this.#viewsOf(first));
    let end = first;
    for (; end < last; end++) {
      const more = this.#viewsOf(end + 1).filter((view) => !needed.has(view));
      if (this.#sum(needed) + this.#sum(more) > room) break;
      for (const view of more) needed.add(view);
    }
    await this.hold([...needed], first);
    this.#decodeAhead(end * this.#options.viewsPerStep + 2);
    return end;
  }

  async hold(views: readonly number[], iteration: number): Promise<void> {
    const needed = new Set(views);
    const missing = [...needed].filter((view) => !this.#held.has(view));
    this.#makeRoom(this.#sum(missing), needed, iteration);
    const largest = missing.reduce((most, view) => Math.max(most, this.#bytes[view]), 1);
    const fitting = Math.floor((this.#roomAhead() - this.#sum(this.#ahead.keys())) / largest);
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

  /** The views of an iteration's step, and the one that the step has copied ahead. */
  #viewsOf(iteration: number): number[] {
    return this.#order.neededBy(iteration, this.#options.iterations);
  }

  /** Lets photos go, those first that are needed last, until so many bytes more can be held. */
  #makeRoom(bytes: number, needed: ReadonlySet<number>, iteration: number): void {
    const room = heldPhotoBytes(this.#options.photoCache) - bytes;
    let held = this.#sum(this.#held);
    const nextUse = (view: number) => this.#order.nextIteration(view, iteration);
    const candidates = [...this.#held].filter((view) => !needed.has(view)).sort((a, b) => nextUse(b) - nextUse(a));
    for (const view of candidates) {
      if (held <= room) return;
      this.views.clear(view);
      this.#held.delete(view);
      held -= this.#bytes[view];
    }
  }

  /** Begins to decode photos of coming iterations, as many as a part of the cache and the decoder's threads allow. */
  #decodeAhead(first: number): void {
    const { length } = this.#photographed;
    const { iterations, viewsPerStep } = this.#options;
    const last = Math.min(iterations * viewsPerStep, first + length - 1); // by then every photo has come once
    for (let t = first; t <= last && this.#ahead.size < PHOTOS_IN_FLIGHT; t++) {
      if (this.#held.size + this.#ahead.size === length) return;
      const view = this.#order.view(t);
      if (this.#held.has(view) || this.#ahead.has(view)) continue;
      if (this.#sum(this.#ahead.keys()) + this.#bytes[view] > this.#roomAhead()) return;
      const photo = this.#photographed[view].photo();
      photo.catch(() => {}); // told to whoever awaits it; until then it must not end the process
      this.#ahead.set(view, photo);
    }
  }

  #roomAhead(): number {
    return this.#options.photoCache - heldPhotoBytes(this.#options.photoCache);
  }

  #sum(views: Iterable<number>): number {
    let sum = 0;
    for (const view of views) sum += this.#bytes[view];
    return sum;
  }

  #rejectTooSmall(viewsAtOnce: number): void {
    const { photoCache, viewsPerStep } = this.#options;
    const atOnce = Math.max(viewsPerStep + 1, viewsAtOnce); // a step's own and the next one's, or all that an event looks at
    const bytes = [...this.#bytes].sort((a, b) => b - a).slice(0, atOnce).reduce((sum, each) => sum + each, 0);
    if (bytes <= heldPhotoBytes(photoCache)) return;
    throw new OptionError((option) =>
      `Cannot use ${photoCache} as ${option("photoCache")}: ${atOnce} photos at once take ${formatBytes(bytes)}, and ` +
      `it has room for ${formatBytes(heldPhotoBytes(photoCache))} beside those being decoded. Use at least ` +
      `${Math.ceil(bytes / HELD_SHARE)} bytes${atOnce > 2 ? `, or lower ${option("cams")}` : ""}`
    );
  }
}
