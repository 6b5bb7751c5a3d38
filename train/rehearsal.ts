/**
 * A rehearsal: a short run with all counts of the real one, which is measured and discarded. See time_plan.ts.
 *
 * @module
 */

import { apiName } from "../base/option.ts";
import type { TrainEvent } from "./events.ts";
import { CheckpointCadence } from "./checkpoint/cadence.ts";
import { TrainController } from "./controller.ts";
import type { ResolvedTrainOptions } from "./options.ts";
import { prepareRun, runStrategy } from "./prepare.ts";
import type { Run } from "./run.ts";
import { SCHEDULE, scheduleOf } from "./scaled_schedule.ts";
import { newState } from "./state.ts";
import { planTime, type Rehearsal, type TimedWork, type TimePlan } from "./time_plan.ts";

/** Iterations for each densification event of a rehearsal, and the maximum number of events. */
const EVENT_INTERVAL = 16;
const MOST_EVENTS = 12;

/** What a rehearsal shares with the run that it is for. */
export interface RehearsalParts extends Pick<Run, "device" | "scene" | "options" | "controller" | "origin"> {
  /** The run's options with another number of iterations. */
  optionsOf: (iterations: number) => ResolvedTrainOptions;
  /** Bytes that the run may use. */
  available: number;
  /** Runs all steps. */
  steps: (run: Run) => AsyncGenerator<TrainEvent, void, void>;
}

/**
 * Decides how many iterations of a run fill its `maxSeconds`, from rehearsals.
 *
 * @param parts The run, with the largest number of iterations
 * @returns The plan; null if the time is too short for a rehearsal, or the run too short to need a plan
 */
export async function planByRehearsal(parts: RehearsalParts): Promise<TimePlan | null> {
  const { device, scene, options: { maxSeconds, iterations: most }, optionsOf } = parts;
  return await planTime({
    maxSeconds,
    most,
    courseOf: (iterations) => {
      const { strategy: { densification, counts } } = runStrategy(scene, optionsOf(iterations), device.seed);
      return { iterations, densification, counts };
    },
    rehearse: (iterations, seconds) => rehearse(parts, iterations, seconds),
  });
}

/**
 * Trains some iterations, and discards the result.
 *
 * @param parts The run
 * @param iterations Steps of the rehearsal
 * @param seconds Training time after which it is cut off
 */
async function rehearse(parts: RehearsalParts, iterations: number, seconds: number): Promise<Rehearsal> {
  const { device, scene, origin, available } = parts;
  const options = { ...parts.options, ...rehearsedOptions(parts.options, iterations) };
  const wanted = runStrategy(scene, options, device.seed);
  const { gaussians, strategy, ...counts } = await prepareRun(device, scene, options, wanted, available);
  using _gaussians = gaussians;
  gaussians.antialiasing = options.antialiasing;
  // Requests of the caller are for the run; only a stop also ends a rehearsal.
  const controller = new TrainController();
  controller.batchMilliseconds = parts.controller.batchMilliseconds;
  using _controller = controller.stopWith(options.signal);
  const { exposure } = options;
  const state = { ...newState(device.seed, counts), ...(exposure === "auto" ? {} : { exposure }) };
  const cadence = new CheckpointCadence(-1, 0);
  const run: Run = {
    ...{ device, scene, options, gaussians, strategy, controller, state },
    ...{ origin, cadence, signs: new Set() },
  };
  const measured = { steps: [timedAt(counts.start)], events: [] as TimedWork[] };
  for await (const event of parts.steps(run)) {
    if (event.type === "step") {
      const work = measured.steps.at(-1)!;
      work.times += event.iteration - event.first + 1;
      work.seconds += state.seconds - secondsOf(measured);
    } else if (event.type === "densify") {
      const { count } = measured.steps.at(-1)!;
      measured.events.push({ count, times: 1, seconds: state.seconds - secondsOf(measured) });
      measured.steps.push(timedAt(event.count));
    }
    if (state.seconds > seconds) break;
  }
  const course = state.iteration < iterations ? undefined : { iterations, densification: strategy.densification };
  return { seconds: state.seconds, course, ...measured };
}

function timedAt(count: number): TimedWork {
  return { count, times: 0, seconds: 0 };
}

function secondsOf({ steps, events }: Pick<Rehearsal, "steps" | "events">): number {
  return [...steps, ...events].reduce((sum, { seconds }) => sum + seconds, 0);
}

/**
 * The options of a rehearsal: it reaches all counts and degrees of the run, with fewer events, and resets no opacities.
 *
 * @param options Resolved options of the run
 * @param iterations Steps of the rehearsal
 */
export function rehearsedOptions(options: ResolvedTrainOptions, iterations: number): Partial<ResolvedTrainOptions> {
  const usual = scheduleOf(options);
  const scaled = Object.fromEntries(SCHEDULE.map((row) => {
    const value = usual[apiName(row)] * iterations / options.iterations;
    return [apiName(row), Math.max(Math.round(value), row.minimum ?? 0)];
  }));
  const events = Math.min(Math.ceil(iterations / EVENT_INTERVAL), MOST_EVENTS);
  const interval = Math.floor((scaled.densifyUntilIter - scaled.densifyFromIter - 1) / events);
  return {
    ...scaled,
    iterations,
    densificationInterval: Math.max(scaled.densificationInterval, interval),
    opacityResetInterval: Math.max(scaled.opacityResetInterval, iterations),
    maxSeconds: Infinity,
    onDivergence: "continue", // the run itself reports it
    ...{ testIterations: [], saveIterations: [], previewIterations: [] },
    ...{ checkpointIterations: [], checkpointSeconds: -1 },
  };
}
