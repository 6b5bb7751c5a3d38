/**
 * The plan of a run with `maxSeconds`: about how many iterations fill that time, which determines its schedule. It is
 * made before the first step, from rehearsals: short runs with all counts of the real one, whose result is discarded.
 * final_iterations.ts decides the number itself, later in the run.
 *
 * The time of a step is linear in the count of Gaussians. In a short run they are less trained, so that a step at the
 * same count takes another time: a run of n iterations takes exp(c n^-p) times as long for each step as a very long one.
 * The last two rehearsals show c. If there are three long ones they show p too, which is from 0 (the time of a step goes
 * on changing with the logarithm of the length) to 1, what short runs on real captures have.
 *
 * @module
 */

/** Share of the time that the plan fills; a run that takes a little longer than planned still ends in time. */
const FILLED_SHARE = 0.98;
/** Share of the time that rehearsals should take, and the one at which they are cut off. */
const REHEARSED_SHARE = 0.15;
const LONGEST_REHEARSED_SHARE = 0.3;
/** Share of the time at which a planned run is stopped. */
const HARD_STOP_SHARE = 1.05;
/** Iterations of the first rehearsal. */
export const FIRST_REHEARSAL = 8;
/** Ratio of the lengths of the last two or three rehearsals. */
const USUAL_RATIO = 5;
/** Minimum iterations of the first of three: shorter ones say nothing about longer ones. */
const SHORTEST_OF_THREE = 64;
/** Minimum of the same: a longer rehearsal must tell something new. */
const LEAST_RATIO = 1.5;
/** A first rehearsal is too short to trust: a run that takes this share of the time, as it says, surely fits. */
const SURE_SHARE = 0.5;

/** How many iterations a run takes to fill its `maxSeconds`. */
export interface TimePlan {
  /** The asked `maxSeconds`. */
  maxSeconds: number;
  /** Iterations of the run. */
  iterations: number;
  /** Whether they are decided; until then they are an estimate, for which the schedule was made. */
  decided: boolean;
  /** The option `iterations` that was given, or its default: at most as many. */
  most: number;
  /** Seconds of the discarded steps from which the plan was made; they are part of `maxSeconds`. */
  rehearsalSeconds: number;
  /** Seconds that the run should take, rehearsals included. */
  expectedSeconds: number;
}

/** On what the time of a run depends. */
export interface Course {
  /** Steps. */
  iterations: number;
  /** Iterations of the densification events, ascending. */
  densification: readonly number[];
  /** Counts after the events, if the strategy knows them. Default: those of the rehearsal at the same share of events. */
  counts?: readonly number[];
}

/** Steps or events at the same count of Gaussians. */
export interface TimedWork {
  /** Count of Gaussians. */
  count: number;
  /** Number of steps or events. */
  times: number;
  /** Seconds of all of them. */
  seconds: number;
}

/** What was measured in a rehearsal. */
export interface Rehearsal {
  /** Seconds of training steps and events. */
  seconds: number;
  /** Its course; undefined if it was cut off. */
  course: Course | undefined;
  /** Its steps. */
  steps: TimedWork[];
  /** Its densification events, with the counts before them: these are scored. */
  events: TimedWork[];
}

/** How the time of a run follows from its course. */
export interface Pace {
  /** Iterations of the rehearsal that it is from. */
  iterations: number;
  /** Counts of Gaussians: at the start, and after each event of the rehearsal. */
  counts: number[];
  /** Seconds of a step without Gaussians, and for each of them. */
  step: { base: number; perGaussian: number };
  /** Seconds of a densification event for each Gaussian before it. */
  event: number;
  /** How steps change with the length of a run; undefined after a first rehearsal. */
  trend: Trend | undefined;
}

/** How the time of a step at the same count changes with the length of a run. */
export interface Trend {
  /** Iterations of the rehearsal before. */
  from: number;
  /** Logarithm of the time of steps over that in the rehearsal before. */
  change: number;
  /** Power p of the length by which the change fades, from 0 to 1. */
  power: number;
}

/** What a plan is made of. */
export interface PlanningParts {
  /** Seconds that the run should take. */
  maxSeconds: number;
  /** Maximum iterations. */
  most: number;
  /** The course of the run with some number of iterations. */
  courseOf: (iterations: number) => Course;
  /** Trains some iterations, and cuts them off after some seconds. */
  rehearse: (iterations: number, seconds: number) => Promise<Rehearsal>;
}

/**
 * Plans a run.
 *
 * @param parts The run
 * @returns The plan; null if the time is too short to rehearse anything, or the run too short to need a plan
 */
export async function planTime({ maxSeconds, most, courseOf, rehearse }: PlanningParts): Promise<TimePlan | null> {
  const filled = filledSeconds(maxSeconds);
  let spent = 0;
  let pace: Pace | undefined;
  for (let length = FIRST_REHEARSAL; length < most;) {
    const rehearsal = await rehearse(length, LONGEST_REHEARSED_SHARE * maxSeconds - spent);
    spent += rehearsal.seconds;
    if (rehearsal.course === undefined) break;
    pace = paceOf(rehearsal, rehearsal.course, pace);
    if (secondsOf(pace, courseOf(most)) <= SURE_SHARE * (filled - spent)) break;
    // As if its pace were that of the next, longer rehearsal, which has the same counts.
    const next = Math.floor(length * (REHEARSED_SHARE * maxSeconds - spent) / rehearsal.seconds);
    if (next < LEAST_RATIO * length) break;
    // More of them than the first one of all, which also waits for photos and kernels to be loaded.
    const first = Math.floor(next / USUAL_RATIO ** 2);
    if (first >= Math.max(SHORTEST_OF_THREE, 2 * length)) length = first;
    else length = next < 2 * USUAL_RATIO * length ? next : Math.floor(next / USUAL_RATIO);
  }
  if (pace === undefined) return null;
  const iterations = iterationsIn(pace, { seconds: filled - spent, most, courseOf });
  const expectedSeconds = spent + secondsOf(pace, courseOf(iterations));
  return { maxSeconds, iterations, decided: false, most, rehearsalSeconds: spent, expectedSeconds };
}

