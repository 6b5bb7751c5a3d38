// Converts the values of the command line to the options of training, and back.

import { apiName } from "../base/option.ts";
import type { Color } from "../ffi/rasterizer.ts";
import type { LoadOptions } from "../load/scene.ts";
import { TRAIN_ROWS } from "../train/option_table.ts";
import { resolveTrainOptions, type TrainOptions } from "../train/options.ts";
import { parityParts } from "../train/parity.ts";
import { withEnd } from "../train/decide_iterations.ts";
import type { IterationsEvent, PlanEvent } from "../train/events.ts";
import { SCHEDULE } from "../train/scaled_schedule.ts";
import { givenOptions, type Parsed } from "./argv.ts";
import type { OptionValues } from "./option.ts";
import type { TRAIN_OPTIONS } from "./options.ts";

/** Parsed values of `train`. */
export type TrainValues = OptionValues<typeof TRAIN_OPTIONS>;

/**
 * The library's options that were given, checked together. Throws an `OptionError`, which exit.ts reports
 * with the names of flags.
 */
export function trainOptions(parsed: Parsed<typeof TRAIN_OPTIONS>): TrainOptions {
  const { parity, ...named } = givenOptions(TRAIN_ROWS, parsed);
  const options: TrainOptions = { ...named, parity: parityParts(parity) };
  resolveTrainOptions(options);
  return options;
}

/**
 * The values of a run whose `max_seconds` was planned or decided: those given, with its number of iterations, and with
 * the schedule where that is not the one of so many.
 */
export function timedValues(
  { values, given, positionals }: Parsed<typeof TRAIN_OPTIONS>,
  event: PlanEvent | IterationsEvent,
  before: TrainValues,
): TrainValues {
  const { iterations } = event;
  const named: Readonly<Record<string, number>> = event.type === "iterations" ? event.schedule : {};
  const schedule = Object.fromEntries(
    SCHEDULE.map((row) => [row.name, named[apiName(row)]]).filter(([, value]) => value !== undefined),
  );
  const end = { last: before.iterations, next: iterations };
  const givenLists = (["test_iterations", "preview_iterations"] as const).filter((name) => given.has(name));
  const lists = Object.fromEntries(givenLists.map((name) => [name, withEnd(values[name] ?? [], end)]));
  return settledValues({
    values: { ...values, ...schedule, ...lists, iterations },
    given: new Set([...given, ...Object.keys(schedule), "iterations"]),
    positionals,
  });
}

/** The values of a run: for options that were not given, those that the library resolved. */
export function settledValues(parsed: Parsed<typeof TRAIN_OPTIONS>): TrainValues {
  const { values, given } = parsed;
  const options: Readonly<Record<string, unknown>> = { ...resolveTrainOptions(trainOptions(parsed)) };
  const settled = TRAIN_ROWS.filter(({ name }) => !given.has(name) && name !== "parity" && values[name] !== undefined);
  return { ...values, ...Object.fromEntries(settled.map((row) => [row.name, options[apiName(row)]])) };
}

/** The options of `loadScene` that follow the reference, as the parity parts require. */
export function viewParity(
  { parity }: Pick<TrainValues, "parity">,
): Pick<LoadOptions, "referenceCameras" | "coverage"> {
  const parts = parityParts(parity) ?? [];
  return {
    ...(parts.includes("cameras") ? { referenceCameras: true } : {}),
    ...(parts.includes("coverage") ? { coverage: "rectangle" } : {}),
  };
}

/** The iterations whose previews a run writes, ascending. */
export function previewedIterations(
  { preview_iterations = [], iterations }: Pick<TrainValues, "preview_iterations" | "iterations">,
): number[] {
  const happening = preview_iterations.filter((iteration) => iteration >= 1 && iteration <= iterations);
  return [...new Set(happening)].sort((a, b) => a - b);
}

/** Colour behind the Gaussians. */
export function backgroundOf({ white_background }: Pick<TrainValues, "white_background">): Color {
  return white_background ? [1, 1, 1] : [0, 0, 0];
}

/** Whether a run writes checkpoints. */
export function takesCheckpoints(
  { checkpoint_seconds, checkpoint_iterations = [] }: Pick<TrainValues, "checkpoint_seconds" | "checkpoint_iterations">,
): boolean {
  return checkpoint_seconds >= 0 || checkpoint_iterations.some((iteration) => iteration > 0);
}
