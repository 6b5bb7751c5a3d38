// The output of a verb while it works: lines, warnings, a progress bar and JSON events.
//
// The bar is for a terminal; elsewhere the same facts are printed as a line every few seconds. Both go to the standard
// error, so that the standard output has only results or, with --json, one object per event.

import { bar, duration, rate } from "./format.ts";

/** Streams for the output. Default: those of the process; tests replace them. */
export interface Streams {
  /** Writes to the standard output. */
  out(text: string): void;
  /** Writes to the standard error; never throws. */
  err(text: string): void;
  /** Whether the standard error is a terminal. */
  terminal: boolean;
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
  details?: readonly string[];
}

const REDRAW_MS = 100;
const LINE_MS = 5000;
const CLEAR = "\r\x1b[K";

/** The streams of this process. */
export function processStreams(): Streams {
  return {
    out: writerOf(Deno.stdout),
    err: writerThatNeverThrows(writerOf(Deno.stderr)),
    terminal: Deno.stderr.isTerminal(),
    columns: terminalColumns,
    now: () => performance.now(),
  };
}

/**
 * Writes text to a stream until its reader closes it (`| head -1`); then drops it, so that the work continues. A write
 * that fails otherwise throws: its text is dropped unless it is partly written; its rest then comes before the next.
 */
export function writerOf(stream: { writeSync(bytes: Uint8Array): number }): (text: string) => void {
  const encoder = new TextEncoder();
  let open = true;
  let begun: Uint8Array = new Uint8Array();
  return (text) => {
    for (const bytes of [begun, encoder.encode(text)]) {
      let written = 0;
      try {
        while (open && written < bytes.length) written += stream.writeSync(bytes.subarray(written));
      } catch (error) {
        open = !isClosed(error);
        if (!open) return;
        if (written > 0) begun = bytes.subarray(written);
        throw error;
      }
      begun = new Uint8Array();
    }
  };
}

/** Whether a stream's reader has gone: the end of a pipe was closed, or a terminal hung up (EIO). */
function isClosed(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe || error instanceof Error && "code" in error && error.code === "EIO";
}

/** For messages: work does not end because nobody can be told about it. */
function writerThatNeverThrows(write: (text: string) => void): (text: string) => void {
  return (text) => {
    try {
      write(text);
    } catch {
      // There is no other stream to report it on.
    }
  };
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

  /** Something the user should know while the work continues. */
  warn(text: string): void {
    this.#clear();
    this.#streams.err(`Warning: ${text}\n`);
  }

  /** Writes one JSON line to the standard output with --json, nothing without. */
  event(event: object): void {
    if (this.#json) this.#out(JSON.stringify(event));
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
    if (now - shown < (this.#streams.terminal ? REDRAW_MS : LINE_MS) && !(finished && this.#streams.terminal)) return;
    this.#current.shown = now;
    const seconds = (now - started) / 1000;
    const perSecond = seconds > 0 ? (progress.done - first) / seconds : 0;
    const facts = [
      `${progress.done}/${progress.total}`,
      ...(perSecond > 0 ? [rate(perSecond, progress.unit)] : []),
      ...(progress.details ?? []),
      ...(perSecond > 0 && !finished ? [`ETA ${duration((progress.total - progress.done) / perSecond)}`] : []),
    ].join("  ");
    if (this.#streams.terminal) {
      const line = `${progress.label} ${bar(progress.done / Math.max(progress.total, 1))} ${facts}`;
      this.#streams.err(CLEAR + [...line].slice(0, Math.max(this.#streams.columns() - 1, 20)).join(""));
      this.#drawn = true;
    } else {
      this.#streams.err(`${progress.label} ${facts}\n`);
    }
  }

  /** Ends the bar, if one is drawn. */
  finish(): void {
    this.#clear();
    this.#current = undefined;
  }

  /** Writes a line. One that cannot be written does not end the work; the first of several gives a warning. */
  #out(line: string): void {
    try {
      this.#streams.out(`${line}\n`);
      this.#outputFails = false;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!this.#outputFails) this.warn(`Cannot write to the standard output, and continue without: ${reason}`);
      this.#outputFails = true;
    }
  }

  #clear(): void {
    if (this.#drawn) this.#streams.err(CLEAR);
    this.#drawn = false;
  }
}
