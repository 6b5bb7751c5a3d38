// How many iterations fill a time: the decision, on machines whose time is computed.
import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLess, assertLessOrEqual } from "@std/assert";
import { eventTarget } from "../../train/budget.ts";
import { countsAfterEvents } from "../../train/strategies/mcmc.ts";
import {
  type Course,
  FIRST_REHEARSAL,
  hardStop,
  iterationsIn,
  type Pace,
  paceOf,
  planTime,
  type Rehearsal,
  secondsOf,
} from "../../train/time_plan.ts";
import { Random } from "../reference/random.ts";

const START = 10_000;
const TARGET = 100_000;

/** What a simulated machine needs. */
interface Speed {
  /** Seconds of a step, and of one for each Gaussian in it. */
  step: number;
  gaussian: number;
  /** Steps that a densification event takes as long as. Default 10. */
  event?: number;
  /** A step takes this share less at the start of training; the rest fades as 1 / length. Default 0. */
  young?: number;
  /** Standard deviation of a measured time, as a share of it. Default 0. */
  noise?: number;
}

/** A schedule as that of Taming 3DGS: events in the first half, at least `interval` iterations apart. */
function courseOf(iterations: number, interval = 50): Course {
  const apart = Math.max(Math.round(iterations / 300), interval);
  const until = Math.round(iterations / 2);
  const densification = Array.from({ length: Math.ceil(until / apart) - 1 }, (_, i) => (i + 1) * apart);
  return { iterations, densification };
}

/** The same of a strategy that grows by at least 5 % in each event: in a longer run, most events are at the target. */
function growingCourseOf(iterations: number, interval = 50): Course {
  const course = courseOf(iterations, interval);
  const events = course.densification.length;
  return { ...course, counts: countsAfterEvents({ start: START, target: TARGET, events, cap: false }) };
}

/** A machine that trains: its clock follows from what it does. */
class Machine {
  /** Lengths of the rehearsals. */
  readonly lengths: number[] = [];
  readonly #random = new Random(15);

  constructor(readonly speed: Speed, readonly course: typeof courseOf = courseOf) {}

