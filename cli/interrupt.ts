// ^C: the first stops the work at the next safe point, the second ends the process.

import { EXIT } from "./exit.ts";

/** Turns SIGINT into an AbortSignal until it is disposed. */
export class Interrupt implements Disposable {
  readonly #controller = new AbortController();
  readonly #listener: () => void;

  /** `onFirst` tells the user what happens next. */
  constructor(onFirst: () => void) {
    this.#listener = () => {
      if (this.#controller.signal.aborted) Deno.exit(EXIT.interrupted);
      this.#controller.abort();
      onFirst();
    };
    Deno.addSignalListener("SIGINT", this.#listener);
  }

  /** Aborts at the first ^C. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Restores the default behaviour of ^C. */
  [Symbol.dispose](): void {
    Deno.removeSignalListener("SIGINT", this.#listener);
  }
}
