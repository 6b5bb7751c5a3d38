// Errors of native calls, with status and advice, and of native libraries that cannot be used.

import { ABI } from "./abi.ts";
import type { Struct } from "./struct.ts";

/** What kind of failure a {@linkcode TameError} reports. */
export type TameStatus =
  | "invalid argument"
  | "out of memory"
  | "no device"
  | "no kernel image"
  | "driver too old"
  | "busy"
  | "cancelled"
  | "i/o"
  | "internal";

const STATUS_NAMES: Record<number, TameStatus> = {
  [ABI.INVALID_ARGUMENT]: "invalid argument",
  [ABI.OUT_OF_MEMORY]: "out of memory",
  [ABI.NO_DEVICE]: "no device",
  [ABI.NO_KERNEL_IMAGE]: "no kernel image",
  [ABI.DRIVER_TOO_OLD]: "driver too old",
  [ABI.BUSY]: "busy",
  [ABI.CANCELLED]: "cancelled",
  [ABI.IO]: "i/o",
  [ABI.INTERNAL]: "internal",
};

const ADVICE: Partial<Record<TameStatus, string>> = {
  "out of memory": "Use a lower budget or smaller photos (-r 2), keep photos in host memory (--data_device cpu), " +
    "or raise the memory limit if one was set",
  "no device": "Run `deno task doctor` to see what this machine offers, or use the CPU backend (--backend cpu)",
  "no kernel image": "Build the CUDA library on this machine with `make cuda CUDA_ARCHS=<its compute capability>`, " +
    "or use the CPU backend (--backend cpu)",
  "driver too old": "Update the NVIDIA driver, or use the CPU backend (--backend cpu)",
  "busy": "Wait until the running call is over, and dispose a trainer before changing its Gaussians",
  "i/o": "Check that the path exists and may be accessed, and that the disk has free space",
  "internal": "This is a defect in tame: please report it together with the output of `deno task doctor`",
};

/**
 * A failure that native code reported, or that was caught before the call. The message says what was wrong and where;
 * `advice`, if any, says what to do.
 *
 * @example
 * ```ts
 * import { TameError } from "../mod.ts";
 *
 * const error = new TameError("out of memory", "Out of memory for photos", { bytesWanted: 2e9, bytesFree: 1e9 });
 * console.log(error.status, error.bytesWanted - error.bytesFree, error.advice);
 * ```
 */
export class TameError extends Error {
  /** Always "TameError". */
  override readonly name: string = "TameError";
  /** What kind of failure it is. */
  readonly status: TameStatus;
  /** Bytes that were requested, with "out of memory"; else 0. */
  readonly bytesWanted: number;
  /** Bytes that were free, with "out of memory"; else 0. */
  readonly bytesFree: number;
  /** What the user can do about it. */
  readonly advice?: string;

  /** Makes an error; byte counts default to 0, and the advice follows from the status unless it is given. */
  constructor(
    status: TameStatus,
    message: string,
    options: { bytesWanted?: number; bytesFree?: number; advice?: string } = {},
  ) {
    super(message);
    this.status = status;
    this.bytesWanted = options.bytesWanted ?? 0;
    this.bytesFree = options.bytesFree ?? 0;
    this.advice = options.advice ?? ADVICE[status];
  }
}

/** A native library that was not found or cannot be used; the message lists what was tried and what to do. */
export class LibraryError extends Error {
  /** Always "LibraryError". */
  override readonly name: string = "LibraryError";
  /** What is wrong in a few words, without advice. */
  readonly brief: string;

  /** Makes an error; `brief` defaults to the message. */
  constructor(message: string, options: { brief?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.brief = options.brief ?? message;
  }
}

/** The error that native code wrote into its buffer. */
export function errorFrom(buffer: Struct<"tame_error">): TameError {
  return new TameError(STATUS_NAMES[buffer.number("status")] ?? "internal", buffer.text("message"), {
    bytesWanted: buffer.number("bytes_wanted"),
    bytesFree: buffer.number("bytes_free"),
  });
}

/** Throws "invalid argument" unless a value is a whole number from 0 (or `minimum`) to `maximum`. */
export function checkCount(
  name: string,
  value: number,
  { minimum = 0, maximum = 0xFFFFFFFF }: { minimum?: number; maximum?: number } = {},
): void {
  if (Number.isSafeInteger(value) && value >= minimum && value <= maximum) return;
  throw new TameError("invalid argument", `${name} is ${value}: expected a whole number from ${minimum} to ${maximum}`);
}

/** Throws "invalid argument" unless a value is a number from `minimum` to `maximum`, by default a finite one. */
export function checkRange(
  name: string,
  value: number,
  { minimum = 0, maximum = Number.MAX_VALUE }: { minimum?: number; maximum?: number } = {},
): void {
  if (value >= minimum && value <= maximum) return;
  throw new TameError("invalid argument", `${name} is ${value}: expected a number from ${minimum} to ${maximum}`);
}

/** Throws "invalid argument" unless an array has exactly this many elements. */
export function checkLength(name: string, array: ArrayLike<unknown>, length: number): void {
  if (array.length === length) return;
  throw new TameError("invalid argument", `${name} has ${array.length} elements: expected ${length}`);
}
