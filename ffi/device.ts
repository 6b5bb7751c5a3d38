// Opens a device: chooses the backend, states the reason, and orders the calls on one device.

import { resolveOptions } from "../base/option.ts";
import { ABI } from "./abi.ts";
import { choose } from "./choice.ts";
import { type DeviceInfo, deviceInfo } from "./device_info.ts";
import { errorFrom } from "./errors.ts";
import { type CloseFunction, Handle } from "./handle.ts";
import type { Backend, Library } from "./library.ts";
import { type MemoryUse, memoryUse } from "./memory.ts";
import { type NameOf, namesOf } from "./names.ts";
import { DEVICE_ROWS } from "./option_table.ts";
import { Struct } from "./struct.ts";
import type { Symbols } from "./symbols.ts";

export { type DeviceInfo, type LibraryReport, listDevices } from "./device_info.ts";
export type { MemoryUse } from "./memory.ts";

/** Options of {@linkcode openDevice}. */
export interface DeviceOptions {
  /** Where to compute; `"auto"` takes a GPU if this build has code for it, else the CPU. Default `"auto"`. */
  backend?: "auto" | Backend;
  /** Index of the device in its backend. Default 0. */
  index?: number;
  /** Bytes that the device and all its objects may allocate; 0 for no limit. Default 0. */
  memoryLimit?: number;
  /** Seed of every random number. Default 0. */
  seed?: number;
  /** Host threads, at most 256; 0 for all hardware threads on the CPU backend, at most 8 beside a GPU. Default 0. */
  threads?: number;
  /** Path of the native library. Default `TAME_LIBRARY`, else the one in build/. */
  library?: string | URL;
}

/** A phase of a step. */
export type Phase = NameOf<"PHASE">;

/** Names of the phases of a step. */
export const PHASES: readonly Phase[] = namesOf("PHASE");

/** @internal Times of the phases of some passes, and the amount of work. */
export interface Profile {
  /** Forward passes; the counts are sums over them. */
  passes: number;
  /** Seconds by phase. */
  seconds: Record<Phase, number>;
  /** Pixels of the images. */
  pixels: number;
  /** Gaussians that were projected. */
  gaussians: number;
  /** Gaussians with a radius in their view. */
  visible: number;
  /** (tile, splat) pairs. */
  instances: number;
  /** (pixel, splat) pairs that the blend computed. */
  evaluated: number;
  /** (pixel, splat) pairs that contributed to an image. */
  blended: number;
}

/**
 * Opens a device. Dispose it, or let `using` do so; objects created on it stay usable until they are disposed.
 *
 * Throws a `LibraryError` when there is no native library, a `TameError` when there is no usable device, and a
 * `RangeError` when an option is out of range.
 *
 * @example
 * ```ts
 * import { openDevice } from "../mod.ts";
 *
 * using device = await openDevice({ backend: "cpu", threads: 1 });
 * console.log(device.reason, device.memory().live);
 * ```
 */
export async function openDevice(options: DeviceOptions = {}): Promise<Device> {
  const { backend, index, memoryLimit, seed, threads } = resolveOptions(DEVICE_ROWS, options);
  const { library, reason, finding } = await choose({ backend, index, library: options.library });
  const native = new Struct("tame_device_options");
  native.set("index", index).set("memory_limit", memoryLimit).set("seed", seed).set("threads", threads);
  const error = new Struct("tame_error");
  const pointer = await library.symbols.tame_device_open(native.bytes, native.bytes.length, error.bytes);
  if (pointer === null) throw errorFrom(error);
  return new Device(library, pointer, { reason, seed, info: finding.info ?? await deviceInfo(library, index) });
}

/** An open device. Calls on it and on its objects run one after another. */
export class Device implements Disposable {
  /** Where it computes. */
  readonly backend: Backend;
  /** Name of the processor. */
  readonly name: string;
  /** One line: what was chosen and why. */
  readonly reason: string;
  /** Seed of every random number. */
  readonly seed: number;
  /** What is known about the device, as it was when opened. */
  readonly info: DeviceInfo;
  /** @internal The library with its functions. */
  readonly library: Library;

  readonly #handle: Handle;
  // Blocking calls share one error buffer: nothing else runs between a call and the reading of its error.
  readonly #error: Struct<"tame_error"> = new Struct("tame_error");
  #last: Promise<unknown> = Promise.resolve();

  /** @internal Use {@linkcode openDevice}. */
  constructor(library: Library, pointer: Deno.PointerValue, about: { reason: string; seed: number; info: DeviceInfo }) {
    this.library = library;
    this.#handle = new Handle(this, pointer, { what: "device", close: library.symbols.tame_device_close });
    this.backend = library.build.backend;
    this.name = about.info.name;
    this.reason = about.reason;
    this.seed = about.seed;
    this.info = about.info;
  }

  /** @internal Bytes of the device's memory that are free now, whichever process holds the rest. */
  async freeMemory(): Promise<number> {
    return (await deviceInfo(this.library, this.info.index)).memoryFree;
  }

