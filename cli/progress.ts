// The output of a verb while it works: lines, warnings, a progress bar and JSON events.
//
// The bar is for a terminal; elsewhere the same facts are printed as lines, less often the longer the work takes. Both go
// to the standard error, so that the standard output has only results or, with --json, one object per event.

import { environment } from "../base/environment.ts";
import { bar, duration, rate } from "./format.ts";
import { ERRORS, type FailureListener, isClosed, OUTPUT } from "./output.ts";

/** Streams for the output. Default: those of the process; tests replace them. */
export interface Streams {
  /** Writes to the standard output, in order and beside the work. */
  out(text: string, onFailure: FailureListener): void;
  /** Writes to the standard error in the same way. What cannot be written there cannot be reported. */
  err(text: string): void;
  /** Resolves when at most `most` bytes of the standard output wait for its reader, or `signal` fires. */
  taken(most: number, signal?: AbortSignal): Promise<void>;
  /** Whether the standard error is a terminal that can write a line anew. */
  terminal: boolean;
  /** Whether that terminal may get escape codes. */
  escapes: boolean;
  /** Width of that terminal in characters. */
  columns(): number;
  /** Time in milliseconds, from any start. */
  now(): number;
}

/** Progress of some work. */
export interface Progress {
  /** The work: "Training", "Photos". A new label starts a new bar. */
  label: string;
  done: number;
  total: number;
  /** What `done` counts, for the rate: "it", "photo". */
  unit: string;
  /** Further facts, such as the loss and the memory. */
  details?: readonly Fact[];
}

/** A part of a line. */
export interface Fact {
  text: string;
  /** What does not fit into a terminal's line is left out, the lowest first. */
  importance: number;
}

/** Importance of what every progress has. */
const IMPORTANCE = { rate: 3, bar: 5, remaining: 8, done: 9 };
/** Widths of the bar, and the width of a terminal from which on it has the larger one. */
const BAR_WIDTHS = { usual: 20, narrow: 10 };
const WIDE_TERMINAL = 110;

const REDRAW_MS = 100;
/** From one line to the next: at least, and at most; in between a share of the time so far. */
const LINE = { leastMs: 5000, mostMs: 60_000, share: 1 / 6 };
/** Clears a terminal's line. */
const CLEAR = "\r\x1b[K";

/** Bytes of events that may wait for their reader before the work waits too. */
const MOST_WAITING = 2 ** 20;

/** The streams of this process. */
export function processStreams(): Streams {
  return {
    out: (text, onFailure) => OUTPUT.write(text, onFailure),
    err: (text) => ERRORS.write(text),
    taken: (most, signal) => OUTPUT.written(most, signal),
    ...terminalOf(Deno.stderr.isTerminal(), { term: environment("TERM"), noColor: environment("NO_COLOR") }),
    columns: terminalColumns,
    now: () => performance.now(),
  };
}

/**
 * What a stream can show. TERM=dumb is a terminal that can only append, such as that of an editor; with NO_COLOR
 * (https://no-color.org) there are no escape codes at all.
 */
export function terminalOf(
  isTerminal: boolean,
  { term, noColor }: { term?: string; noColor?: string },
): Pick<Streams, "terminal" | "escapes"> {
  const terminal = isTerminal && term !== "dumb";
  return { terminal, escapes: terminal && noColor === undefined };
}

/** Width of the terminal; 80 if it reports none. */
function terminalColumns(): number {
  try {
    return Deno.consoleSize().columns || 80;
  } catch {
    return 80;
  }
}

/** Writes a verb's lines, warnings, progress and events. */
export class Reporter {
  readonly #quiet: boolean;
  readonly #json: boolean;
  readonly #streams: Streams;
  #drawn = false;
  readonly #lost = new AbortController();
  #outputFails = false;
  #current: { label: string; started: number; first: number; shown: number } | undefined;

  /** `quiet` keeps only the terminal's bar and warnings; `json` keeps the standard output for events. */
  constructor(options: { quiet?: boolean; json?: boolean; streams?: Streams } = {}) {
    this.#quiet = options.quiet ?? false;
    this.#json = options.json ?? false;
    this.#streams = options.streams ?? processStreams();
  }

