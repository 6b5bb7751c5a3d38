// The few matrix operations the oracles need, on arrays of rows.

/** A matrix as an array of rows. */
export type Matrix = number[][];

/** The matrix product a b. */
export function multiply(a: Matrix, b: Matrix): Matrix {
  return a.map((row) => b[0].map((_, j) => row.reduce((sum, value, k) => sum + value * b[k][j], 0)));
}

/** The transpose of a. */
export function transpose(a: Matrix): Matrix {
  return a[0].map((_, j) => a.map((row) => row[j]));
}

/** a with every entry times factor. */
export function scaled(a: Matrix, factor: number): Matrix {
  return a.map((row) => row.map((value) => value * factor));
}

/** The diagonal matrix of some values. */
export function diagonal(values: number[]): Matrix {
  return values.map((value, i) => values.map((_, j) => (i === j ? value : 0)));
}

/** The inverse of a 2 x 2 matrix. */
export function inverse2([[a, b], [c, d]]: Matrix): Matrix {
  const determinant = a * d - b * c;
  return [[d / determinant, -b / determinant], [-c / determinant, a / determinant]];
}

/** Sum of the products of corresponding entries. */
export function inner(a: Matrix, b: Matrix): number {
  return a.reduce((sum, row, i) => sum + dot(row, b[i]), 0);
}

/** The scalar product of two vectors. */
export function dot(a: number[], b: number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}
