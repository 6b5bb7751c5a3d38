// Numbers as text files have them, and constants that readers share.

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const NOT_FINITE: ReadonlyMap<string, number> = new Map([
  ["nan", NaN],
  ["+nan", NaN],
  ["-nan", NaN],
  ["inf", Infinity],
  ["+inf", Infinity],
  ["-inf", -Infinity],
]);

/** No number is longer in print; a longer word is to be refused before it is decoded. */
export const LONGEST_NUMBER = 400;

/** The constant spherical harmonic, 1 / (2 sqrt(pi)). */
export const SH_C0 = 0.28209479177387814;

/** The colour of points that have none: mid-grey, a spherical harmonic of about 0. */
export const GREY = 127;

/** The value of a word, NaN and infinities among them; undefined when it is no number. */
export function parseNumber(word: string): number | undefined {
  return NUMBER.test(word) ? Number(word) : NOT_FINITE.get(word.toLowerCase());
}
