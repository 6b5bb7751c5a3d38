/**
 * Which training photo an iteration looks at: epoch-wise without replacement, so that every photo is seen once before
 * any is seen again. The order depends on the seed and the number of views alone, never on what was asked before.
 *
 * @module
 */

import { PURPOSE, randomWords } from "./random.ts";

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
      const [word] = randomWords({ seed: this.#seed, purpose: PURPOSE.views, iteration: epoch, index: i });
      // Scaling 32 bits to 0..i is uneven by at most one part in 2^32 / (i + 1): without effect on training.
      const j = Math.floor((word / 2 ** 32) * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    this.#epoch = epoch;
  }
}
