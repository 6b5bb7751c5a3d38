/**
 * `train.csv`: one row for each iteration of a run; the last three columns are empty but where densification followed.
 *
 * @module
 */

import type { DensifyEvent, StepEvent } from "../train/events.ts";
import { writeFileAtomic } from "./atomic.ts";

const COLUMNS = "iteration,loss,gaussians,seconds,memory,pruned,cloned,split";

/** Collects the rows of `train.csv` and writes them when asked to. */
export class TrainLog {
  readonly #path: string;
  readonly #rows: string[] = [COLUMNS];
  #seconds = 0;

  /** @param path File to write or replace */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Adds a row for each iteration of an event: loss, count of Gaussians, seconds of training so far, bytes held. The
   * time of a native call is shared evenly among its iterations.
   *
   * @param event A `step` event, in order
   */
  add(event: StepEvent): void {
    const { first, losses, count, seconds, memory } = event;
    for (const [i, loss] of losses.entries()) {
      const time = this.#seconds + (seconds - this.#seconds) * (i + 1) / losses.length;
      this.#rows.push(`${first + i},${Number(loss.toPrecision(7))},${count},${time.toFixed(4)},${memory},,,`);
    }
    this.#seconds = seconds;
  }

  /**
   * Adds what an event changed to the row of its iteration; the next row has the new count.
   *
   * @param event A `densify` event, after the `step` event of its iteration
   */
  densified({ pruned, cloned, split }: DensifyEvent): void {
    const last = this.#rows.length - 1;
    this.#rows[last] = `${this.#rows[last].slice(0, -3)},${pruned},${cloned},${split}`;
  }

  /** Writes all rows so far; the file is replaced as a whole. */
  async write(): Promise<void> {
    await writeFileAtomic(this.#path, this.#rows.join("\n") + "\n");
  }
}
