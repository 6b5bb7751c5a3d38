// Where the lines of a chart's grid are.

/**
 * Round numbers in a range, at equal distances: 1, 2 or 5 times a power of ten.
 *
 * @param low Least value of the range
 * @param high Largest value, above `low`
 * @param most Numbers at most, 2 or more
 */
export function linearTicks(low: number, high: number, most: number): number[] {
  const least = (high - low) / (most - 1);
  const power = 10 ** Math.floor(Math.log10(least));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= least) ?? 10);
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  return Array.from({ length: count }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/**
 * 1, 2 and 5 times the powers of ten in a range.
 *
 * @param low Least value of the range, above 0
 * @param high Largest value
 */
export function logarithmicTicks(low: number, high: number): number[] {
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    ticks.push(...[1, 2, 5].map((factor) => Number((factor * 10 ** power).toPrecision(1))));
  }
  return ticks.filter((value) => value >= low && value <= high);
}