/** The part of `maxSeconds` that is filled. */
export function filledSeconds(maxSeconds: number): number {
  return FILLED_SHARE * maxSeconds;
}

/**
 * The time at which a run is stopped, whatever its plan was.
 *
 * @param maxSeconds Option of the run
 * @param plan Its plan, if it has one
 * @returns Seconds of training: 5 % more than `maxSeconds` for a planned run, else `maxSeconds`
 */
export function hardStop(maxSeconds: number, plan: TimePlan | null | undefined): number {
  return plan ? HARD_STOP_SHARE * maxSeconds : maxSeconds;
}

/**
 * The pace of a rehearsal.
 *
 * @param rehearsal What was measured
 * @param course Its course
 * @param before Pace of the rehearsal before, which shows the trend. Default none
 */
export function paceOf({ steps, events }: Rehearsal, { iterations }: Course, before?: Pace): Pace {
  const eventGaussians = sumOf(events, ({ count, times }) => count * times);
  return {
    iterations,
    counts: steps.map(({ count }) => count),
    step: linearFit(steps),
    event: eventGaussians > 0 ? sumOf(events, ({ seconds }) => seconds) / eventGaussians : 0,
    trend: before === undefined ? undefined : trendOf(steps, iterations, before),
  };
}

function trendOf(steps: readonly TimedWork[], iterations: number, before: Pace): Trend {
  const asBefore = sumOf(steps, ({ count, times }) => times * stepSeconds(before, count));
  const change = Math.log(sumOf(steps, ({ seconds }) => seconds) / asBefore);
  const from = before.iterations;
  if (before.trend === undefined || before.trend.from < SHORTEST_OF_THREE) return { from, change, power: 1 };
  // The change for each factor e of the length falls as length^-p, here between the middles of the two intervals.
  const earlier = before.trend;
  const fading = (change / Math.log(iterations / from)) / (earlier.change / Math.log(from / earlier.from));
  const power = -Math.log(fading) / Math.log(Math.sqrt(iterations / earlier.from));
  return { from, change, power: fading > 0 ? Math.min(Math.max(power, 0), 1) : 1 };
}

/** The logarithm by which steps of a run of some iterations take longer than those of the rehearsal. */
function changeTo(iterations: number, pace: Pace): number {
  if (pace.trend === undefined) return 0;
  const { from, change, power } = pace.trend;
  const between = (a: number, b: number) => power === 0 ? Math.log(b / a) : (a ** -power - b ** -power) / power;
  return change * between(pace.iterations, iterations) / between(from, pace.iterations);
}

function sumOf(work: readonly TimedWork[], value: (work: TimedWork) => number): number {
  return work.reduce((sum, part) => sum + value(part), 0);
}

function stepSeconds({ step: { base, perGaussian } }: Pace, count: number): number {
  return base + perGaussian * count;
}

/** The line through the times of a step at each count, by least squares; it neither falls nor starts below 0. */
function linearFit(steps: readonly TimedWork[]): { base: number; perGaussian: number } {
  const times = sumOf(steps, (work) => work.times);
  const count = sumOf(steps, (work) => work.times * work.count) / times;
  const seconds = sumOf(steps, (work) => work.seconds) / times;
  const variance = sumOf(steps, (work) => work.times * (work.count - count) ** 2);
  const covariance = sumOf(steps, (work) => (work.count - count) * (work.seconds - work.times * seconds));
  const slope = variance > 0 ? covariance / variance : 0;
  const perGaussian = Math.min(Math.max(slope, 0), seconds / Math.max(count, 1));
  return { base: seconds - perGaussian * count, perGaussian };
}

/**
 * The time that a run takes.
 *
 * @param pace Of a rehearsal
 * @param course Of the run
 * @returns Seconds
 */
export function secondsOf(pace: Pace, { iterations, densification, counts }: Course): number {
  const events = densification.length;
  let steps = 0;
  let densifying = 0;
  let from = 0;
  for (let event = 0; event <= events; event++) {
    const count = counts?.[event - 1] ?? countAfter(pace.counts, events === 0 ? 0 : event / events);
    const to = event < events ? densification[event] : iterations;
    steps += (to - from) * stepSeconds(pace, count);
    if (event < events) densifying += pace.event * count;
    from = to;
  }
  return steps * Math.exp(changeTo(iterations, pace)) + densifying;
}

/** The count of Gaussians after a share of the events. */
function countAfter(counts: readonly number[], share: number): number {
  const place = share * (counts.length - 1);
  const before = Math.floor(place);
  const after = Math.min(before + 1, counts.length - 1);
  return counts[before] + (place - before) * (counts[after] - counts[before]);
}

/**
 * The number of iterations that fill some time.
 *
 * @param pace Of a rehearsal
 * @param run Seconds, maximum number, and the course of each number
 * @returns 1 to `most`. One more would take longer, unless it is `most`
 */
export function iterationsIn(
  pace: Pace,
  { seconds, most, courseOf }: { seconds: number; most: number; courseOf: (iterations: number) => Course },
): number {
  if (secondsOf(pace, courseOf(most)) <= seconds) return most;
  let [fitting, exceeding] = [0, most];
  while (exceeding - fitting > 1) {
    const middle = Math.floor((fitting + exceeding) / 2);
    if (secondsOf(pace, courseOf(middle)) <= seconds) fitting = middle;
    else exceeding = middle;
  }
  return Math.max(fitting, 1);
}
