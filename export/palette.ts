// Vector quantisation: a palette for many vectors, by k-means in two levels or more. One level over all vectors and entries would
// take hundreds of times as long: 65536 entries for a million vectors.

/** Vectors that the first level is found with. */
const SAMPLE = 1 << 15;

/** Pairs of a row and an entry in a round of a group: a second of work. Evenly divided, groups have a tenth of it. */
const MOST_PAIRS = 1 << 24;

/** Rounds of Lloyd's algorithm on each level. */
const ROUNDS = 4;

/** Milliseconds of work between two pauses, in which the program can answer. */
const SLICE = 50;

/** A palette, and the entry of each vector. */
export interface Palette {
  /** Its entries, one after another. */
  entries: Float32Array;
  /** Index of an entry near each vector. */
  labels: Uint32Array;
}

/** How a palette is found. */
export interface PaletteOptions {
  /** Numbers of a vector, a multiple of 3. */
  width: number;
  /** Entries at most. */
  size: number;
  /** Stops the work; the promise then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Called with the share that is done, up to 1. */
  onProgress?: (share: number) => void;
}

/**
 * Finds a palette, the same for the same vectors: groups of similar vectors first, then entries in each group, as many
 * as its share of the vectors. A group that is still large is divided again: vectors that hardly differ, as those of a
 * model that was trained for a short time, are nearly all in one.
 *
 * @example
 * ```ts
 * import { findPalette } from "./palette.ts";
 *
 * const { entries, labels } = await findPalette(new Float32Array([0, 0, 0, 1, 1, 1]), { width: 3, size: 2 });
 * console.log(entries[3 * labels[1]]); // 1
 * ```
 */
export async function findPalette(vectors: Float32Array, options: PaletteOptions): Promise<Palette> {
  const { width, size, signal, onProgress } = options;
  const count = vectors.length / width;
  const work = new Work({ rows: count, signal, onProgress });
  const labels = new Uint32Array(count);
  const parts: Float32Array[] = [];
  let first = 0;

  /** Adds entries for some rows, at most `most`. */
  const add = async (rows: readonly number[], most: number, divided: boolean): Promise<void> => {
    const groups = divided ? await divide(vectors, rows, { width, size: Math.ceil(Math.sqrt(most)), work }) : [rows];
    if (groups.length > 1) {
      for (const group of groups) {
        // At most one entry a group comes on top of what is rounded down, so that the sum stays within the size.
        const share = Math.max(1, Math.floor(((most - groups.length) * group.length) / rows.length));
        await add(group, share, group.length * share > MOST_PAIRS);
      }
      return;
    }
    // Rows that no centre divides hardly differ.
    const enough = Math.min(most, rows.length, Math.max(1, Math.floor(MOST_PAIRS / rows.length)));
    const entries = await lloyd(vectors, rows, { width, size: enough, work });
    for (const row of rows) {
      labels[row] = first + nearestEntry(entries, vectors, { width, at: row * width });
      if (work.row()) await work.pause();
    }
    parts.push(entries);
    first += entries.length / width;
  };

  await add(Array.from({ length: count }, (_, i) => i), size, true);
  onProgress?.(1);
  const entries = new Float32Array(first * width);
  parts.reduce((offset, part) => (entries.set(part, offset), offset + part.length), 0);
  return { entries, labels };
}

/** Divides rows into groups of similar vectors, at most `size`, without empty ones. */
async function divide(
  vectors: Float32Array,
  rows: readonly number[],
  { width, size, work }: { width: number; size: number; work: Work },
): Promise<number[][]> {
  const sample = sampled(rows.length, SAMPLE).map((k) => rows[k]);
  work.expect(ROUNDS * sample.length + rows.length);
  const centres = await lloyd(vectors, sample, { width, size: Math.min(rows.length, size), work });
  const groups: number[][] = Array.from({ length: centres.length / width }, () => []);
  for (const row of rows) {
    groups[nearestEntry(centres, vectors, { width, at: row * width })].push(row);
    if (work.row()) await work.pause();
  }
  return groups.filter((group) => group.length > 0);
}

/** Lloyd's algorithm over some rows, from rows at equal distances; the rows themselves if there are no more than entries. */
async function lloyd(
  vectors: Float32Array,
  rows: readonly number[],
  { width, size, work }: { width: number; size: number; work: Work },
): Promise<Float32Array> {
  const entries = new Float32Array(size * width);
  for (let i = 0; i < size; i++) {
    const row = rows[Math.floor((i * rows.length) / size)];
    entries.set(vectors.subarray(row * width, (row + 1) * width), i * width);
  }
  if (rows.length <= size) {
    work.expect(-ROUNDS * rows.length);
    return entries;
  }
  for (let round = 0; round < ROUNDS; round++) {
    const sums = new Float64Array(size * width);
    const counts = new Uint32Array(size);
    for (const row of rows) {
      const entry = nearestEntry(entries, vectors, { width, at: row * width });
      counts[entry]++;
      for (let j = 0; j < width; j++) sums[entry * width + j] += vectors[row * width + j];
      if (work.row()) await work.pause();
    }
    for (let i = 0; i < entries.length; i++) {
      const members = counts[Math.floor(i / width)];
      if (members > 0) entries[i] = sums[i] / members;
    }
  }
  return entries;
}

/** The entry with the least squared distance; a sum that passes the least so far is not completed. */
function nearestEntry(
  entries: Float32Array,
  vectors: Float32Array,
  { width, at }: { width: number; at: number },
): number {
  let least = Infinity;
  let found = 0;
  for (let entry = 0, offset = 0; offset < entries.length; entry++, offset += width) {
    let distance = 0;
    for (let j = 0; j < width && distance < least; j += 3) {
      const x = entries[offset + j] - vectors[at + j];
      const y = entries[offset + j + 1] - vectors[at + j + 1];
      const z = entries[offset + j + 2] - vectors[at + j + 2];
      distance += x * x + y * y + z * z;
    }
    if (distance < least) {
      least = distance;
      found = entry;
    }
  }
  return found;
}

/** Row numbers at equal distances, at most `size`. */
function sampled(count: number, size: number): number[] {
  const taken = Math.min(count, size);
  return Array.from({ length: taken }, (_, i) => Math.floor(i * count / taken));
}

/** Counts the rows whose nearest entry was sought, and lets other work of the program run now and then. */
class Work {
  readonly #signal: AbortSignal | undefined;
  readonly #onProgress: PaletteOptions["onProgress"];
  #last = performance.now();
  #expected: number;
  #done = 0;
  #share = 0;

  /** Expects that each of so many rows is sought in each round of its group, and once more for its label. */
  constructor({ rows, signal, onProgress }: { rows: number } & Pick<PaletteOptions, "signal" | "onProgress">) {
    this.#expected = (ROUNDS + 1) * rows;
    this.#signal = signal;
    this.#onProgress = onProgress;
  }

  /** Expects more rows, or fewer. */
  expect(rows: number): void {
    this.#expected += rows;
  }

  /** One more row; returns whether a pause is due. */
  row(): boolean {
    this.#done++;
    return this.#done % 256 === 0 && performance.now() - this.#last >= SLICE;
  }

  async pause(): Promise<void> {
    this.#share = Math.max(this.#share, this.#done / this.#expected); // a group that is divided again adds work
    this.#onProgress?.(this.#share);
    await new Promise((resume) => setTimeout(resume));
    this.#signal?.throwIfAborted();
    this.#last = performance.now();
  }
}
