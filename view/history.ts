// What a run has reported so far, for pages that open later: points of the charts, scores, the log, the worst views.

import type { TrainEvent } from "../train/events.ts";
import { describeEvent } from "./event_text.ts";
import type { LogEntry, Sample, Score, ScoredView, ServerMessage } from "./protocol.ts";

/** Points of the charts that are kept: twice what the widest screen shows. */
const MOST_SAMPLES = 4000;

/** Lines of the log that are kept. */
const MOST_ENTRIES = 1000;

/** Milliseconds between two points; twice as many each time the points are thinned. */
const SAMPLE_MS = 250;

/** Milliseconds over which the speed is averaged. */
const RATE_MS = 10_000;

/** Views in the list of the worst. */
const MOST_WORST = 6;

/** Records the events of a run, and says what each adds to the page. */
export class History {
  readonly samples: Sample[] = [];
  readonly scores: Score[] = [];
  readonly log: LogEntry[] = [];
  worst: ScoredView[] = [];
  /** Iterations per second lately; null while that is unknown. */
  rate: number | null = null;

  readonly #now: () => number;
  readonly #viewIndex: (name: string, set: "test" | "train") => number;
  #sampled = -Infinity;
  #sampleMs = SAMPLE_MS;
  #recent: { at: number; iteration: number }[] = [];
  #evaluated: ScoredView[] = [];

  /**
   * @param viewIndex Index of a view in the page's list
   * @param now Time in milliseconds
   */
  constructor(
    viewIndex: (name: string, set: "test" | "train") => number,
    now: () => number = () => performance.now(),
  ) {
    this.#now = now;
    this.#viewIndex = viewIndex;
  }

  /** Takes an event; returns the messages for the pages that are open. */
  add(event: TrainEvent): ServerMessage[] {
    const messages = this.#chart(event);
    const text = describeEvent(event);
    if (text !== undefined) messages.push(this.note({ iteration: event.iteration, kind: event.type, text }));
    return messages;
  }

  /** Adds a line to the log. */
  note(entry: LogEntry): ServerMessage {
    this.log.push(entry);
    if (this.log.length > MOST_ENTRIES) this.log.shift();
    return { type: "log", entry };
  }

  #chart(event: TrainEvent): ServerMessage[] {
    const { iteration } = event;
    switch (event.type) {
      case "step":
        return this.#step({ iteration, loss: event.loss, count: event.count, memory: event.memory, rate: null });
      case "pause":
        this.#recent = []; // what comes after a pause says nothing about the time in it
        return [];
      case "view":
        this.#evaluated.push({ view: this.#viewIndex(event.name, event.set), psnr: event.psnr });
        return [];
      case "evaluate":
        return this.#evaluate({ iteration, set: event.set, psnr: event.psnr });
      default:
        return [];
    }
  }

  #step(sample: Sample): ServerMessage[] {
    const now = this.#now();
    if (now - this.#sampled < this.#sampleMs) return [];
    this.#sampled = now;
    // Of steps that take longer than that, the last one.
    const recent = this.#recent.filter(({ at }, i) => now - at < RATE_MS || i === this.#recent.length - 1);
    this.#recent = [...recent, { at: now, iteration: sample.iteration }];
    const [first] = this.#recent;
    this.rate = now > first.at ? 1000 * (sample.iteration - first.iteration) / (now - first.at) : null;
    const thinned = this.samples.length >= MOST_SAMPLES;
    if (thinned) {
      this.samples.splice(0, this.samples.length, ...this.samples.filter((_, i) => i % 2 === 0));
      this.#sampleMs *= 2;
    }
    const kept = { ...sample, rate: this.rate };
    this.samples.push(kept);
    return [{ type: "sample", sample: kept, thinned }];
  }

  /** The views that came before it are those of this evaluation. */
  #evaluate(score: Score): ServerMessage[] {
    const evaluated = this.#evaluated;
    this.#evaluated = [];
    this.scores.push(score);
    const messages: ServerMessage[] = [{ type: "score", score }];
    const heldOut = this.scores.some(({ set }) => set === "test");
    if (score.set === "test" || !heldOut) {
      this.worst = evaluated.sort((a, b) => a.psnr - b.psnr).slice(0, MOST_WORST);
      messages.push({ type: "worst", worst: this.worst });
    }
    return messages;
  }
}
