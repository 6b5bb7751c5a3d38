// Checked reading of text files line by line, word by word. Only requested words are decoded, so that skipping a long
// line costs neither time nor memory.

import { DataError } from "../base/errors.ts";
import { LONGEST_NUMBER, parseNumber } from "../base/numbers.ts";

/** Some editors write this before the first line. */
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

const LF = 0x0a;
const SPACE = 0x20;
const HASH = 0x23;

/**
 * A cursor over the lines of a text and the words of a line, separated by white space. Errors name the file and the
 * line.
 *
 * @internal
 */
export class LineReader {
  /** File the bytes came from, for error messages. */
  readonly path: string;
  readonly #bytes: Uint8Array;
  #number = 0;
  #at = 0;
  #end = 0;
  #next = 0;

  /** Starts before the first line of `bytes`, which were read from the file `path`. */
  constructor(bytes: Uint8Array, path: string) {
    this.path = path;
    this.#bytes = bytes;
    if (BYTE_ORDER_MARK.every((byte, i) => bytes[i] === byte)) this.#next = BYTE_ORDER_MARK.length;
  }

  /** 1-based number of the current line. */
  get line(): number {
    return this.#number;
  }

  /** Goes to the next line; false when there is none. */
  next(): boolean {
    if (this.#next >= this.#bytes.length) return false;
    const newline = this.#bytes.indexOf(LF, this.#next);
    this.#at = this.#next;
    this.#end = newline < 0 ? this.#bytes.length : newline;
    this.#next = this.#end + 1;
    this.#number++;
    this.#skipSpace();
    while (this.#end > this.#at && this.#bytes[this.#end - 1] <= SPACE) this.#end--;
    return true;
  }

  /** Goes to the next line that is neither blank nor a comment (`# …`); false when there is none. */
  nextRecord(): boolean {
    while (this.next()) {
      if (!this.blank && !this.comment) return true;
    }
    return false;
  }

  /** Whether nothing is left of the line. */
  get blank(): boolean {
    return this.#at === this.#end;
  }

  /** Bytes that are left of the line. */
  get length(): number {
    return this.#end - this.#at;
  }

  /** Whether what is left of the line starts with #. */
  get comment(): boolean {
    return this.#bytes[this.#at] === HASH && !this.blank;
  }

  /** The next word of the line, an integer within the range of safe ones. */
  integer(what: string): number {
    const value = this.number(what);
    if (!Number.isSafeInteger(value)) throw this.error(`${what} is not an integer`);
    return value;
  }

  /** The next word of the line, a number; also NaN and infinities. */
  number(what: string): number {
    const start = this.#at;
    while (this.#at < this.#end && this.#bytes[this.#at] > SPACE) this.#at++;
    if (this.#at === start) throw this.error(`Line ends, expected ${what}`);
    const word = this.#at - start > LONGEST_NUMBER ? "" : decode(this.#bytes.subarray(start, this.#at));
    const value = parseNumber(word);
    if (value === undefined) {
      const shown = word === "" || word.length > 20 ? `${this.#at - start} bytes` : JSON.stringify(word);
      throw this.error(`Expected ${what}, found ${shown}`);
    }
    this.#skipSpace();
    return value;
  }

  /** The next word of the line as text, of at most `longest` bytes. */
  word(what: string, longest: number): string {
    const start = this.#at;
    while (this.#at < this.#end && this.#bytes[this.#at] > SPACE) this.#at++;
    if (this.#at === start) throw this.error(`Line ends, expected ${what}`);
    if (this.#at - start > longest) throw this.error(`${what} is ${this.#at - start} bytes long`);
    const text = this.#utf8(start, this.#at, what);
    this.#skipSpace();
    return text;
  }

  /** The rest of the line as text; spaces within it stay. */
  rest(what: string): string {
    if (this.blank) throw this.error(`Line ends, expected ${what}`);
    const start = this.#at;
    this.#at = this.#end;
    return this.#utf8(start, this.#end, what);
  }

  /** Skips the rest of the line and counts its words. */
  skipWords(): number {
    let words = 0;
    while (!this.blank) {
      while (this.#at < this.#end && this.#bytes[this.#at] > SPACE) this.#at++;
      this.#skipSpace();
      words++;
    }
    return words;
  }

  /** Whether the rest of the line ends in an integer. */
  endsInDigits(): boolean {
    let start = this.#end;
    while (start > this.#at && this.#bytes[start - 1] > SPACE && this.#end - start < LONGEST_NUMBER) start--;
    return /^-?\d+$/.test(decode(this.#bytes.subarray(start, this.#end)));
  }

  /** The error for something wrong in the current line. */
  error(message: string, cause?: unknown): DataError {
    return new DataError(message, { path: this.path, line: Math.max(1, this.#number), cause });
  }

  #skipSpace(): void {
    while (this.#at < this.#end && this.#bytes[this.#at] <= SPACE) this.#at++;
  }

  #utf8(start: number, end: number, what: string): string {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.#bytes.subarray(start, end));
    } catch (cause) {
      throw this.error(`Text of ${what} is not UTF-8`, cause);
    }
  }
}

function decode(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
