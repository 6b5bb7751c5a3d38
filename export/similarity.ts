// Similarities: a rotation, the same scale on all axes, and a translation. Others would not leave a Gaussian's harmonics
// what they are.

/** x becomes scale · rotation · x + translation. */
export interface Similarity {
  /** Greater than 0. */
  scale: number;
  /** Row-major, 9 numbers. */
  rotation: number[];
  /** 3 numbers. */
  translation: number[];
}

/** Largest difference of a rotation's products of rows from those of a unit matrix. */
const TOLERANCE = 1e-4;

/**
 * The parts of a similarity that is given by the rows of a 3 x 4 matrix.
 *
 * @example
 * ```ts
 * import { similarityOf } from "./similarity.ts";
 *
 * console.log(similarityOf([0, -2, 0, 5, 2, 0, 0, 6, 0, 0, 2, 7]).scale); // 2
 * ```
 *
 * @param matrix 12 numbers, row-major
 * @returns Scale, rotation and translation
 * @throws {RangeError} When it is no similarity
 */
export function similarityOf(matrix: readonly number[]): Similarity {
  const problem = similarityProblem(matrix);
  if (problem !== undefined) throw new RangeError(`Cannot use the matrix: ${problem}`);
  const rows = [0, 4, 8].map((first) => matrix.slice(first, first + 3));
  const scale = Math.cbrt(determinant(rows));
  return {
    scale,
    rotation: rows.flat().map((value) => value / scale),
    translation: [matrix[3], matrix[7], matrix[11]],
  };
}

/** Why a matrix is no similarity, as the end of a sentence; undefined if it is one. */
export function similarityProblem(matrix: readonly number[]): string | undefined {
  if (matrix.length !== 12) return `it takes 12 numbers, the rows of a 3 x 4 matrix, not ${matrix.length}`;
  const rows = [0, 4, 8].map((first) => matrix.slice(first, first + 3));
  const scale = Math.cbrt(determinant(rows));
  if (!(scale > 0)) return "its first three columns mirror or flatten: they have to be a rotation times a scale";
  const worst = Math.max(
    ...rows.flatMap((a, i) => rows.map((b, j) => Math.abs(dot(a, b) / scale ** 2 - (i === j ? 1 : 0)))),
  );
  if (worst <= TOLERANCE) return undefined;
  return "its first three columns shear, or scale the axes differently: they have to be a rotation times a scale";
}

function determinant([a, b, c]: number[][]): number {
  return dot(a, [b[1] * c[2] - b[2] * c[1], b[2] * c[0] - b[0] * c[2], b[0] * c[1] - b[1] * c[0]]);
}

function dot(a: number[], b: number[]): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
