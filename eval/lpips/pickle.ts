// A reader of Python's pickles, protocol 2, that executes nothing: it supports the opcodes that files of tensors use,
// and only those functions that it is given. Everything else is rejected with its position.

import type { ByteReader } from "../../load/bytes.ts";

/** What a pickle may hold: Python's None, numbers, text, tuples and lists, dictionaries, and what functions return. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleValue[]
  | Map<PickleValue, PickleValue>
  | PickleGlobal
  | object;

/** A Python name that a pickle may refer to. */
export interface PickleGlobal {
  /** Module and name: `collections.OrderedDict`. */
  readonly name: string;
  /** Result of calling it; throws a plain Error for arguments that it does not accept. Absent: not a function. */
  readonly call?: (args: PickleValue[]) => PickleValue;
}

/** What {@linkcode unpickle} needs from its caller. */
export interface PickleHost {
  /** Names that may be referred to. */
  globals: ReadonlyMap<string, PickleGlobal>;
  /** The object of a persistent id; throws a plain Error. */
  persistent(id: PickleValue): PickleValue;
}

const LONGEST_NAME = 256; // bytes of a module's or a function's name
/** Bounds the memory: a tensor takes some forty opcodes, an opcode some hundred bytes. */
const MOST_OPCODES = 1 << 20;

/**
 * Reads one pickle from the reader, up to its end mark, in bounded time and memory.
 *
 * @internal
 * @throws {DataError} When the pickle is damaged or refers to anything that is not allowed, with the offset
 */
export function unpickle(reader: ByteReader, host: PickleHost): PickleValue {
  return new Machine(reader, host).run();
}

/** Unwinds into a {@linkcode DataError} at the opcode that was being executed. */
class Rejection extends Error {}

class Machine {
  readonly #reader: ByteReader;
  readonly #host: PickleHost;
  readonly #memo = new Map<number, PickleValue>();
  #stack: PickleValue[] = [];
  readonly #marked: PickleValue[][] = [];

  constructor(reader: ByteReader, host: PickleHost) {
    this.#reader = reader;
    this.#host = host;
  }

  run(): PickleValue {
    const reader = this.#reader;
    const start = reader.offset;
    if (reader.u8("a pickle") !== 0x80 || reader.u8("a pickle's protocol") !== 2) {
      throw reader.error("Not a pickle of protocol 2", start);
    }
    for (let executed = 0;; executed++) {
      const at = reader.offset;
      if (executed === MOST_OPCODES) throw reader.error("Pickle is too long for a file of tensors");
      const opcode = reader.u8("a pickle");
      try {
        if (opcode === 0x2e) return this.#pop(); // STOP
        this.#execute(opcode);
      } catch (error) {
        if (error instanceof Rejection) throw reader.error(error.message, at);
        throw error;
      }
    }
  }

  #execute(opcode: number): void {
    const reader = this.#reader;
    switch (opcode) {
      case 0x4e: // NONE
        return this.#push(null);
      case 0x88: // NEWTRUE
        return this.#push(true);
      case 0x89: // NEWFALSE
        return this.#push(false);
      case 0x4b: // BININT1
        return this.#push(reader.u8("a number"));
      case 0x4d: // BININT2
        return this.#push(reader.u16("a number"));
      case 0x4a: // BININT
        return this.#push(reader.i32("a number"));
      case 0x8a: // LONG1
        return this.#push(integer(reader.bytes(reader.u8("a number's length"), "a number")));
      case 0x47: // BINFLOAT
        return this.#push(bigEndianDouble(reader.bytes(8, "a number")));
      case 0x58: // BINUNICODE
      case 0x54: // BINSTRING, of Python 2
        return this.#push(utf8(reader.bytes(reader.u32("a text's length"), "a text")));
      case 0x55: // SHORT_BINSTRING, of Python 2
        return this.#push(utf8(reader.bytes(reader.u8("a text's length"), "a text")));

      case 0x29: // EMPTY_TUPLE
      case 0x5d: // EMPTY_LIST
        return this.#push([]);
      case 0x7d: // EMPTY_DICT
        return this.#push(new Map());
      case 0x28: // MARK
        this.#marked.push(this.#stack);
        this.#stack = [];
        return;
      case 0x74: // TUPLE
        return this.#push(this.#popMarked());
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        return this.#push(Array.from({ length: opcode - 0x84 }, () => this.#pop()).reverse());
      case 0x61: // APPEND
        return this.#append([this.#pop()]);
      case 0x65: // APPENDS
        return this.#append(this.#popMarked());
      case 0x73: // SETITEM
        return this.#set([this.#pop(), this.#pop()].reverse());
      case 0x75: // SETITEMS
        return this.#set(this.#popMarked());

      case 0x71: // BINPUT
        return void this.#memo.set(reader.u8("an index of the memo"), this.#top());
      case 0x72: // LONG_BINPUT
        return void this.#memo.set(reader.u32("an index of the memo"), this.#top());
      case 0x68: // BINGET
        return this.#recall(reader.u8("an index of the memo"));
      case 0x6a: // LONG_BINGET
        return this.#recall(reader.u32("an index of the memo"));

      case 0x63: // GLOBAL
        return this.#push(this.#global());
      case 0x51: // BINPERSID
        return this.#push(this.#host.persistent(this.#pop()));
      case 0x52: // REDUCE
        return this.#call();
      case 0x62: // BUILD: attributes of an OrderedDict, the versions of a network's modules; not needed
        this.#pop();
        if (!(this.#top() instanceof Map)) {
          throw new Rejection("Pickle sets attributes of something that is not a dictionary");
        }
        return;
    }
    throw new Rejection(
      `Pickle has the opcode 0x${opcode.toString(16).padStart(2, "0")}, which no file of tensors needs`,
    );
  }

