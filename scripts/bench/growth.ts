// Growth of one quantity with another.

/** Straight line through some points, and the fraction of the variance that it explains. */
export function line(x: number[], y: number[]): { slope: number; offset: number; r2: number } {
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  const product = (a: number[], ma: number, b: number[], mb: number): number =>
    mean(a.map((value, i) => (value - ma) * (b[i] - mb)));
  const slope = product(x, mx, y, my) / product(x, mx, x, mx);
  return {
    slope,
    offset: my - slope * mx,
    r2: product(x, mx, y, my) ** 2 / (product(x, mx, x, mx) * product(y, my, y, my)),
  };
}

/**
 * The exponent of growth from each point to the next, d log y / d log x: 0 for constant, 1 for proportional. One less
 * than there are points.
 */
export function exponents(x: number[], y: number[]): number[] {
  return x.slice(1).map((value, i) => Math.log(y[i + 1] / y[i]) / Math.log(value / x[i]));
}
