// Errors of the command line: invalid arguments, and missing permissions.

/** The command line is invalid, or requests something that does not exist; exit code 2. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** The process lacks a Deno permission; exit code 2. The message contains a command that has it. */
export class PermissionError extends Error {
  override name = "PermissionError";
}
