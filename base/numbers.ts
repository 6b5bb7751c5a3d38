// Numbers in text files, and constants that readers share.

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const NOT_FINITE: ReadonlyMap<string, number> = new Map([
  ["nan", NaN],
  ["+nan", NaN],
  ["-nan", NaN],
  ["inf", Infinity],
  ["+inf", Infinity],
  ["-inf", -Infinity],
]);

/** Longest text of a number; a longer word is rejected before it is decoded. */
export const LONGEST_NUMBER = 400;

/** The constant spherical harmonic, 1 / (2 sqrt(pi)). */
export const SH_C0 = 0.28209479177387814;

/** The colour of points that have none: mid-grey, a spherical harmonic of about 0. */
export const GREY = 127;

/** The number that a word states, including NaN and infinities; undefined if it is not a number. */
export function parseNumber(word: string): number | undefined {
  return NUMBER.test(word) ? Number(word) : NOT_FINITE.get(word.toLowerCase());
}
