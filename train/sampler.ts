/**
 * Which training photo an iteration looks at: epoch-wise without replacement, so that every photo is seen once before
 * any is seen again. The order depends on the seed and the number of views alone, never on what was asked before.
 *
 * @module
 */

import { randomWords } from "../base/random.ts";
import { ABI } from "../ffi/abi.ts";

/** Draws training views, each once an epoch, in an order that depends only on the seed and the epoch. */
export class ViewSampler {
  readonly #seed: number;
  readonly #count: number;
  #epoch = -1;
  #order: Uint32Array;

  /**
   * @param seed Non-negative safe integer
   * @param count Number of training views, at least 1
   */
  constructor(seed: number, count: number) {
    if (!Number.isSafeInteger(count) || count < 1) {
      throw new RangeError(`Cannot draw training views: the scene has ${count}, at least 1 is needed`);
    }
    this.#seed = seed;
    this.#count = count;
    this.#order = new Uint32Array(count);
  }

  /**
   * The view of an iteration.
   *
   * @param iteration 1-based
   * @returns Index into the training views
   */
  view(iteration: number): number {
    const epoch = Math.floor((iteration - 1) / this.#count);
    if (epoch !== this.#epoch) this.#shuffle(epoch);
    return this.#order[(iteration - 1) % this.#count];
  }

  /** Fisher-Yates from the identity; index i of the epoch's stream decides place i. */
  #shuffle(epoch: number): void {
    const order = this.#order;
    for (let i = 0; i < order.length; i++) order[i] = i;
    for (let i = order.length - 1; i > 0; i--) {
      const [word] = randomWords({ seed: this.#seed, stream: ABI.STREAM_VIEWS, iteration: epoch, index: i });
      // Scaling 32 bits to 0..i is uneven by at most one part in 2^32 / (i + 1): without effect on training.
      const j = Math.floor((word / 2 ** 32) * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    this.#epoch = epoch;
  }
}

/** One epoch: the views in their order, and the place of each view in it. */
interface Epoch {
  views: Uint32Array;
  places: Uint32Array;
}

/** The order of the training views looked up both ways: which view comes when, and when a view comes next. */
export class ViewOrder {
  readonly #sampler: ViewSampler;
  readonly #count: number;
  readonly #epochs = new Map<number, Epoch>();

  /**
   * @param seed Non-negative safe integer
   * @param count Number of training views, at least 1
   */
  constructor(seed: number, count: number) {
    this.#sampler = new ViewSampler(seed, count);
    this.#count = count;
  }

  /**
   * The view of an iteration, as {@linkcode ViewSampler.view} gives it.
   *
   * @param iteration 1-based
   * @returns Index into the training views
   */
  view(iteration: number): number {
    return this.#epoch(this.#epochOf(iteration)).views[(iteration - 1) % this.#count];
  }

  /**
   * The first iteration from `iteration` on that looks at a view.
   *
   * @param view Index into the training views
   * @param iteration 1-based
   */
  nextIteration(view: number, iteration: number): number {
    const epoch = this.#epochOf(iteration);
    const here = epoch * this.#count + this.#epoch(epoch).places[view] + 1;
    return here >= iteration ? here : (epoch + 1) * this.#count + this.#epoch(epoch + 1).places[view] + 1;
  }

  #epochOf(iteration: number): number {
    return Math.floor((iteration - 1) / this.#count);
  }

  #epoch(epoch: number): Epoch {
    const known = this.#epochs.get(epoch);
    if (known !== undefined) return known;
    const views = new Uint32Array(this.#count);
    const places = new Uint32Array(this.#count);
    for (let i = 0; i < this.#count; i++) {
      views[i] = this.#sampler.view(epoch * this.#count + i + 1);
      places[views[i]] = i;
    }
    for (const old of this.#epochs.keys()) if (old < epoch - 2) this.#epochs.delete(old);
    this.#epochs.set(epoch, { views, places });
    return { views, places };
  }
}