  /** Returns the memory that the device and its objects hold; also works while a call runs. */
  memory(options: { resetPeak?: boolean } = {}): MemoryUse {
    const use = new Struct("tame_memory");
    const reset = options.resetPeak ? 1 : 0;
    this.call((symbols, error) => symbols.tame_device_memory(this.pointer, reset, use.bytes, use.bytes.length, error));
    return memoryUse(use);
  }

  /** @internal Reads what was gathered since the last "start", and then restarts from zero, continues or stops. */
  profile(action: "start" | "read" | "stop"): Profile {
    const code = { start: ABI.PROFILE_START, read: ABI.PROFILE_READ, stop: ABI.PROFILE_STOP }[action];
    const out = new Struct("tame_profile");
    this.call((symbols, error) => symbols.tame_device_profile(this.pointer, code, out.bytes, out.bytes.length, error));
    const seconds = PHASES.map((phase, i) => [phase, 1e-9 * out.number("nanoseconds", i)]);
    return {
      passes: out.number("passes"),
      seconds: Object.fromEntries(seconds) as Profile["seconds"],
      pixels: out.number("pixels"),
      gaussians: out.number("gaussians"),
      visible: out.number("visible"),
      instances: out.number("instances"),
      evaluated: out.number("evaluated"),
      blended: out.number("blended"),
    };
  }

  /** Waits until the device has finished all queued work. */
  synchronize(): void {
    this.call((symbols, error) => symbols.tame_device_synchronize(this.pointer, error));
  }

  /** Closes the device; objects created on it keep working until they are disposed. */
  [Symbol.dispose](): void {
    this.#handle.close();
  }

  /** @internal The native handle. */
  get pointer(): Deno.PointerValue {
    return this.#handle.pointer;
  }

  /** @internal A blocking native call that returns a status. Waits while a nonblocking call holds the device. */
  call(invoke: (symbols: Symbols, error: Uint8Array<ArrayBuffer>) => number): void {
    this.#retry(() => invoke(this.library.symbols, this.#error.bytes) === ABI.OK);
  }

  /** @internal A blocking native call that creates a handle, which the owner takes over. */
  create(
    create: (symbols: Symbols, error: Uint8Array<ArrayBuffer>) => Deno.PointerValue,
    options: { owner: object; what: string; close: (symbols: Symbols) => CloseFunction },
  ): Handle {
    let pointer: Deno.PointerValue = null;
    this.#retry(() => {
      pointer = create(this.library.symbols, this.#error.bytes);
      return pointer !== null;
    });
    return this.adopt(pointer, options);
  }

  /** @internal Gives a native handle to its owner. */
  adopt(
    pointer: Deno.PointerValue,
    { owner, what, close }: { owner: object; what: string; close: (symbols: Symbols) => CloseFunction },
  ): Handle {
    return new Handle(owner, pointer, { what, close: close(this.library.symbols) });
  }

  /**
   * @internal Queues a nonblocking native call. Resolves to false when it was cancelled.
   */
  queue(invoke: (symbols: Symbols, error: Uint8Array<ArrayBuffer>) => Promise<number>): Promise<boolean> {
    return this.#enqueue(async (symbols, error) => await invoke(symbols, error) === ABI.OK);
  }

  /** @internal Queues a nonblocking native call that creates a handle. */
  async queueCreate(
    create: (symbols: Symbols, error: Uint8Array<ArrayBuffer>) => Promise<Deno.PointerValue>,
  ): Promise<Deno.PointerValue> {
    let pointer: Deno.PointerValue = null;
    await this.#enqueue(async (symbols, error) => {
      pointer = await create(symbols, error);
      return pointer !== null;
    });
    return pointer;
  }

  #enqueue(succeeds: (symbols: Symbols, error: Uint8Array<ArrayBuffer>) => Promise<boolean>): Promise<boolean> {
    const result = this.#last.then(() => this.#run(succeeds));
    this.#last = result.catch(() => {}); // only the caller of a failed call gets its error
    return result;
  }

  async #run(succeeds: (symbols: Symbols, error: Uint8Array<ArrayBuffer>) => Promise<boolean>): Promise<boolean> {
    for (const delay of backoff()) {
      const error = new Struct("tame_error");
      if (await succeeds(this.library.symbols, error.bytes)) return true;
      const status = error.number("status");
      if (status === ABI.CANCELLED) return false;
      if (status !== ABI.BUSY) throw errorFrom(error);
      await new Promise((resolve) => setTimeout(resolve, delay));
    }
    return false;
  }

  // The device is busy while a nonblocking call runs on another thread, and free again when that call returns.
  #retry(succeeds: () => boolean): void {
    for (const delay of backoff()) {
      if (succeeds()) return;
      if (this.#error.number("status") !== ABI.BUSY) throw errorFrom(this.#error);
      Atomics.wait(SLEEP, 0, 0, delay);
    }
  }
}

const SLEEP = new Int32Array(new SharedArrayBuffer(4));

/** Milliseconds between attempts: 0.25, 0.5, … 16, 16, …, without end. */
function* backoff(): Generator<number> {
  for (let delay = 0.25;; delay = Math.min(2 * delay, 16)) yield delay;
}
