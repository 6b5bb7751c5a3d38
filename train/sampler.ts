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

  /**
   * The views of a step that looks at several: those of as many draws in a row.
   *
   * @param iteration 1-based
   * @param viewsPerStep Views of each step
   * @returns Indices into the training views, `viewsPerStep` of them
   */
  viewsOf(iteration: number, viewsPerStep: number): number[] {
    return Array.from({ length: viewsPerStep }, (_, i) => this.view((iteration - 1) * viewsPerStep + i + 1));
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
   * The views that a step needs, as {@linkcode ViewSampler.viewsOf} gives them, and the first of the next step, which it
   * has copied ahead.
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
   * The view of a draw, as {@linkcode ViewSampler.view} gives it.
   *
   * @param draw 1-based: the iteration where a step looks at one view
   * @returns Index into the training views
   */
  view(draw: number): number {
    return this.#epoch(this.#epochOf(draw)).views[(draw - 1) % this.#count];
  }

  /**
   * The first iteration from `iteration` on that looks at a view.
   *
   * @param view Index into the training views
   * @param iteration 1-based
   */
  nextIteration(view: number, iteration: number): number {
    const draw = (iteration - 1) * this.#viewsPerStep + 1;
    const epoch = this.#epochOf(draw);
    const here = epoch * this.#count + this.#epoch(epoch).places[view] + 1;
    const next = here >= draw ? here : (epoch + 1) * this.#count + this.#epoch(epoch + 1).places[view] + 1;
    return Math.ceil(next / this.#viewsPerStep);
  }

  #epochOf(draw: number): number {
    return Math.floor((draw - 1) / this.#count);
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
