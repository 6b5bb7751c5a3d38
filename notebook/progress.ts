/**
 * The progress of a run in a notebook.
 *
 * @module
 */

import { DISPLAY, escapeHtml, type MimeBundle } from "../base/display.ts";
import { count, duration, formatBytes, rate } from "../base/format.ts";
import type { StepEvent, TrainEvent } from "../train/events.ts";
import { type Displayable, OutputCell } from "./cell.ts";

/** How often progress is shown, in milliseconds: in a cell, and as lines elsewhere. */
const CELL_MS = 250;
const LINE_MS = 5000;

/**
 * Passes on the events of a run, and shows its progress below the cell, replaced in place: iterations, speed, remaining
 * time, loss, Gaussians, memory, the last scores of held-out views, and warnings. Outside a notebook it writes a line
 * to the standard error every few seconds. It does not change the run.
 *
 * @example
 * ```ts no-assert
 * import { type Device, type Gaussians, type Scene, train, withProgress } from "../mod.ts";
 *
 * export async function trained(device: Device, scene: Scene): Promise<Gaussians | undefined> {
 *   for await (const event of withProgress(train(device, scene, { iterations: 2000 }))) {
 *     if (event.type === "done") return event.gaussians;
 *   }
 * }
 * ```
 *
 * @param events What `train` returns
 * @returns The same events; a loop that is left ends the run
 */
export async function* withProgress(events: AsyncIterable<TrainEvent>): AsyncGenerator<TrainEvent, void, void> {
  const output = new OutputCell();
  const progress = new Progress();
  let shown = -Infinity;
  try {
    for await (const event of events) {
      const urgent = progress.take(event);
      const now = performance.now();
      if (urgent || now - shown >= (output.inNotebook ? CELL_MS : LINE_MS)) {
        await output.show(progress);
        shown = now;
      }
      yield event;
    }
  } finally {
    // A run that was left or failed stays as it was last.
    if (!progress.ended) await output.show(progress);
  }
}

/** What is known of a run. */
class Progress implements Displayable {
  /** Whether the run is done, and its last line shown. */
  ended = false;
  #work = "Preparing";
  #done = 0;
  #total = 0;
  #step: StepEvent | undefined;
  /** Where this process began, to tell its speed. */
  #first = 0;
  #scores: string | undefined;
  readonly #warnings: string[] = [];

  /** Takes an event; returns whether it is to be shown at once. */
  take(event: TrainEvent): boolean {
    switch (event.type) {
      case "plan":
        this.#first = event.iteration;
        this.#total = event.iterations;
        return true;
      case "iterations":
        this.#total = event.iterations;
        return false;
      case "photo":
        [this.#work, this.#done] = [`Photos ${event.loaded}/${event.total}`, 0];
        return false;
      case "step":
        [this.#work, this.#done, this.#step] = ["Training", event.iteration, event];
        return false;
      case "evaluate":
        if (event.set === "test") this.#scores = `PSNR ${event.psnr.toFixed(2)} dB at ${count(event.iteration)}`;
        return false;
      case "warning":
        this.#warnings.push(event.message);
        return true;
      case "done":
        this.#work = event.iteration >= this.#total ? "Trained" : "Stopped";
        this.ended = true;
        return true;
      default:
        return false;
    }
  }

  #facts(): string[] {
    const facts = [this.#work, `${count(this.#done)}/${count(this.#total)}`];
    if (this.#step !== undefined) {
      const { iteration, seconds, loss, count: gaussians, memory } = this.#step;
      const perSecond = seconds > 0 ? (iteration - this.#first) / seconds : 0;
      if (perSecond > 0) facts.push(rate(perSecond, "it"));
      if (this.ended) facts.push(duration(seconds));
      else if (perSecond > 0) facts.push(`${duration((this.#total - iteration) / perSecond)} left`);
      facts.push(`loss ${loss.toFixed(4)}`, `${count(gaussians)} Gaussians`, formatBytes(memory));
    }
    if (this.#scores !== undefined) facts.push(this.#scores);
    return facts;
  }

  /** A bar, the facts and all warnings; as text, a line with the last warning. */
  [DISPLAY](): MimeBundle {
    const warnings = this.#warnings.map((text) => `<br>Warning: ${escapeHtml(text)}`).join("");
    const bar = `<progress max="${this.#total}" value="${this.#done}" style="width: 20em"></progress>`;
    return {
      "text/html": `${bar} ${this.#facts().map(escapeHtml).join(" &middot; ")}${warnings}`,
      "text/plain": [...this.#facts(), ...this.#warnings.slice(-1).map((text) => `Warning: ${text}`)].join("  "),
    };
  }
}