  #push(value: PickleValue): void {
    this.#stack.push(value);
  }

  #pop(): PickleValue {
    const value = this.#top();
    this.#stack.length--;
    return value;
  }

  #top(): PickleValue {
    if (this.#stack.length === 0) throw new Rejection("Pickle pops from an empty stack: it is damaged");
    return this.#stack[this.#stack.length - 1];
  }

  #popMarked(): PickleValue[] {
    const below = this.#marked.pop();
    if (below === undefined) throw new Rejection("Pickle uses a mark that was never set: it is damaged");
    const values = this.#stack;
    this.#stack = below;
    return values;
  }

  #recall(place: number): void {
    const value = this.#memo.get(place);
    if (value === undefined) throw new Rejection(`Pickle recalls ${place}, which was never stored: it is damaged`);
    this.#push(value);
  }

  #append(values: PickleValue[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw new Rejection("Pickle appends to something that is not a list");
    for (const value of values) list.push(value);
  }

  #set(pairs: PickleValue[]): void {
    const dictionary = this.#top();
    if (!(dictionary instanceof Map)) throw new Rejection("Pickle sets items of something that is not a dictionary");
    if (pairs.length % 2 !== 0) throw new Rejection("Pickle sets a key without a value");
    for (let i = 0; i < pairs.length; i += 2) dictionary.set(pairs[i], pairs[i + 1]);
  }

  #global(): PickleGlobal {
    const name = `${this.#line()}.${this.#line()}`;
    const found = this.#host.globals.get(name);
    if (found === undefined) {
      throw new Rejection(`Pickle asks for ${JSON.stringify(name)}, which no file of tensors needs: rejected`);
    }
    return found;
  }

  #line(): string {
    const bytes: number[] = [];
    for (;;) {
      const byte = this.#reader.u8("a name");
      if (byte === 0x0a) return String.fromCharCode(...bytes);
      if (bytes.push(byte) > LONGEST_NAME) throw new Rejection("Pickle has a name that does not end");
    }
  }

  #call(): void {
    const args = this.#pop();
    const callee = this.#pop();
    const call = typeof callee === "object" && callee !== null && "call" in callee ? callee.call : undefined;
    if (typeof call !== "function" || !Array.isArray(args)) {
      throw new Rejection("Pickle calls something that is not a function");
    }
    this.#push(call(args));
  }
}

/**
 * Throws the error of a host; {@linkcode unpickle} adds the position.
 *
 * @internal
 */
export function reject(words: string): never {
  throw new Rejection(words);
}

/** A signed little-endian number of any length; a bigint if a number cannot hold it. */
function integer(bytes: Uint8Array): number | bigint {
  const magnitude = BigInt(`0x0${bytes.toReversed().toHex()}`);
  const value = BigInt.asIntN(8 * bytes.length, magnitude);
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

function bigEndianDouble(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0);
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Rejection("Pickle has a text that is not UTF-8");
  }
}
