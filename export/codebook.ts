// Scalar quantisation: the codebook of 256 values with the least squared error for many numbers.

/** Entries of a codebook: one byte names one. */
export const CODEBOOK_SIZE = 256;

/** Cells that the range of the values is divided into; those of a cell get the same entry when it is chosen. */
const CELLS = 4096;

/** A codebook, and the entry of each value. */
export interface Codebook {
  /** 256 values, ascending. */
  entries: Float32Array;
  /** Index of the nearest entry for each value. */
  labels: Uint8Array;
}

/**
 * Quantises finite values: the cells of a histogram are divided into 256 intervals with the least sum of squared
 * distances from their means, by dynamic programming (Wu 1991), whose best division points are in order.
 *
 * @example
 * ```ts
 * import { quantise } from "./codebook.ts";
 *
 * const { entries, labels } = quantise(new Float32Array([0, 1, 1, 5]));
 * console.log(entries[labels[3]]); // 5
 * ```
 */
export function quantise(values: Float32Array): Codebook {
  const cells = new Cells(values);
  const ends = bestEnds(cells);
  const entries = new Float32Array(CODEBOOK_SIZE);
  ends.forEach((end, i) => entries[i] = cells.mean(i === 0 ? 0 : ends[i - 1], end));
  entries.fill(entries[ends.length - 1] ?? 0, ends.length);
  return { entries, labels: nearest(entries, values) };
}

/** The cells of a histogram that are not empty, with the sums that the error of any interval of them follows from. */
class Cells {
  readonly count: number;
  readonly #numbers: Float64Array;
  readonly #sums: Float64Array;
  readonly #squares: Float64Array;
  readonly #centre: number;

  constructor(values: Float32Array) {
    let [low, high] = [Infinity, -Infinity];
    for (const value of values) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
    const perUnit = high > low ? (CELLS - 1) / (high - low) : 0;
    const [numbers, sums] = [new Float64Array(CELLS), new Float64Array(CELLS)];
    for (const value of values) {
      const cell = Math.round((value - low) * perUnit);
      numbers[cell]++;
      sums[cell] += value;
    }
    const filled = [...numbers.keys()].filter((cell) => numbers[cell] > 0);
    this.count = filled.length;
    this.#numbers = new Float64Array(this.count + 1);
    this.#sums = new Float64Array(this.count + 1);
    this.#squares = new Float64Array(this.count + 1);
    const centre = (low + high) / 2; // the squares of distances from there lose no digits
    filled.forEach((cell, i) => {
      const shifted = sums[cell] - numbers[cell] * centre;
      this.#numbers[i + 1] = this.#numbers[i] + numbers[cell];
      this.#sums[i + 1] = this.#sums[i] + shifted;
      this.#squares[i + 1] = this.#squares[i] + shifted ** 2 / numbers[cell];
    });
    this.#centre = centre;
  }

  /** Mean of the values in the cells from `start` to before `end`. */
  mean(start: number, end: number): number {
    return this.#centre + (this.#sums[end] - this.#sums[start]) / (this.#numbers[end] - this.#numbers[start]);
  }

  /** Sum of squared distances of the cells' means from their common mean. */
  error(start: number, end: number): number {
    const sum = this.#sums[end] - this.#sums[start];
    return this.#squares[end] - this.#squares[start] - sum ** 2 / (this.#numbers[end] - this.#numbers[start]);
  }
}

/** Ends of the best intervals, at most 256: each cell has its own if there are no more. */
function bestEnds(cells: Cells): number[] {
  const { count } = cells;
  if (count <= CODEBOOK_SIZE) return Array.from({ length: count }, (_, i) => i + 1);
  // least[end]: the least error of the first `end` cells in as many intervals as there were rounds.
  let least = Float64Array.from({ length: count + 1 }, (_, end) => end === 0 ? 0 : cells.error(0, end));
  const starts: Uint16Array[] = [];
  for (let intervals = 2; intervals <= CODEBOOK_SIZE; intervals++) {
    const next = new Float64Array(count + 1).fill(Infinity);
    const start = new Uint16Array(count + 1);
    fillBetween({ cells, least, next, start }, { first: intervals, last: count, from: intervals - 1, to: count - 1 });
    starts.push(start);
    least = next;
  }
  const ends = [count];
  for (const start of starts.toReversed()) ends.unshift(start[ends[0]]);
  return ends;
}

/** The least errors of one round, and where the last interval begins. */
interface Round {
  cells: Cells;
  least: Float64Array;
  next: Float64Array;
  start: Uint16Array;
}

/** Fills the ends from `first` to `last`, whose last intervals begin from `from` to `to`: the middle one divides both. */
function fillBetween(
  round: Round,
  { first, last, from, to }: { first: number; last: number; from: number; to: number },
): void {
  if (first > last) return;
  const { cells, least, next, start } = round;
  const end = (first + last) >> 1;
  for (let begin = from; begin <= Math.min(to, end - 1); begin++) {
    const error = least[begin] + cells.error(begin, end);
    if (error < next[end]) {
      next[end] = error;
      start[end] = begin;
    }
  }
  fillBetween(round, { first, last: end - 1, from, to: start[end] });
  fillBetween(round, { first: end + 1, last, from: start[end], to });
}

function nearest(entries: Float32Array, values: Float32Array): Uint8Array {
  const labels = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    let [low, high] = [0, CODEBOOK_SIZE - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (values[i] > (entries[middle] + entries[middle + 1]) / 2) low = middle + 1;
      else high = middle;
    }
    labels[i] = low;
  }
  return labels;
}
