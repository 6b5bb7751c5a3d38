// The signals that ask a process to end: the first one stops the work at the next safe point.

import { Interrupted } from "./errors.ts";
import { EXIT } from "./exit.ts";

/** Exit codes by signal, as shells report them. */
const CODES = { SIGINT: EXIT.interrupted, SIGTERM: EXIT.terminated, SIGHUP: EXIT.hungUp } as const;

type EndingSignal = keyof typeof CODES;

/** The signals that this system has. */
const SIGNALS: readonly EndingSignal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM", "SIGHUP"];

/** Interrupts that listen. */
let listening = 0;

/**
 * Turns ^C (SIGINT), SIGTERM and SIGHUP into an AbortSignal until it is disposed. After the first signal only ^C ends
 * the process at once: a terminal or a supervisor may send the others twice, for example to a process and its group.
 */
export class Interrupt implements Disposable {
  readonly #controller = new AbortController();
  readonly #listeners: readonly (readonly [EndingSignal, () => void])[];

  /** `onFirst` tells the user what happens next. */
  constructor(onFirst: () => void) {
    this.#listeners = SIGNALS.map((name) => [name, () => this.#receive(name, onFirst)]);
    for (const [name, listener] of this.#listeners) Deno.addSignalListener(name, listener);
    listening++;
  }

  /** Aborts at the first signal; the reason is an {@linkcode Interrupted} with the exit code. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Exit code of the first signal; 0 before. */
  get code(): number {
    return this.signal.aborted ? (this.signal.reason as Interrupted).code : EXIT.done;
  }

  /** Restores what the signals do by default. */
  [Symbol.dispose](): void {
    for (const [name, listener] of this.#listeners) Deno.removeSignalListener(name, listener);
    listening--;
  }

  #receive(name: EndingSignal, onFirst: () => void): void {
    if (!this.signal.aborted) {
      this.#controller.abort(new Interrupted(CODES[name]));
      onFirst();
    } else if (name === "SIGINT") Deno.exit(EXIT.interrupted);
  }
}

/**
 * Lets the signals end this process while no {@linkcode Interrupt} listens, if it is the init process of a container,
 * for which the system does nothing by default.
 */
export function endAsInitProcess(): void {
  if (Deno.pid !== 1) return;
  for (const name of SIGNALS) {
    Deno.addSignalListener(name, () => {
      if (listening === 0) Deno.exit(CODES[name]);
    });
  }
}
