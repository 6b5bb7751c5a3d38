// The streams of a command, remembered.

import type { Streams } from "../../cli/progress.ts";

/** Streams that remember, with a clock that the test sets. */
export class Recorder implements Streams {
  output = "";
  errors = "";
  time = 0;
  readonly terminal: boolean;

  constructor(terminal: boolean) {
    this.terminal = terminal;
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
    return 80;
  }
  now(): number {
    return this.time;
  }
}
