// A native handle that is closed once: by dispose or, as a safety net, after its owner was garbage-collected.

import { ABI } from "./abi.ts";
import { errorFrom, TameError } from "./errors.ts";
import { Struct } from "./struct.ts";

/** A native function that closes handles. */
export type CloseFunction = (pointer: Deno.PointerValue, error: Uint8Array<ArrayBuffer>) => number;

// Holds handles, never their owners, so that owners can be collected.
const registry = new FinalizationRegistry<Handle>((handle) => handle.close());

/** An open handle that belongs to an object. */
export class Handle {
  readonly #what: string;
  readonly #close: CloseFunction;
  #pointer: Deno.PointerValue;

  /**
   * Takes over a handle.
   *
   * @param owner Object whose garbage collection closes the handle
   * @param pointer The handle
   * @param options Its name in errors, and the function that closes it
   */
  constructor(owner: object, pointer: Deno.PointerValue, options: { what: string; close: CloseFunction }) {
    this.#what = options.what;
    this.#close = options.close;
    this.#pointer = pointer;
    registry.register(owner, this, this);
  }

  /** Whether it was closed. */
  get closed(): boolean {
    return this.#pointer === null;
  }

  /** The handle for native calls; throws "invalid argument" when it is closed. */
  get pointer(): Deno.PointerValue {
    if (this.#pointer === null) throw new TameError("invalid argument", `The ${this.#what} is already disposed`);
    return this.#pointer;
  }

  /** Closes the handle; a second time does nothing. */
  close(): void {
    if (this.#pointer === null) return;
    const pointer = this.#pointer;
    this.#pointer = null;
    registry.unregister(this);
    const error = new Struct("tame_error");
    if (this.#close(pointer, error.bytes) !== ABI.OK) throw errorFrom(error);
  }
}
