// Scalar quantisation: a codebook of 256 values for many numbers.

/** Entries of a codebook: one byte names one. */
export const CODEBOOK_SIZE = 256;

/** Cells that the range of the values is divided into to find the entries. */
const CELLS = 1 << 14;

/** Rounds of Lloyd's algorithm. */
const ROUNDS = 20;

/** A codebook, and the entry of each value. */
export interface Codebook {
  /** 256 values, ascending. */
  entries: Float32Array;
  /** Index of the nearest entry for each value. */
  labels: Uint8Array;
}

/**
 * Quantises finite values with little squared error: Lloyd's algorithm over a histogram, from entries whose density is
 * the cube root of the values' (Panter and Dite 1951).
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
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (!(high > low)) {
    return {
      entries: new Float32Array(CODEBOOK_SIZE).fill(high === low ? low : 0),
      labels: new Uint8Array(values.length),
    };
  }
  const counts = new Float64Array(CELLS);
  const sums = new Float64Array(CELLS);
  const perUnit = (CELLS - 1) / (high - low);
  for (const value of values) {
    const cell = Math.round((value - low) * perUnit);
    counts[cell]++;
    sums[cell] += value;
  }
  const entries = firstEntries(counts, (cell) => low + cell / perUnit);
  for (let round = 0; round < ROUNDS; round++) lloydRound(entries, { counts, sums });
  const result = Float32Array.from(entries).sort();
  return { entries: result, labels: nearest(result, values) };
}

/** Entries at equal steps of the sum of the cube roots of the counts. */
function firstEntries(counts: Float64Array, valueOf: (cell: number) => number): Float64Array {
  const weights = counts.map(Math.cbrt);
  const step = weights.reduce((sum, weight) => sum + weight, 0) / CODEBOOK_SIZE;
  const entries = new Float64Array(CODEBOOK_SIZE);
  let sum = 0;
  let cell = 0;
  for (let entry = 0; entry < CODEBOOK_SIZE; entry++) {
    while (cell < CELLS - 1 && sum + weights[cell] <= (entry + 0.5) * step) sum += weights[cell++];
    entries[entry] = valueOf(cell);
  }
  return entries;
}

/** Moves each entry to the mean of the cells that are nearest to it; cells are nearest to one of two neighbours. */
function lloydRound(entries: Float64Array, { counts, sums }: { counts: Float64Array; sums: Float64Array }): void {
  const totals = new Float64Array(CODEBOOK_SIZE);
  const members = new Float64Array(CODEBOOK_SIZE);
  let entry = 0;
  for (let cell = 0; cell < CELLS; cell++) {
    if (counts[cell] === 0) continue;
    const value = sums[cell] / counts[cell];
    while (entry < CODEBOOK_SIZE - 1 && Math.abs(entries[entry + 1] - value) <= Math.abs(entries[entry] - value)) {
      entry++;
    }
    totals[entry] += sums[cell];
    members[entry] += counts[cell];
  }
  for (let i = 0; i < CODEBOOK_SIZE; i++) if (members[i] > 0) entries[i] = totals[i] / members[i];
  entries.sort();
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
