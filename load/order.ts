// The order of names.

/**
 * Orders by Unicode code points. JavaScript's own order, by UTF-16 units, differs for surrogates compared with U+E000
 * and above.
 *
 * @internal
 */
export function compareCodePoints(a: string, b: string): number {
  let i = 0;
  while (i < a.length && i < b.length) {
    const difference = a.codePointAt(i)! - b.codePointAt(i)!;
    if (difference !== 0) return difference;
    i++;
  }
  return a.length - b.length;
}
