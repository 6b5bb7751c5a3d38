// Catmull-Rom splines through values at given times, open or closed.

/** Values at ascending times. */
export interface Curve<Value> {
  times: readonly number[];
  values: readonly Value[];
  /** After how long the curve begins again; an open curve has none. */
  period?: number;
}

/** The piece of a curve that a time falls in: its ends, their neighbours, and how far between the ends the time is. */
export interface Piece {
  /** Indices of the value before the piece, its first, its last, and the one after it. */
  before: number;
  from: number;
  to: number;
  after: number;
  /** The times of those, a closed curve's laid out without a jump. */
  times: [before: number, from: number, to: number, after: number];
  /** 0 at the first end, 1 at the last. */
  share: number;
}

/** Where a time falls on a curve of at least two values; open curves end with their first and last value. */
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
 * The value of a curve at a time (Catmull and Rom 1974): a cubic Hermite piece whose slope at each value is that between
 * its neighbours, at the ends of an open curve that towards the only one.
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
