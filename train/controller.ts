/**
 * Steers a run from outside its loop: a viewer's buttons, a timer, another task.
 *
 * @module
 */

/** Milliseconds of a native batch: short enough for a live picture, long against the cost of a call. */
const BATCH_MILLISECONDS = 50;

/** What a controller can ask for between two steps, in the order in which it is done. */
export type Request = "evaluate" | "save";

/**
 * Pauses, resumes and stops a run, and asks it for saves and evaluations. Each call takes effect between two steps, as
 * soon as the step in progress is done; it changes when steps are computed, never a bit of what they compute.
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
   * How long the native calls are in which steps run, in milliseconds. Default 50. Events come at least as often, but
   * for a single step that takes longer.
   */
  get batchMilliseconds(): number {
    return this.#batchMilliseconds;
  }

  /** Holds from the next call on. Throws a `RangeError` unless it is greater than 0. */
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

  /** Lets a paused run go on; it yields a `resume` event. */
  resume(): void {
    this.#paused = false;
    this.#tell();
  }

  /** Ends the run as `options.signal` does: after a `save` event, `done` comes with `result.aborted`. */
  stop(): void {
    this.#stop.abort();
    this.#tell();
  }

  /** Asks for a `save` event of the Gaussians as they are after the step in progress. */
  save(): void {
    this.#requests.add("save");
    this.#tell();
  }

  /** Asks for an evaluation of the Gaussians as they are after the step in progress: `view` and `evaluate` events. */
  evaluate(): void {
    this.#requests.add("evaluate");
    this.#tell();
  }

  /** @internal Stops the run when another signal fires, until it is disposed of. */
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

  /** @internal What was asked for since the last time, each once. */
  takeRequests(): Request[] {
    const requests = (["evaluate", "save"] as const).filter((request) => this.#requests.has(request));
    this.#requests.clear();
    return requests;
  }

  /** @internal Calls a listener at each call of the methods above, until it is disposed of. */
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
