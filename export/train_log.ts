/**
 * `train.csv`: one row for each iteration of a run. The last columns are empty unless a densification event, an
 * evaluation or a save followed.
 *
 * @module
 */

import { writePartsAtomic } from "../base/atomic.ts";
import { statOrUndefined } from "../load/files.ts";
import type { DensifyEvent, EvaluateEvent, SaveEvent, StepEvent } from "../train/events.ts";

const COLUMNS = "iteration,loss,gaussians,seconds,memory,pruned,cloned,split,psnr,ssim,non_finite";

/** Characters of rows that are encoded together. */
const PART = 2 ** 16;

/** What followed an iteration. */
interface Followed {
  densified?: Pick<DensifyEvent, "pruned" | "cloned" | "split">;
  psnr?: number;
  ssim?: number;
  nonFinite?: number;
}

/**
 * Collects the rows of `train.csv` and writes them when asked to. A row is final when the next one is added. It is
 * encoded only once, so that a late save in a long run costs no more than an early one, except for the writing.
 */
export class TrainLog {
  readonly #path: string;
  readonly #parts: Uint8Array[] = [];
  /** Final rows that are in no part yet. */
  #text = `${COLUMNS}\n`;
  #last: { row: string; followed: Followed } | undefined;
  #seconds = 0;

  /** @param path File to write or replace */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Continues the log of a run that is resumed: keeps the rows of its file up to an iteration. Without a file the log
   * begins after that iteration.
   *
   * @param iteration The last iteration to keep
   */
  async resume(iteration: number): Promise<void> {
    if (!(await statOrUndefined(this.#path))?.isFile) return;
    const lines = (await Deno.readTextFile(this.#path)).split("\n").slice(1);
    for (const line of lines) {
      const values = line.split(",");
      if (values.length !== COLUMNS.split(",").length || !(Number(values[0]) <= iteration)) continue;
      const [pruned, cloned, split, psnr, ssim, nonFinite] = values.slice(5).map((value) =>
        value === "" ? undefined : Number(value)
      );
      const densified = pruned === undefined ? undefined : { pruned, cloned: cloned!, split: split! };
      this.#push({ row: values.slice(0, 5).join(), followed: { densified, psnr, ssim, nonFinite } });
      this.#seconds = Number(values[3]);
    }
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
      const row = `${first + i},${Number(loss.toPrecision(7))},${count},${time.toFixed(4)},${memory}`;
      this.#push({ row, followed: {} });
    }
    this.#seconds = seconds;
  }

  /** Adds a row; the one before is then final. */
  #push(last: { row: string; followed: Followed }): void {
    this.#text += this.#lastLine();
    this.#last = last;
    if (this.#text.length < PART) return;
    this.#parts.push(new TextEncoder().encode(this.#text));
    this.#text = "";
  }

  /**
   * Adds what an event changed to the row of its iteration; the next row has the new count.
   *
   * @param event A `densify` event, after the `step` event of its iteration
   */
  densified({ pruned, cloned, split, nonFinite }: DensifyEvent): void {
    if (this.#last !== undefined) {
      Object.assign(this.#last.followed, { densified: { pruned, cloned, split }, nonFinite });
    }
  }

  /**
   * Adds PSNR and SSIM of the held-out views to the row of its iteration, and how many Gaussians were not finite; the
   * scores of other views are ignored.
   *
   * @param event An `evaluate` event, after the `step` event of its iteration
   */
  evaluated({ set, psnr, ssim, nonFinite }: EvaluateEvent): void {
    if (this.#last === undefined) return;
    this.#last.followed.nonFinite = nonFinite;
    if (set === "test") Object.assign(this.#last.followed, { psnr, ssim });
  }

  /**
   * Adds how many Gaussians a save left out to the row of its iteration.
   *
   * @param event A `save` event, after the `step` event of its iteration
   */
  saved({ nonFinite }: SaveEvent): void {
    if (this.#last !== undefined && nonFinite !== undefined) this.#last.followed.nonFinite = nonFinite;
  }

  /** Writes all rows so far; the file is replaced as a whole. */
  async write(): Promise<void> {
    const rest = new TextEncoder().encode(this.#text + this.#lastLine());
    await writePartsAtomic(this.#path, [...this.#parts, rest]);
  }

  #lastLine(): string {
    if (this.#last === undefined) return "";
    const { row, followed: { densified, psnr, ssim, nonFinite = "" } } = this.#last;
    const { pruned = "", cloned = "", split = "" } = densified ?? {};
    return `${row},${pruned},${cloned},${split},${psnr?.toFixed(4) ?? ""},${ssim?.toFixed(6) ?? ""},${nonFinite}\n`;
  }
}
