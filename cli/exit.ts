// Exit codes, and the mapping from errors to codes and messages.

import { DataError } from "../base/errors.ts";
import { OptionError } from "../base/option.ts";
import { LibraryError, TameError } from "../ffi/errors.ts";
import { DivergenceError } from "../train/divergence.ts";
import { Interrupted, PermissionError, UsageError } from "./errors.ts";
import { flagOf } from "./option.ts";

/** Exit codes of every verb. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  data: 3,
  device: 4,
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const;

/** How the process ends because of an error. */
export interface Failure {
  code: number;
  /** A message for the user; with a stack trace only for a defect of this program. */
  message: string;
}

const DEVICE_STATUSES: readonly string[] = ["no device", "no kernel image", "driver too old", "out of memory"];

/** Maps any error to its exit code and message. `permissions` returns advice on starting with all permissions. */
export function failureOf(error: unknown, permissions: () => string): Failure {
  if (error instanceof UsageError || error instanceof PermissionError) {
    return { code: EXIT.usage, message: error.message };
  }
  if (error instanceof DivergenceError) return { code: EXIT.failed, message: error.spelled(flagOf) };
  if (error instanceof OptionError) return { code: EXIT.usage, message: error.spelled(flagOf) };
  if (error instanceof DataError) return { code: EXIT.data, message: error.message };
  if (error instanceof LibraryError) return { code: EXIT.device, message: error.message };
  if (error instanceof TameError) {
    const code = DEVICE_STATUSES.includes(error.status) ? EXIT.device : EXIT.failed;
    return { code, message: withAdvice(error.message, error.advice) };
  }
  if (error instanceof Interrupted) return { code: error.code, message: error.message };
  if (error instanceof Deno.errors.NotCapable) {
    // The library's own error has the command of a program; its cause is Deno's.
    const { message } = error.cause instanceof Deno.errors.NotCapable ? error.cause : error;
    return { code: EXIT.usage, message: `${message}. ${permissions()}` };
  }
  if (error instanceof Deno.errors.NotFound) return { code: EXIT.data, message: error.message };
  if (isOperatingSystemError(error)) return { code: EXIT.failed, message: error.message };
  if (error instanceof Error && error.constructor === Error) return { code: EXIT.failed, message: error.message };
  const trace = error instanceof Error ? error.stack ?? error.message : String(error);
  return { code: EXIT.failed, message: `Internal error, please report it with this trace:\n${trace}` };
}

function withAdvice(message: string, advice: string | undefined): string {
  return advice === undefined || message.includes(advice) ? message : `${message}. ${advice}`;
}

/** An operating-system error, which Deno's message explains: no such file, disk full, read-only. */
function isOperatingSystemError(error: unknown): error is Error {
  return error instanceof Error &&
    (Object.values(Deno.errors).some((kind) => error instanceof kind) || /\(os error \d+\)$/.test(error.message));
}
