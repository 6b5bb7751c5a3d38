// Checked reading of JSON files: limits before the parser runs, and errors with the position.

import { DataError } from "../base/errors.ts";

/** Largest file: ten thousand frames take ten megabytes, but the parsed values can take much more. */
export const LARGEST_JSON = 64 << 20;

/** Deepest nesting. Only a file made to exhaust memory exceeds these limits. */
const DEEPEST = 32;

/** Least bytes for each array or object, on average: a matrix row takes more. Millions of empty ones exhaust memory. */
const LEAST_CONTAINER_BYTES = 6;

/** Arrays and objects that any file may have. */
const FREE_CONTAINERS = 64;

const DECIMAL = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** A JSON object, its values unknown. */
export type JsonObject = Record<string, unknown>;

/**
 * Parses a file's bytes as a JSON object; `path` is for error messages, and `advice` their end. Throws a
 * {@linkcode DataError} for what is not UTF-8, not JSON, not an object, or nested too deeply.
 *
 * @internal
 */
export function parseJsonObject(bytes: Uint8Array, path: string, advice?: string): JsonObject {
  const value = parseJson(bytes, path, { advice });
  if (isObject(value)) return value;
  throw new DataError(advice === undefined ? "File is not a JSON object" : `File is not a JSON object; ${advice}`, {
    path,
  });
}

/**
 * Parses a file's bytes as JSON of any kind, as {@linkcode parseJsonObject} does; `largest` is the bytes it may have.
 *
 * @internal
 */
export function parseJson(
  bytes: Uint8Array,
  path: string,
  { advice, largest = LARGEST_JSON }: { advice?: string; largest?: number } = {},
): unknown {
  const fail = (message: string, where: { offset?: number; line?: number; cause?: unknown } = {}): never => {
    throw new DataError(advice === undefined ? message : `${message}; ${advice}`, { path, ...where });
  };
  if (bytes.length > largest) fail(`File is too large: ${bytes.length} bytes, at most ${largest}`);
  checkNesting(bytes, fail);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    return fail("File is not UTF-8 text", { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    const found = findNotFinite(text);
    if (found !== undefined) {
      // Counted from the end, because decoding removes a byte order mark.
      const offset = bytes.length - new TextEncoder().encode(text.slice(found.index)).length;
      return fail(`File has ${found.word}, which is not a number in JSON`, { offset, cause });
    }
    const reason = cause instanceof Error ? cause.message : String(cause);
    const position = Number(/at position (\d+)/.exec(reason)?.[1] ?? text.length);
    const line = text.slice(0, position).split("\n").length;
    return fail("File is not JSON", { line, cause });
  }
}

/** Whether a value is an object and not an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The number that a value is, or that a string spells in decimal notation; undefined for anything else. */
export function numberOf(value: unknown): number | undefined {
  const number = typeof value === "string" && DECIMAL.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

/** A short description of a value for error messages. */
export function describe(value: unknown): string {
  const text = typeof value === "number" ? String(value) : JSON.stringify(value) ?? String(value);
  return text.length <= 40 ? text : `${text.slice(0, 40)}…`;
}

/** The first NaN or Infinity outside of strings: Python's `json` writes them, although JSON has neither. */
function findNotFinite(text: string): { word: string; index: number } | undefined {
  let inString = false;
  for (const { 0: word, index } of text.matchAll(/\\.|"|NaN|-?Infinity/gs)) {
    if (word === '"') inString = !inString;
    else if (!inString && !word.startsWith("\\")) return { word, index };
  }
}

/** Counts brackets outside of strings. */
function checkNesting(bytes: Uint8Array, fail: (message: string, where?: { offset: number }) => never): void {
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
      if (++depth > DEEPEST) fail("JSON is nested too deeply", { offset: i });
    } else if (byte === 0x5d || byte === 0x7d) {
      depth--;
    }
  }
  if (containers > FREE_CONTAINERS + bytes.length / LEAST_CONTAINER_BYTES) {
    fail(`JSON has ${containers} arrays and objects in ${bytes.length} bytes`);
  }
}
