// Checked reading of JSON files: limits before the parser runs, and errors with the position.

import { DataError } from "../base/errors.ts";

/** Largest file: ten thousand frames take ten megabytes, but the parsed values can take much more. */
const LARGEST = 64 << 20;

/** Deepest nesting. Only a file made to exhaust memory exceeds these limits. */
const DEEPEST = 32;

/** Least bytes for each array or object, on average: a matrix row takes more. Millions of empty ones exhaust memory. */
const LEAST_CONTAINER_BYTES = 6;

/** Arrays and objects that any file may have. */
const FREE_CONTAINERS = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** A JSON object, its values unknown. */
export type JsonObject = Record<string, unknown>;

/**
 * Parses a file's bytes as a JSON object; `path` is for error messages. Throws a {@linkcode DataError} for what is not
 * UTF-8, not JSON, not an object, or nested too deeply.
 *
 * @internal
 */
export function parseJsonObject(bytes: Uint8Array, path: string): JsonObject {
  if (bytes.length > LARGEST) {
    throw new DataError(`File is too large for a list of photos: ${bytes.length} bytes, at most ${LARGEST}`, {
      path,
    });
  }
  checkNesting(bytes, path);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new DataError("File is not UTF-8 text", { path, cause });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const position = Number(/at position (\d+)/.exec(reason)?.[1] ?? text.length);
    const line = text.slice(0, position).split("\n").length;
    throw new DataError("File is not JSON", { path, line, cause });
  }
  if (!isObject(value)) throw new DataError("File is not a JSON object", { path });
  return value;
}

/** Whether a value is an object and not an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Counts brackets outside of strings. */
function checkNesting(bytes: Uint8Array, path: string): void {
  let depth = 0;
  let containers = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (inString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) {
      inString = true;
    } else if (byte === 0x5b || byte === 0x7b) {
      containers++;
      if (++depth > DEEPEST) throw new DataError("JSON is nested too deeply", { path, offset: i });
    } else if (byte === 0x5d || byte === 0x7d) {
      depth--;
    }
  }
  if (containers > FREE_CONTAINERS + bytes.length / LEAST_CONTAINER_BYTES) {
    throw new DataError(`JSON has ${containers} arrays and objects in ${bytes.length} bytes`, { path });
  }
}
