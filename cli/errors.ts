// Errors that only the command line raises: a command that cannot be understood, and one started without permissions.

/** The command line asks for something that does not exist or cannot be done; exit code 2. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** The process lacks a Deno permission it needs; exit code 2. The message holds the command that has it. */
export class PermissionError extends Error {
  override name = "PermissionError";
}
