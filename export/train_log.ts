/**
 * `train.csv`: one row for each iteration of a run; the last columns are empty but where densification or an evaluation
 * of the held-out views followed.
 *
 * @module
 */

import { writeFileAtomic } from "../base/atomic.ts";
import type { DensifyEvent, EvaluateEvent, StepEvent } from "../train/events.ts";

const COLUMNS = "iteration,loss,gaussians,seconds,memory,pruned,cloned,split,psnr";

/** What followed an iteration. */
interface Followed {
  densified?: Pick<DensifyEvent, "pruned" | "cloned" | "split">;
  psnr?: number;
}

/** Collects the rows of `train.csv` and writes them when asked to. */
export class TrainLog {
  readonly #path: string;
  readonly #rows: string[] = [];
  readonly #followed = new Map<number, Followed>();
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
      this.#rows.push(`${first + i},${Number(loss.toPrecision(7))},${count},${time.toFixed(4)},${memory}`);
    }
    this.#seconds = seconds;
  }

  /**
   * Adds what an event changed to the row of its iteration; the next row has the new count.
   *
   * @param event A `densify` event, after the `step` event of its iteration
   */
  densified({ pruned, cloned, split }: DensifyEvent): void {
    this.#last().densified = { pruned, cloned, split };
  }

  /**
   * Adds the PSNR of the held-out views to the row of its iteration; other views' is left out.
   *
   * @param event An `evaluate` event, after the `step` event of its iteration
   */
  evaluated({ set, psnr }: EvaluateEvent): void {
    if (set === "test") this.#last().psnr = psnr;
  }

  /** Writes all rows so far; the file is replaced as a whole. */
  async write(): Promise<void> {
    const lines = this.#rows.map((row, index) => {
      const { densified, psnr } = this.#followed.get(index) ?? {};
      const { pruned = "", cloned = "", split = "" } = densified ?? {};
      return `${row},${pruned},${cloned},${split},${psnr?.toFixed(4) ?? ""}`;
    });
    await writeFileAtomic(this.#path, [COLUMNS, ...lines].join("\n") + "\n");
  }

  #last(): Followed {
    const index = this.#rows.length - 1;
    const followed = this.#followed.get(index) ?? {};
    this.#followed.set(index, followed);
    return followed;
  }
}
