// What differences between paired runs say: their mean, its standard error, and the verdict.

/** The differences of some pairs. */
export interface Difference {
  /** Mean of the differences; NaN without pairs. */
  mean: number;
  /** Standard error of the mean; undefined for fewer than two pairs. */
  standardError?: number;
  /** Number of pairs. */
  pairs: number;
}

/** The difference of a measure, and what it counts for. */
export interface JudgedDifference {
  difference: Difference;
  /** Whether a higher value is better. */
  higherIsBetter: boolean;
  /** Whether a gain in this measure makes a variant better; a loss in any measure counts against it. */
  decides: boolean;
}

/** What a comparison says of a variant. */
export type Verdict = "better" | "worse" | "mixed" | "no difference";

/** How many standard errors from 0 a mean difference must be. */
const STANDARD_ERRORS = 2;

/** Arithmetic mean; NaN for no values. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * The mean of paired differences and its standard error s / √n, with s the sample standard deviation (n - 1).
 *
 * @param pairs Value of the baseline, and of the variant with the same seed and fold
 * @returns Mean of variant minus baseline
 */
export function pairedDifference(pairs: readonly (readonly [baseline: number, variant: number])[]): Difference {
  const differences = pairs.map(([baseline, variant]) => variant - baseline);
  const n = differences.length;
  const average = mean(differences);
  if (n < 2) return { mean: average, pairs: n };
  const squares = differences.reduce((sum, value) => sum + (value - average) ** 2, 0);
  return { mean: average, standardError: Math.sqrt(squares / (n - 1) / n), pairs: n };
}

/** 1 if the mean is above 0 by two standard errors, -1 if below, else 0; 0 also without a standard error. */
export function direction({ mean, standardError }: Difference): -1 | 0 | 1 {
  if (standardError === undefined || !(Math.abs(mean) >= STANDARD_ERRORS * standardError)) return 0;
  return Math.sign(mean) as -1 | 0 | 1;
}

/**
 * Judges a variant. It is better if a measure that decides gains by two standard errors and no measure loses by two;
 * worse if the same holds for the baseline; mixed if one gains and another loses.
 *
 * @param measures The differences of all measures
 * @returns The verdict; undefined where fewer than two pairs give no standard error
 */
export function verdictOf(measures: readonly JudgedDifference[]): Verdict | undefined {
  if (measures.some(({ difference }) => difference.standardError === undefined)) return undefined;
  const towards = (sign: -1 | 1) =>
    measures.filter(({ difference, higherIsBetter }) => direction(difference) === (higherIsBetter ? sign : -sign));
  const [gains, losses] = [towards(1), towards(-1)];
  if (gains.length > 0 && losses.length > 0) return "mixed";
  if (gains.some(({ decides }) => decides)) return "better";
  return losses.some(({ decides }) => decides) ? "worse" : "no difference";
}
