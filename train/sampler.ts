/**
 * Which training views an iteration renders: drawn without replacement within an epoch, so that every view is used once
 * before any is used again. The order depends only on the seed and the number of views.
 *
 * @module
 */

import { randomWords } from "../base/random.ts";
import { ABI } from "../ffi/abi.ts";

/** Draws training views, each once per epoch, in an order that depends only on the seed and the epoch. */
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

  /**
   * The views of a step with several views: those of consecutive draws.
   *
   * @param iteration 1-based
   * @param viewsPerStep Views of each step
   * @returns Indices into the training views, `viewsPerStep` of them
   */
  viewsOf(iteration: number, viewsPerStep: number): number[] {
    return Array.from({ length: viewsPerStep }, (_, i) => this.view((iteration - 1) * viewsPerStep + i + 1));
  }

  /** Fisher-Yates shuffle of the identity; number i of the epoch's stream determines position i. */
  #shuffle(epoch: number): void {
    const order = this.#order;
    for (let i = 0; i < order.length; i++) order[i] = i;
    for (let i = order.length - 1; i > 0; i--) {
      const [word] = randomWords({ seed: this.#seed, stream: ABI.STREAM_VIEWS, iteration: epoch, index: i });
      // Scaling 32 bits to 0..i has a bias of at most one part in 2^32 / (i + 1): no effect on training.
      const j = Math.floor((word / 2 ** 32) * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    this.#epoch = epoch;
  }
}

/** One epoch: the views in their order, and the position of each view in it. */
interface Epoch {
  views: Uint32Array;
  positions: Uint32Array;
}

/** Looks up the order of the training views in both directions: the view of a draw, and the next use of a view. */
export class ViewOrder {
  readonly #sampler: ViewSampler;
  readonly #count: number;
  readonly #viewsPerStep: number;
  readonly #epochs = new Map<number, Epoch>();

  /**
   * @param seed Non-negative safe integer
   * @param count Number of training views, at least 1
   * @param viewsPerStep Views of each step. Default 1
   */
  constructor(seed: number, count: number, viewsPerStep: number = 1) {
    this.#sampler = new ViewSampler(seed, count);
    this.#count = count;
    this.#viewsPerStep = viewsPerStep;
  }

  /**
   * The views of a step, as {@linkcode ViewSampler.viewsOf} returns them, and the first of the next step, which is
   * copied ahead.
   *
   * @param iteration 1-based
   * @param iterations Steps of the run
   * @returns Indices into the training views
   */
  neededBy(iteration: number, iterations: number): number[] {
    const last = iteration * this.#viewsPerStep;
    const views = Array.from({ length: this.#viewsPerStep }, (_, i) => this.view(last - i)).reverse();
    return iteration < iterations ? [...views, this.view(last + 1)] : views;
  }

  /**
   * The view of a draw, as {@linkcode ViewSampler.view} returns it.
   *
   * @param draw 1-based; the iteration, if a step has one view
   * @returns Index into the training views
   */
  view(draw: number): number {
    return this.#epoch(this.#epochOf(draw)).views[(draw - 1) % this.#count];
  }

  /**
   * The first iteration from `iteration` on that renders a view.
   *
   * @param view Index into the training views
   * @param iteration 1-based
   */
  nextIteration(view: number, iteration: number): number {
    const draw = (iteration - 1) * this.#viewsPerStep + 1;
    const epoch = this.#epochOf(draw);
    const here = epoch * this.#count + this.#epoch(epoch).positions[view] + 1;
    const next = here >= draw ? here : (epoch + 1) * this.#count + this.#epoch(epoch + 1).positions[view] + 1;
    return Math.ceil(next / this.#viewsPerStep);
  }

  #epochOf(draw: number): number {
    return Math.floor((draw - 1) / this.#count);
  }

  #epoch(epoch: number): Epoch {
    const known = this.#epochs.get(epoch);
    if (known !== undefined) return known;
    const views = new Uint32Array(this.#count);
    const positions = new Uint32Array(this.#count);
    for (let i = 0; i < this.#count; i++) {
      views[i] = this.#sampler.view(epoch * this.#count + i + 1);
      positions[views[i]] = i;
    }
    for (const old of this.#epochs.keys()) if (old < epoch - 2) this.#epochs.delete(old);
    this.#epochs.set(epoch, { views, positions });
    return { views, positions };
  }
}