  /** A line that says what was chosen or done. */
  note(text: string): void {
    if (this.#quiet) return;
    this.#clear();
    if (this.#json) this.#streams.err(`${text}\n`);
    else this.#out(text);
  }

  /** A line about what is read, which is an event too. */
  notice(message: string): void {
    this.note(message);
    this.event({ type: "notice", message });
  }

  /**
   * A line with a URL, which a terminal opens in the browser also where it has to break the line. It is printed with
   * `quiet` too, as nobody could guess it.
   */
  link(text: string, url: string): void {
    this.#clear();
    this.#streams.err(`${text}${this.#streams.escapes ? `\x1b]8;;${url}\x1b\\${url}\x1b]8;;\x1b\\` : url}\n`);
  }

  /** Something the user should know while the work continues. */
  warn(text: string): void {
    this.#clear();
    this.#streams.err(`Warning: ${text}\n`);
  }

  /** The same about a run, which programs get as an event too. */
  warnOfRun(iteration: number, message: string): void {
    this.warn(message);
    this.event({ type: "warning", iteration, message });
  }

  /** Writes one JSON line to the standard output with --json, nothing without. */
  event(event: object): void {
    if (!this.#json) return;
    this.#streams.out(`${JSON.stringify(event)}\n`, (error) => this.#lost.abort(lostEvent(error)));
  }

  /** Fires when an event cannot be written, since the reader has gone or a disk is full; the reason is the error. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Waits while the reader is far behind, until `signal` fires: what is not read yet must not fill the memory. */
  async keepUp(signal: AbortSignal): Promise<void> {
    await this.#streams.taken(MOST_WAITING, signal);
  }

  /**
   * Waits until the reader has taken everything, or `signal` fires.
   *
   * @throws {Error} When an event could not be written: the reader does not know how the work ended
   */
  async delivered(signal?: AbortSignal): Promise<void> {
    await this.#streams.taken(0, signal);
    if (!signal?.aborted) this.lost.throwIfAborted();
  }

  /** Shows the progress, at a limited rate. */
  progress(progress: Progress): void {
    const now = this.#streams.now();
    if (this.#current?.label !== progress.label) {
      this.#current = { label: progress.label, started: now, first: progress.done, shown: -Infinity };
      if (!this.#streams.terminal) this.#current.shown = now;
    }
    const { started, first, shown } = this.#current;
    if (!this.#streams.terminal && this.#quiet) return;
    const finished = progress.done >= progress.total;
    const wait = Math.min(Math.max((now - started) * LINE.share, LINE.leastMs), LINE.mostMs);
    if (now - shown < (this.#streams.terminal ? REDRAW_MS : wait) && !(finished && this.#streams.terminal)) return;
    this.#current.shown = now;
    const seconds = (now - started) / 1000;
    const perSecond = seconds > 0 ? (progress.done - first) / seconds : 0;
    const { label, done, total, unit, details = [] } = progress;
    const remaining = perSecond > 0 && !finished ? `ETA ${duration((total - done) / perSecond)}` : undefined;
    const facts: Fact[] = [
      { text: `${done}/${total}`, importance: IMPORTANCE.done },
      ...(perSecond > 0 ? [{ text: rate(perSecond, unit), importance: IMPORTANCE.rate }] : []),
      ...details,
      ...(remaining === undefined ? [] : [{ text: remaining, importance: IMPORTANCE.remaining }]),
    ];
    if (this.#streams.terminal) {
      const columns = this.#streams.columns();
      const width = columns < WIDE_TERMINAL ? BAR_WIDTHS.narrow : BAR_WIDTHS.usual;
      facts.unshift({ text: bar(done / Math.max(total, 1), width), importance: IMPORTANCE.bar });
      this.#streams.err(
        `${this.#cleared()}${label} ${lineWithin(facts, Math.max(columns - 1, 20) - label.length - 1)}`,
      );
      this.#drawn = true;
    } else {
      this.#streams.err(`${label} ${joined(facts)}\n`);
    }
  }

  /** Ends the bar, if one is drawn. */
  finish(): void {
    this.#clear();
    this.#current = undefined;
  }

  /** Writes a line. One that cannot be written does not end the work; the first of several gives a warning. */
  #out(line: string): void {
    this.#streams.out(`${line}\n`, (error) => {
      if (this.#outputFails || isClosed(error)) return;
      this.#outputFails = true;
      this.warn(`Cannot write to the standard output, and continue without: ${reasonOf(error)}`);
    });
  }

  #clear(): void {
    if (this.#drawn) this.#streams.err(this.#cleared());
    this.#drawn = false;
  }

  /** What clears a terminal's line and returns to its beginning. */
  #cleared(): string {
    if (this.#streams.escapes) return CLEAR;
    return `\r${" ".repeat(Math.max(this.#streams.columns() - 1, 20))}\r`;
  }
}

/** The facts in a line of at most `columns` characters, without the least important if there are too many. */
function lineWithin(facts: readonly Fact[], columns: number): string {
  const line = [...joined(facts)];
  if (line.length <= columns || facts.length === 1) return line.slice(0, columns).join("");
  const least = Math.min(...facts.map(({ importance }) => importance));
  return lineWithin(facts.filter(({ importance }) => importance > least), columns);
}

function joined(facts: readonly Fact[]): string {
  return facts.map(({ text }) => text).join("  ");
}

function lostEvent(error: unknown): Error {
  const reason = isClosed(error) ? "its reader has gone" : reasonOf(error);
  return new Error(`Cannot write events to the standard output: ${reason}`);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
