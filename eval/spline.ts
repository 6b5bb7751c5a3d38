// Catmull-Rom splines through values at given times, open or closed.

/** Values at ascending times. */
export interface Curve<Value> {
  times: readonly number[];
  values: readonly Value[];
  /** Period of a closed curve; undefined for an open one. */
  period?: number;
}

/**
 * The piece of a curve that contains a time: its ends, their neighbours, and the position of the time between the ends.
 */
export interface Piece {
  /** Indices of the value before the piece, its first, its last, and the one after it. */
  before: number;
  from: number;
  to: number;
  after: number;
  /** Their times; those of a closed curve are unwrapped. */
  times: [before: number, from: number, to: number, after: number];
  /** 0 at the first end, 1 at the last. */
  share: number;
}

/** The piece of a curve of at least two values that contains a time; open curves are constant beyond their ends. */
export function pieceAt({ times, period }: Omit<Curve<unknown>, "values">, time: number): Piece {
  const count = times.length;
  const pieces = period === undefined ? count - 1 : count;
  let from = 0;
  while (from < pieces - 1 && time >= times[from + 1]) from++;
  const index = (i: number) => period === undefined ? Math.min(Math.max(i, 0), count - 1) : (i + count) % count;
  const timeOf = (i: number) =>
    period === undefined ? times[index(i)] : times[index(i)] + period * Math.floor(i / count);
  const ends: Piece["times"] = [timeOf(from - 1), timeOf(from), timeOf(from + 1), timeOf(from + 2)];
  const share = (time - ends[1]) / (ends[2] - ends[1]);
  return { before: index(from - 1), from, to: index(from + 1), after: index(from + 2), times: ends, share };
}

/**
 * The value of a curve at a time (Catmull and Rom 1974): a cubic Hermite piece whose slope at each value is that
 * between its neighbours; at the ends of an open curve, that to its only neighbour.
 */
export function catmullRom(curve: Curve<readonly number[]>, time: number): number[] {
  const { before, from, to, after, times: [t0, t1, t2, t3], share: s } = pieceAt(curve, time);
  const [a, b, c, d] = [before, from, to, after].map((index) => curve.values[index]);
  const step = t2 - t1;
  return b.map((value, i) => {
    const slopeB = (c[i] - a[i]) / (t2 - t0) * step;
    const slopeC = (d[i] - b[i]) / (t3 - t1) * step;
    const change = c[i] - value;
    return value + s * (slopeB + s * (3 * change - 2 * slopeB - slopeC + s * (slopeB + slopeC - 2 * change)));
  });
}
