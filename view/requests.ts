// What pages ask of a run beside frames: saves and evaluations, which take its time and its disk.

import type { RunAction } from "./protocol.ts";

/** A request of a page gets its next one of the same kind after this many times what the last took. */
const RUN_PER_REQUEST = 3;

/** The actions that are limited. */
const LIMITED: readonly RunAction[] = ["save", "evaluate"];

/** Lets one save and one evaluation of pages through at a time, and the next when the run has had its share. */
export class Requests {
  readonly #now: () => number;
  /** When those that are not done were let through. */
  readonly #pending = new Map<RunAction, number>();
  readonly #next = new Map<RunAction, number>();

  /** @param now Time in milliseconds */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Whether an action may be carried out now.
   *
   * @param action What a page asks for; pausing, resuming and stopping always may
   */
  allows(action: RunAction): boolean {
    if (!LIMITED.includes(action)) return true;
    if (this.#pending.has(action) || this.#now() < (this.#next.get(action) ?? -Infinity)) return false;
    this.#pending.set(action, this.#now());
    return true;
  }

  /** The run has saved or evaluated, or could not. */
  done(action: RunAction): void {
    const asked = this.#pending.get(action);
    if (asked === undefined) return;
    this.#pending.delete(action);
    this.#next.set(action, this.#now() + RUN_PER_REQUEST * (this.#now() - asked));
  }
}
