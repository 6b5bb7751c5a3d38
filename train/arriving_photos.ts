/**
 * Photos that all stay in memory once they are decoded. They are decoded in the order in which training needs them,
 * while it trains on those that are loaded.
 *
 * @module
 */

import type { Image8, View } from "../base/scene.ts";
import type { Device } from "../ffi/device.ts";
import { Views } from "../ffi/views.ts";
import { PHOTOS_IN_FLIGHT } from "../load/images.ts";
import type { ResolvedTrainOptions } from "./options.ts";
import { ViewOrder } from "./sampler.ts";
import type { TrainingPhotos } from "./training_photos.ts";

/** Photos that are loaded one after the other. */
export class ArrivingPhotos implements TrainingPhotos {
  readonly views: Views;
  readonly #photographed: readonly View[];
  readonly #options: ResolvedTrainOptions;
  readonly #order: ViewOrder;
  readonly #inFlight: number;
  /** Views whose photos are not being decoded yet, in the order in which they are needed. */
  readonly #waiting: Set<number>;
  readonly #decoding = new Map<number, Promise<void>>();
  /** Decoded, not yet on the device: they are copied only when training calls `hold`. */
  readonly #arrived = new Map<number, Image8>();
  readonly #held = new Set<number>();
  #failure: { reason: unknown } | undefined;

  private constructor(
    device: Device,
    photographed: readonly View[],
    options: ResolvedTrainOptions,
    inFlight: number,
  ) {
    this.#photographed = photographed;
    this.#options = options;
    this.#inFlight = inFlight;
    this.#order = new ViewOrder(device.seed, photographed.length, options.viewsPerStep);
    this.#waiting = new Set(photographed.map((_, i) => this.#order.view(i + 1))); // each occurs once in the first epoch
    this.views = Views.create(device, {
      count: photographed.length,
      residency: options.dataDevice === "cpu" ? "pinned" : "device",
    });
    this.#decodeAhead();
  }

  /** Starts to decode `inFlight` photos at a time (default: one for each decoder thread). */
  static open(
    device: Device,
    photographed: readonly View[],
    options: ResolvedTrainOptions,
    inFlight: number = PHOTOS_IN_FLIGHT,
  ): ArrivingPhotos {
    return new ArrivingPhotos(device, photographed, options, inFlight);
  }

  get loaded(): number {
    return this.#held.size;
  }

  async ready(first: number, last: number): Promise<number> {
    await this.hold(this.#viewsOf(first));
    let end = first;
    while (end < last && this.#viewsOf(end + 1).every((view) => this.#held.has(view))) end++;
    return end;
  }

  async hold(views: readonly number[]): Promise<void> {
    if (views.length === 0) return;
    for (const view of views) {
      if (this.#waiting.has(view)) this.#decode(view);
      await this.#decoding.get(view);
    }
    this.#options.signal?.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure.reason;
    for (const [view, photo] of [...this.#arrived]) {
      await this.views.setAsync(view, this.#photographed[view].camera, photo);
      this.#held.add(view);
      this.#arrived.delete(view);
    }
    this.#decodeAhead();
  }

  [Symbol.dispose](): void {
    this.#waiting.clear();
    this.#arrived.clear();
    this.views[Symbol.dispose]();
  }

  /** The views of an iteration's step, and the next view, which the step copies ahead. */
  #viewsOf(iteration: number): number[] {
    return this.#order.neededBy(iteration, this.#options.iterations);
  }

  /** Decodes ahead up to `inFlight` photos, counting those not yet on the device: enough for all decoder threads. */
  #decodeAhead(): void {
    for (const view of this.#waiting) {
      if (this.#decoding.size + this.#arrived.size >= this.#inFlight) return;
      this.#decode(view);
    }
  }

  #decode(view: number): void {
    this.#waiting.delete(view);
    const decoded = this.#photographed[view].photo()
      .then((photo) => void this.#arrived.set(view, photo), (reason) => void (this.#failure ??= { reason }))
      .finally(() => {
        this.#decoding.delete(view);
        this.#decodeAhead();
      });
    this.#decoding.set(view, decoded);
  }
}
