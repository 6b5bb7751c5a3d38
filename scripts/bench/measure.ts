// Timing of pieces of work.

/** One piece of work. */
export interface Work {
  /** What is timed. */
  name: string;
  /** On how much: "1 000 000 points". */
  work: string;
  /** Does the work once. The result is disposed of outside the measured time. */
  run(): Disposable | void | Promise<Disposable | void>;
}

/** How long a piece of work takes. */
export interface Part {
  name: string;
  work: string;
  /** Median over the runs. */
  seconds: number;
  /** The shortest run. */
  least: number;
  runs: number;
}

/** Rounds are repeated until there are this many and each piece of work took this long in total. */
const LEAST_RUNS = 3;
const LEAST_SECONDS = 0.5;
const MOST_RUNS = 100;

/** Times pieces of work in turns, so that a slower minute of the machine is slower for all of them. */
export async function measure(...works: Work[]): Promise<Part[]> {
  const times = works.map((): number[] => []);
  for (let runs = 0, seconds = 0; runs < LEAST_RUNS || (seconds < LEAST_SECONDS && runs < MOST_RUNS); runs++) {
    const round: number[] = [];
    for (const [i, { run }] of works.entries()) {
      const started = performance.now();
      const result = await run();
      round[i] = (performance.now() - started) / 1000;
      result?.[Symbol.dispose]();
      times[i].push(round[i]);
    }
    seconds += Math.min(...round);
  }
  return works.map(({ name, work }, i) => partOf(name, work, times[i]));
}

/** A part from the times of its runs. */
export function partOf(name: string, work: string, times: readonly number[]): Part {
  return { name, work, seconds: median(times), least: Math.min(...times), runs: times.length };
}

/** The middle value, or the mean of the two in the middle; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
}