  /** Trains a course, and stops after some seconds. */
  train({ iterations, densification, counts }: Course, limit = Infinity): Rehearsal {
    const { step, gaussian, event = 10, young = 0, noise = 0 } = this.speed;
    const rehearsal: Rehearsal = { seconds: 0, course: { iterations, densification }, steps: [], events: [] };
    const slower = 1 - young * FIRST_REHEARSAL / iterations;
    for (let i = 0; i <= densification.length; i++) {
      const count = i === 0 ? START : counts?.[i - 1] ?? eventTarget(i, densification.length, START, TARGET);
      const times = (densification[i] ?? iterations) - (densification[i - 1] ?? 0);
      const each = (step + gaussian * count) * slower * (1 + noise * this.#random.normal());
      rehearsal.steps.push({ count, times, seconds: times * each });
      rehearsal.seconds += times * each;
      if (i === densification.length) break;
      const seconds = event * (step + gaussian * count);
      rehearsal.events.push({ count, times: 1, seconds });
      rehearsal.seconds += seconds;
      if (rehearsal.seconds > limit) return { ...rehearsal, course: undefined };
    }
    return rehearsal.seconds > limit ? { ...rehearsal, course: undefined } : rehearsal;
  }

  readonly rehearse = (iterations: number, seconds: number): Promise<Rehearsal> => {
    this.lengths.push(iterations);
    const interval = Math.max(1, Math.floor(iterations / 2 / Math.min(Math.ceil(iterations / 16), 12)) - 1);
    return Promise.resolve(this.train(this.course(iterations, interval), seconds));
  };
}

/** The seconds of a planned run with its rehearsals, as a share of those asked. */
async function filled(speed: Speed, maxSeconds: number, course = courseOf): Promise<number> {
  const machine = new Machine(speed, course);
  const plan = await planTime({ maxSeconds, most: 100_000_000, courseOf: course, rehearse: machine.rehearse });
  assert(plan !== null);
  return (plan.rehearsalSeconds + machine.train(course(plan.iterations)).seconds) / maxSeconds;
}

Deno.test("planTime() fills the time, rehearsals included, on machines of any speed", async () => {
  for (const gaussian of [1e-8, 1e-7, 1e-6]) {
    for (const step of [1e-4, 1e-3]) {
      for (const maxSeconds of [100, 300, 2000]) {
        const share = await filled({ step, gaussian }, maxSeconds);
        assertAlmostEquals(share, 0.98, 0.01, `${step} ${gaussian} ${maxSeconds}`);
      }
    }
  }
});

Deno.test("planTime() fills the time of a strategy whose counts depend on the number of events", async () => {
  for (const gaussian of [1e-8, 1e-7, 1e-6]) {
    const share = await filled({ step: 1e-3, gaussian }, 300, growingCourseOf);
    assertAlmostEquals(share, 0.98, 0.01, `${gaussian}`);
  }
});

Deno.test("planTime() fills the time when steps take longer in a longer run", async () => {
  for (const young of [0.4, 0.2, -0.3]) {
    for (const maxSeconds of [100, 600]) {
      const share = await filled({ step: 1e-3, gaussian: 2e-7, young }, maxSeconds);
      assertAlmostEquals(share, 0.98, 0.03, `${young} ${maxSeconds}`);
    }
  }
});

Deno.test("planTime() fills the time within 5 % when each measured time is off by 5 %", async () => {
  for (const maxSeconds of [100, 200, 300, 600, 1000]) {
    const share = await filled({ step: 1e-3, gaussian: 2e-7, young: 0.3, noise: 0.05 }, maxSeconds);
    assertAlmostEquals(share, 1, 0.05, `${maxSeconds}`);
  }
});

Deno.test("planTime() takes all iterations when they fit, and rehearses no longer than it must", async () => {
  const machine = new Machine({ step: 1e-3, gaussian: 1e-7 });
  const parts = { most: 30_000, courseOf, rehearse: machine.rehearse };
  const plan = await planTime({ ...parts, maxSeconds: 10_000 });
  assertEquals([plan?.iterations, machine.lengths], [30_000, [FIRST_REHEARSAL]]);
  assertEquals(await planTime({ ...parts, most: FIRST_REHEARSAL, maxSeconds: 10_000 }), null);
});

Deno.test("planTime() spends about 15 % of the time on a few rehearsals, each longer than the one before", async () => {
  const machine = new Machine({ step: 1e-3, gaussian: 1e-7 });
  const plan = await planTime({ maxSeconds: 200, most: 1_000_000, courseOf, rehearse: machine.rehearse });
  assertGreater(plan!.rehearsalSeconds, 0.1 * 200);
  assertLess(plan!.rehearsalSeconds, 0.2 * 200);
  assertLessOrEqual(machine.lengths.length, 5);
  machine.lengths.slice(1).forEach((length, i) => assertGreater(length, machine.lengths[i]));
});

Deno.test("planTime() plans nothing when the first rehearsal is cut off, and keeps its pace when a later one is", async () => {
  const slow = new Machine({ step: 1, gaussian: 0 });
  const parts = { most: 30_000, courseOf };
  assertEquals(await planTime({ ...parts, maxSeconds: 2, rehearse: slow.rehearse }), null);
  const machine = new Machine({ step: 1e-3, gaussian: 1e-7 });
  let calls = 0;
  const rehearse = async (iterations: number, seconds: number): Promise<Rehearsal> => {
    const rehearsal = await machine.rehearse(iterations, seconds);
    return ++calls === 1 ? rehearsal : { ...rehearsal, seconds, course: undefined };
  };
  const plan = await planTime({ ...parts, maxSeconds: 60, rehearse });
  assertEquals(calls, 2);
  assertAlmostEquals(plan!.rehearsalSeconds, 0.3 * 60, 1e-9);
  assertLessOrEqual(plan!.expectedSeconds, 60);
});

Deno.test("paceOf() finds the time of a step and of an event, and how it changes with the length", () => {
  const course = courseOf(80, 10);
  const first = paceOf(new Machine({ step: 2e-3, gaussian: 3e-7 }).train(course), course);
  assertAlmostEquals(first.step.base, 2e-3, 1e-9);
  assertAlmostEquals(first.step.perGaussian, 3e-7, 1e-12);
  assertEquals([first.iterations, first.trend], [80, undefined]);
  assertEquals(first.counts, [START, ...[1, 2, 3].map((event) => eventTarget(event, 3, START, TARGET))]);
  assertAlmostEquals(
    secondsOf(first, course),
    new Machine({ step: 2e-3, gaussian: 3e-7 }).train(course).seconds,
    1e-3,
  );
  // Steps that take twice the time in a run of twice the length.
  const longer = courseOf(160, 20);
  const second = paceOf(new Machine({ step: 4e-3, gaussian: 6e-7 }).train(longer), longer, first);
  assertAlmostEquals(second.trend!.change, Math.log(2), 1e-6);
  assertEquals([second.trend!.from, second.trend!.power], [80, 1]);
});

Deno.test("paceOf() finds from three rehearsals the power of the length by which the change of steps fades", () => {
  for (const power of [0, 0.3, 1]) {
    const factor = (n: number) => power === 0 ? n ** -0.05 : Math.exp(0.5 * n ** -power);
    const seconds = (n: number) => secondsOf(pace!, courseOf(n)) / n;
    let pace: Pace | undefined;
    for (const length of [100, 500, 2500]) {
      const course = courseOf(length, length / 10);
      pace = paceOf(new Machine({ step: 1e-3 * factor(length), gaussian: 0, event: 0 }).train(course), course, pace);
    }
    assertAlmostEquals(pace!.trend!.power, power, 1e-6);
    assertAlmostEquals(seconds(40_000) / seconds(2500), factor(40_000) / factor(2500), 1e-6);
  }
});

Deno.test("paceOf() takes the time of a step as constant when there is one count, and never as negative", () => {
  const course: Course = { iterations: 10, densification: [] };
  const constant = paceOf({ seconds: 5, course, steps: [{ count: 7, times: 10, seconds: 5 }], events: [] }, course);
  assertEquals(constant.step, { base: 0.5, perGaussian: 0 });
  assertEquals(secondsOf(constant, { iterations: 20, densification: [10] }), 10);
  const steps = [{ count: 1, times: 5, seconds: 1 }, { count: 9, times: 5, seconds: 99 }];
  const steep = paceOf({ seconds: 100, course, steps, events: [] }, course);
  assertEquals(steep.step.base, 0);
  const falling = paceOf({ seconds: 100, course, steps: steps.toReversed(), events: [] }, course);
  assertGreater(falling.step.perGaussian, 0);
  const shrinking = [{ count: 9, times: 5, seconds: 1 }, { count: 1, times: 5, seconds: 9 }];
  assertEquals(paceOf({ seconds: 10, course, steps: shrinking, events: [] }, course).step, { base: 1, perGaussian: 0 });
});

Deno.test("iterationsIn() is the largest number that fits, from 1 to the maximum", () => {
  const pace: Pace = { iterations: 10, counts: [1], step: { base: 0.5, perGaussian: 0 }, event: 0, trend: undefined };
  const straight = (iterations: number): Course => ({ iterations, densification: [] });
  const within = (seconds: number) => iterationsIn(pace, { seconds, most: 1000, courseOf: straight });
  assertEquals([within(0), within(0.5), within(10.4), within(499.9), within(1e9)], [1, 1, 20, 999, 1000]);
});

Deno.test("hardStop() is 5 % behind the time of a planned run", () => {
  const plan = { maxSeconds: 60, iterations: 9, decided: true, most: 99, rehearsalSeconds: 6, expectedSeconds: 59 };
  assertEquals([hardStop(60, plan), hardStop(100, plan), hardStop(60, null)], [63, 105, 60]);
});
