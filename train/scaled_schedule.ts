// Scales the schedule to the number of iterations, if no option of the schedule was given.

import { apiName, type OptionRow, rowNamed } from "../base/option.ts";
import { TRAIN_ROWS } from "./option_table.ts";
import { parityParts } from "./parity.ts";
import { presetOptions } from "./presets.ts";
import { strategyOptions } from "./strategy_options.ts";

/** The options of the schedule. */
export const SCHEDULE: readonly OptionRow[] = TRAIN_ROWS.filter((row: OptionRow) => row.scaledMinimum !== undefined);

/**
 * The options of the schedule of a run.
 *
 * @param resolved All its options
 * @returns By name, as the library has them
 */
export function scheduleOf(resolved: object): Record<string, number> {
  const options = resolved as Readonly<Record<string, unknown>>;
  return Object.fromEntries(SCHEDULE.map((row) => [apiName(row), Number(options[apiName(row)])]));
}

/**
 * Scales the schedule to the number of iterations, starting from the values of the preset, else of the strategy, else
 * the defaults. Each value is multiplied by the ratio of the iterations to the usual number and rounded. The result is
 * at least the row's `scaledMinimum`, or the value itself if that is less.
 *
 * @param given The options that the caller of `train` gave
 * @returns The options of the schedule by name; undefined if the run has the usual length, if one of them was given, or
 * with any part of parity, since a comparison with the reference needs the same schedule
 */
export function scaledSchedule(given: object): Record<string, number> | undefined {
  const options = given as Readonly<Record<string, unknown>>;
  const preset = presetOptions(options.preset as string | undefined);
  const strategy = strategyOptions(options.strategy ?? preset.strategy);
  const usual = Number(preset.iterations ?? rowNamed(TRAIN_ROWS, "iterations").default);
  const iterations = Number(options.iterations ?? usual);
  const set = SCHEDULE.some((row) => options[apiName(row)] !== undefined);
  if (iterations === usual || set || parityParts(options.parity ?? "none")?.length !== 0) return undefined;
  return Object.fromEntries(SCHEDULE.map((row) => {
    const value = Number(preset[apiName(row)] ?? strategy[apiName(row)] ?? row.default);
    return [apiName(row), Math.max(Math.round(value * iterations / usual), Math.min(row.scaledMinimum!, value))];
  }));
}
