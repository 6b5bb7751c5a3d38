/**
 * When checkpoints are due by the clock.
 *
 * @module
 */

/** A checkpoint may hold training up for at most this share of the time between two. */
const LARGEST_SHARE = 0.03;

/** Decides when a checkpoint is due. */
export class CheckpointCadence {
  /** The iteration of the last checkpoint, or at which the run was resumed; 0 if there is none. */
  last: number;
  readonly #wanted: number;
  readonly #now: () => number;
  #interval: number;
  #since: number;

  /**
   * @param seconds Wanted time between two checkpoints; -1 for never
   * @param last Iteration at which the run starts
   * @param now Time in seconds, from any start
   */
  constructor(seconds: number, last: number, now: () => number = () => performance.now() / 1000) {
    this.last = last;
    this.#wanted = seconds < 0 ? Infinity : seconds;
    this.#interval = this.#wanted;
    this.#now = now;
    this.#since = now();
  }

  /** Whether it is time for one. */
  get due(): boolean {
    return this.#now() - this.#since >= this.#interval;
  }

  /**
   * Records a checkpoint that was taken until now.
   *
   * @param iteration Its iteration
   * @param cost Seconds for which it held training up
   * @returns The time until the next one, the first time that it is longer than wanted
   */
  took(iteration: number, cost: number): number | undefined {
    const first = this.#interval === this.#wanted;
    this.last = iteration;
    this.#since = this.#now();
    this.#interval = Math.max(this.#wanted, cost / LARGEST_SHARE);
    return first && this.#wanted > 0 && this.#interval > this.#wanted ? this.#interval : undefined;
  }
}
