// Errors of the command line: invalid arguments, missing permissions, and a signal that ended the work.

/** The command line is invalid, or requests something that does not exist; exit code 2. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** The process lacks a Deno permission; exit code 2. The message contains a command that has it. */
export class PermissionError extends Error {
  override name = "PermissionError";
}

/** A signal of the system ended the work; the exit code tells which. */
export class Interrupted extends Error {
  override name = "Interrupted";

  constructor(readonly code: number) {
    super("Interrupted");
  }
}
