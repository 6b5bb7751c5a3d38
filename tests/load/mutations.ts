// Damaged files: random changes of bytes, and a count of the memory that a parser takes for what it finds in them.

import type { Random } from "../reference/random.ts";

/** Numbers that lie about sizes, in the bytes of 32- and 64-bit integers and doubles. */
const LIES = [0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];
/** Characters that mean something in a text. */
const MARKS = new TextEncoder().encode(' \n\r\t#-+.eE0919{}[]",:\\/nan\0\xff');

/** A copy of the bytes with one to four random changes: bytes, numbers, marks, parts cut out or doubled. */
export function mutated(bytes: Uint8Array, random: Random): Uint8Array {
  let result = bytes.slice();
  const below = (n: number) => Math.floor(n * random.uniform());
  for (let changes = 1 + below(4); changes > 0 && result.length > 8; changes--) {
    const at = below(result.length);
    const view = new DataView(result.buffer);
    const part = result.slice(at, at + 1 + below(40));
    switch (below(7)) {
      case 0:
        result[at] ^= 1 << below(8);
        break;
      case 1:
        result[at] = below(256);
        break;
      case 2:
        result[at] = MARKS[below(MARKS.length)];
        break;
      case 3:
        view.setUint32(Math.min(at, result.length - 4), LIES[below(LIES.length)], true);
        break;
      case 4:
        view.setBigUint64(
          Math.min(at, result.length - 8),
          BigInt(LIES[below(LIES.length)]) << BigInt(8 * below(5)),
          true,
        );
        break;
      case 5:
        result = concat(result.subarray(0, at), result.subarray(at + part.length));
        break;
      default:
        result = concat(result.subarray(0, at), part, result.subarray(at));
    }
  }
  return result;
}

function concat(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    result.set(part, offset);
    offset += part.length;
  }
  return result;
}

const ARRAYS = [
  "Uint8Array",
  "Uint32Array",
  "Int32Array",
  "Float32Array",
  "Float64Array",
  "ArrayBuffer",
  "Array",
] as const;

/**
 * Runs `body` and counts the bytes of the arrays that it makes with a length: the way in which a parser can be talked
 * into taking memory that no byte of the file stands for.
 */
export function countingAllocations(body: () => void): number {
  let allocated = 0;
  const globals = globalThis as unknown as Record<string, { BYTES_PER_ELEMENT?: number }>;
  const originals = ARRAYS.map((name) => globals[name]);
  ARRAYS.forEach((name, i) => {
    globals[name] = new Proxy(originals[i], {
      construct(target, args, newTarget): object {
        const [length] = args;
        const items = typeof length === "number" ? length : length?.length ?? 0;
        // A view of a buffer is no allocation.
        const isView = length instanceof (originals[5] as unknown as typeof ArrayBuffer);
        if (!isView) allocated += items * (target.BYTES_PER_ELEMENT ?? (name === "Array" ? 8 : 1));
        return Reflect.construct(target as never, args, newTarget === globals[name] ? target as never : newTarget);
      },
    });
  });
  try {
    body();
  } finally {
    ARRAYS.forEach((name, i) => globals[name] = originals[i]);
  }
  return allocated;
}
