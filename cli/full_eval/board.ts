// The progress of the benchmark: on a terminal that takes escape codes a table that is redrawn, elsewhere a line for each change.

import { duration } from "../format.ts";
import type { Streams } from "../progress.ts";
import type { Job } from "./jobs.ts";
import type { SceneState } from "./runner.ts";
import type { Stage } from "./stages.ts";

const DOING: Record<Stage, string> = { train: "training", render: "rendering", metrics: "scoring" };

const REDRAW_MS = 200;

/** Maximum lines of the table; on a terminal of 24 lines the command stays visible. */
const ROWS = 20;

/** Shows the state of every scene. */
export class Board {
  readonly #streams: Streams;
  readonly #quiet: boolean;
  readonly #severalGpus: boolean;
  readonly #states: Map<Job, SceneState | undefined>;
  readonly #started = new Map<Job, number>();
  #drawn = 0;
  #at = -Infinity;

  constructor(jobs: readonly Job[], options: { streams: Streams; quiet: boolean; gpus: number }) {
    this.#streams = options.streams;
    this.#quiet = options.quiet;
    this.#severalGpus = options.gpus > 1;
    this.#states = new Map(jobs.map((job) => [job, undefined]));
  }

  /** Shows the new state of a scene. */
  set(job: Job, state: SceneState): void {
    const before = this.#states.get(job);
    this.#states.set(job, state);
    if (!this.#started.has(job)) this.#started.set(job, this.#streams.now());
    const changed = before?.state !== state.state ||
      before.state === "running" && state.state === "running" && before.stage !== state.stage;
    if (this.#streams.escapes) this.#draw(changed);
    else if (changed && !(this.#quiet && state.state !== "failed")) this.#streams.err(`${this.#line(job)}\n`);
  }

  /** Removes the table. */
  finish(): void {
    this.#erase();
  }

  #draw(changed: boolean): void {
    const now = this.#streams.now();
    if (!changed && now - this.#at < REDRAW_MS) return;
    this.#at = now;
    this.#erase();
    const width = Math.max(this.#streams.columns() - 1, 20);
    const lines = this.#lines().map((line) => `${[...line].slice(0, width).join("")}\n`);
    this.#streams.err(lines.join(""));
    this.#drawn = lines.length;
  }

  /** All scenes; if there are too many, those started last and the number of the others. */
  #lines(): string[] {
    const begun = [...this.#started.keys()];
    const shown = [...this.#states.keys()];
    if (shown.length <= ROWS) return shown.map((job) => this.#line(job));
    const hidden = this.#states.size - Math.min(begun.length, ROWS - 1);
    return [...begun.slice(1 - ROWS).map((job) => this.#line(job)), `… and ${hidden} more scenes`];
  }

  #line(job: Job): string {
    const state = this.#states.get(job);
    const name = job.scene.padEnd(Math.max(...[...this.#states.keys()].map(({ scene }) => scene.length)));
    switch (state?.state) {
      case undefined:
        return `${name}  waiting`;
      case "running": {
        const progress = state.progress === undefined ? "" : `: ${state.progress}`;
        const where = this.#severalGpus ? ` on GPU ${state.gpu}` : "";
        return `${name}  ${DOING[state.stage]}${where}${this.#elapsed(job)}${progress}`;
      }
      case "done":
        return `${name}  done${timesText(state.record.done)}`;
      case "failed": {
        const { stage, code, message } = state.record.failure!;
        return `${name}  failed in ${stage} with exit code ${code}: ${message}`;
      }
    }
  }

  /** Time since the scene was started; only on a terminal, where it is updated. */
  #elapsed(job: Job): string {
    if (!this.#streams.escapes) return "";
    return `, ${duration((this.#streams.now() - this.#started.get(job)!) / 1000)}`;
  }

  #erase(): void {
    if (this.#drawn > 0) this.#streams.err(`\x1b[${this.#drawn}A\x1b[J`);
    this.#drawn = 0;
  }
}

function timesText(done: { [Name in Stage]?: { seconds: number } }): string {
  const parts = Object.entries(done).map(([stage, { seconds }]) => `${stage} ${duration(seconds)}`);
  return parts.length === 0 ? "" : `: ${parts.join(", ")}`;
}
