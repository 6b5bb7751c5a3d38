/**
 * Controls a run from outside its loop, for example from a viewer's buttons, a timer or another task.
 *
 * @module
 */

/** Milliseconds of a native batch: short enough for a live view, long compared with the cost of a call. */
const BATCH_MILLISECONDS = 50;

/** What a controller can request between two steps, in the order of execution. */
export type Request = "save" | "evaluate";

/**
 * Pauses, resumes and stops a run, and requests saves and evaluations. Each call takes effect after the step in
 * progress. It changes when steps are computed, but not their results.
 *
 * A controller is for one run: pass it to {@linkcode train} as `options.controller`.
 *
 * @example
 * ```ts no-assert
 * import { loadScene, openDevice, savePly, train, TrainController } from "../mod.ts";
 *
 * export async function trainUntilAsked(capture: string, asked: Promise<void>): Promise<void> {
 *   using device = await openDevice();
 *   const controller = new TrainController();
 *   asked.then(() => controller.stop());
 *   const timer = setInterval(() => controller.save(), 60_000);
 *   for await (const event of train(device, await loadScene(capture), { controller })) {
 *     if (event.type === "save") await savePly(event.gaussians, `${event.iteration}.ply`);
 *     if (event.type === "done") event.gaussians[Symbol.dispose]();
 *   }
 *   clearInterval(timer);
 * }
 * ```
 */
export class TrainController {
  readonly #stop = new AbortController();
  readonly #requests = new Set<Request>();
  readonly #listeners = new Set<() => void>();
  #paused = false;
  #batchMilliseconds = BATCH_MILLISECONDS;

  /** Whether the run is paused, or will be after the step in progress. */
  get paused(): boolean {
    return this.#paused;
  }

  /**
   * Duration of the native calls that run steps, in milliseconds. Default 50. Events come at least as often, unless a
   * single step takes longer.
   */
  get batchMilliseconds(): number {
    return this.#batchMilliseconds;
  }

  /** Takes effect from the next native call on. Throws a `RangeError` unless it is greater than 0. */
  set batchMilliseconds(milliseconds: number) {
    if (!(milliseconds > 0)) {
      throw new RangeError(`Cannot set batchMilliseconds to ${milliseconds}: it must be greater than 0`);
    }
    this.#batchMilliseconds = milliseconds;
  }

  /** Pauses the run, which yields a `pause` event and waits. Saves and evaluations still work. */
  pause(): void {
    this.#paused = true;
    this.#tell();
  }

  /** Continues a paused run, which yields a `resume` event. */
  resume(): void {
    this.#paused = false;
    this.#tell();
  }

  /** Ends the run as `options.signal` does: a `save` event, then `done` with `result.aborted`. */
  stop(): void {
    this.#stop.abort();
    this.#tell();
  }

  /** Requests a `save` event after the step in progress. */
  save(): void {
    this.#requests.add("save");
    this.#tell();
  }

  /** Requests an evaluation after the step in progress: `view` and `evaluate` events. */
  evaluate(): void {
    this.#requests.add("evaluate");
    this.#tell();
  }

  /** @internal Stops the run when another signal fires, until the result is disposed. */
  stopWith(signal: AbortSignal | undefined): Disposable {
    const stop = (): void => this.stop();
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop);
    return { [Symbol.dispose]: () => signal?.removeEventListener("abort", stop) };
  }

  /** @internal Fires at {@linkcode TrainController.stop}. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** @internal The requests since the last call, each once. */
  takeRequests(): Request[] {
    const requests = (["save", "evaluate"] as const).filter((request) => this.#requests.has(request));
    this.#requests.clear();
    return requests;
  }

  /** @internal Calls a listener at each call of the methods above, until the result is disposed. */
  listen(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** @internal Waits for the next call of one of the methods above. */
  async nextCall(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    using _ = this.listen(resolve);
    await promise;
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
