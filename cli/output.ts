// The standard output and the standard error of this process. They are written beside its work: a reader that is slow,
// or keeps its pipe open without reading, must keep neither a signal nor the last save waiting.

/** Called with the error of a text that could not be written. */
export type FailureListener = (error: unknown) => void;

/** One stream's text, in order. */
export class Output {
  readonly #stream: { write(bytes: Uint8Array): Promise<number> };
  readonly #encoder = new TextEncoder();
  readonly #queue: { bytes: Uint8Array; onFailure: FailureListener }[] = [];
  readonly #listeners = new Set<() => void>();
  #waiting = 0;
  #writing = false;
  /** The rest of a text that is partly written; it comes before the next one. */
  #begun = new Uint8Array();
  /** Why nothing can be written any more. */
  #closed: unknown;

  constructor(stream: { write(bytes: Uint8Array): Promise<number> }) {
    this.#stream = stream;
  }

  /**
   * Writes text after all before it. One that cannot be written is dropped; the next one is tried, unless the reader has
   * gone.
   */
  write(text: string, onFailure: FailureListener = () => {}): void {
    if (this.#closed !== undefined) return onFailure(this.#closed);
    const bytes = this.#encoder.encode(text);
    this.#queue.push({ bytes, onFailure });
    this.#waiting += bytes.length;
    if (!this.#writing) this.#writeAll();
  }

  /** Resolves when at most `most` bytes wait for the reader, or `signal` fires. */
  async written(most: number, signal?: AbortSignal): Promise<void> {
    if (this.#waiting <= most || signal?.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = () => resolve();
    const listener = () => this.#waiting <= most && resolve();
    this.#listeners.add(listener);
    signal?.addEventListener("abort", stop);
    await promise;
    signal?.removeEventListener("abort", stop);
    this.#listeners.delete(listener);
  }

  async #writeAll(): Promise<void> {
    this.#writing = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const { bytes, onFailure } = next;
      try {
        if (this.#closed !== undefined) throw this.#closed;
        await this.#writeBytes(bytes);
      } catch (error) {
        if (isClosed(error)) this.#closed = error;
        onFailure(error);
      }
      this.#waiting -= bytes.length;
      for (const listener of this.#listeners) listener();
    }
    this.#writing = false;
  }

  async #writeBytes(text: Uint8Array): Promise<void> {
    for (const bytes of [this.#begun, text]) {
      let written = 0;
      try {
        while (written < bytes.length) written += await this.#stream.write(bytes.subarray(written));
      } catch (error) {
        if (written > 0) this.#begun = bytes.slice(written);
        throw error;
      }
      this.#begun = new Uint8Array();
    }
  }
}

/** Whether a stream's reader has gone: the end of a pipe was closed, or a terminal hung up (EIO). */
export function isClosed(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe || error instanceof Error && "code" in error && error.code === "EIO";
}

/** The standard error. */
export const ERRORS = new Output(Deno.stderr);

/** The standard output; on the same terminal as the standard error one queue keeps their order. */
export const OUTPUT = Deno.stdout.isTerminal() && Deno.stderr.isTerminal() ? ERRORS : new Output(Deno.stdout);

/** Exit codes above this are those of signals. */
const SIGNALLED = 128;

/** Milliseconds for which a process that a signal ends waits for its readers. */
const GRACE = 1000;

/** Ends the process when everything is written, or soon if a signal is why it ends. */
export async function exit(code: number): Promise<never> {
  const soon = code > SIGNALLED ? AbortSignal.timeout(GRACE) : undefined;
  await Promise.all([OUTPUT, ERRORS].map((output) => output.written(0, soon)));
  Deno.exit(code);
}
