/**
 * The text of `cfg_args`, which tells tools of the 3D Gaussian Splatting family how a model was trained: a Python call
 * `Namespace(name=value, ...)` of literals. It is parsed, never evaluated.
 *
 * @module
 */

import { DataError } from "../base/errors.ts";

/** A value in `cfg_args`. */
export type CfgValue = string | number | boolean | null;

/** Names and values of `cfg_args`. */
export type CfgArgs = Record<string, CfgValue>;

const UNESCAPED: Record<string, string> = {
  n: "\n",
  r: "\r",
  t: "\t",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
  "0": "\0",
  "\\": "\\",
  "'": "'",
  '"': '"',
};
const HEX_DIGITS: Record<string, number> = { x: 2, u: 4, U: 8 };

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const NUMBER = /[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;

/**
 * Reads what `formatCfgArgs`, or Python's own `repr`, wrote: strings, numbers, `True`, `False`, `None`.
 *
 * @param text The file's text
 * @param path The file, for error messages
 * @returns Names and values
 * @throws {DataError} When the text is anything else; with the offset of the error
 */
export function parseCfgArgs(text: string, path: string): CfgArgs {
  let at = 0;

  function fail(expected: string): never {
    const offset = new TextEncoder().encode(text.slice(0, at)).length;
    throw new DataError(`Not a cfg_args file: expected ${expected}`, { path, offset });
  }
  function skipSpace(): void {
    while (/\s/.test(text[at] ?? "")) at++;
  }
  function take(token: string): boolean {
    skipSpace();
    if (!text.startsWith(token, at)) return false;
    at += token.length;
    return true;
  }
  function match(pattern: RegExp): string | undefined {
    skipSpace();
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    at += found?.length ?? 0;
    return found;
  }
  function escape(): string {
    const letter = text[at++] ?? "";
    if (letter in UNESCAPED) return UNESCAPED[letter];
    const digits = text.slice(at, at + (HEX_DIGITS[letter] ?? 0));
    const code = parseInt(digits, 16);
    if (
      digits.length === 0 || !/^[0-9a-f]+$/i.test(digits) || digits.length !== HEX_DIGITS[letter] || code > 0x10ffff
    ) {
      fail("a known escape after a backslash");
    }
    at += digits.length;
    return String.fromCodePoint(code);
  }
  function string(quote: string): string {
    let value = "";
    while (text[at] !== quote) {
      if (at >= text.length || text[at] === "\n") fail(`a closing ${quote}`);
      const character = text[at++];
      value += character === "\\" ? escape() : character;
    }
    at++;
    return value;
  }
  function value(): CfgValue {
    if (take("'")) return string("'");
    if (take('"')) return string('"');
    const number = match(NUMBER);
    if (number !== undefined) return Number(number);
    switch (match(NAME)) {
      case "True":
        return true;
      case "False":
        return false;
      case "None":
        return null;
      default:
        return fail("a string, a number, True, False or None");
    }
  }

  const values: [string, CfgValue][] = [];
  if (!take("Namespace(")) fail('"Namespace("');
  while (!take(")")) {
    if (values.length > 0) {
      if (!take(",")) fail('"," or ")"');
      if (take(")")) break;
    }
    const name = match(NAME) ?? fail("a name");
    if (!take("=")) fail('"="');
    values.push([name, value()]);
  }
  skipSpace();
  if (at !== text.length) fail("nothing after the closing parenthesis");
  return Object.fromEntries(values);
}
