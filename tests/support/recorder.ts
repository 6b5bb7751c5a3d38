// The streams of a command, remembered.

import type { Streams } from "../../cli/progress.ts";

/** Streams that remember, with a clock that the test sets. */
export class Recorder implements Streams {
  output = "";
  errors = "";
  time = 0;
  readonly terminal: boolean;
  readonly escapes: boolean;
  readonly #columns: number;

  constructor(terminal: boolean, columns: number = 80, escapes: boolean = terminal) {
    this.terminal = terminal;
    this.escapes = escapes;
    this.#columns = columns;
  }
  out(text: string, _onFailure?: (error: unknown) => void): void {
    this.output += text;
  }
  err(text: string): void {
    this.errors += text;
  }
  taken(_most: number, _signal?: AbortSignal): Promise<void> {
    return Promise.resolve();
  }
  columns(): number {
    return this.#columns;
  }
  now(): number {
    return this.time;
  }
}
