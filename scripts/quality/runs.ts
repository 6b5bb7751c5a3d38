// The runs of a comparison: every variant with every seed and fold of every setting, and what makes two runs the same.

import { normalise } from "../../cli/argv.ts";
import { UsageError } from "../../cli/errors.ts";
import { TRAIN_OPTIONS } from "../../cli/options.ts";
import type { Setting } from "./settings.ts";
import type { Variant } from "./variants.ts";

/** One of every so many photos is held out: the number of folds. */
export const TEST_EVERY = 8;

/** A training, with its place in the comparison. */
export interface Run {
  setting: Setting;
  variant: Variant;
  seed: number;
  /** Index of the first photo that is held out. */
  fold: number;
  /** Arguments of `train`, but for the capture and the folder to write: `--name=value`, sorted. */
  arguments: readonly string[];
}

/** What to compare. */
export interface Plan {
  settings: readonly Setting[];
  /** The first is the baseline. */
  variants: readonly Variant[];
  seeds: readonly number[];
  folds: readonly number[];
  /** Training steps instead of the settings' own. */
  iterations?: number;
  /** Flags of `train` for all runs. */
  flags: readonly string[];
}

/** All runs of a plan; the variants of a pair follow one another, so that an interrupted comparison has whole pairs. */
export function runsOf(plan: Plan): Run[] {
  const { settings, variants, seeds, folds } = plan;
  return settings.flatMap((setting) =>
    folds.flatMap((fold) =>
      seeds.flatMap((seed) =>
        variants.map((variant): Run => {
          const run = { setting, variant, seed, fold };
          return { ...run, arguments: trainArguments(run, plan) };
        })
      )
    )
  );
}

/**
 * The later of two flags wins: a variant's flags override the setting's, and the flags of all runs override both. A preset of the
 * variant replaces the setting's iterations and flags, so that its schedule is its own.
 */
function trainArguments({ setting, variant, seed, fold }: Omit<Run, "arguments">, plan: Plan): string[] {
  const budget = variant.multiplies
    ? ["--mode=multiplier", `--budget=${setting.multiplier}`]
    : ["--mode=final_count", `--budget=${setting.count}`];
  const preset = normalise(variant.flags, TRAIN_OPTIONS).options.some((option) => option.startsWith("--preset="));
  const iterations = plan.iterations ?? (preset ? undefined : setting.iterations);
  const { options } = normalise([
    `--images=${setting.images}`,
    ...(iterations === undefined ? [] : [`--iterations=${iterations}`]),
    ...(preset ? [] : setting.flags),
    ...budget,
    ...variant.flags,
    ...plan.flags,
    ...["--eval", `--test_every=${TEST_EVERY}`, `--test_offset=${fold}`, `--seed=${seed}`],
    ...["--test_iterations=-1", "--save_iterations=-1"], // what is left is scored by a process of its own
  ], TRAIN_OPTIONS);
  return options.toSorted(byName);
}

/** The values of a list keep their order. */
function byName(a: string, b: string): number {
  const [first, second] = [a, b].map((option) => option.split("=")[0]);
  return first < second ? -1 : first > second ? 1 : 0;
}

/** The run as text. */
export function runText({ setting, variant, seed, fold }: Run): string {
  return `${setting.name} ${variant.name}, seed ${seed}, fold ${fold}`;
}

/** A key that is the same for runs that must give the same result: setting, arguments and code. */
export async function runKey(
  { setting, arguments: args }: Pick<Run, "setting" | "arguments">,
  code: string,
): Promise<string> {
  const text = JSON.stringify([setting.name, args, code]);
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(hash).toHex().slice(0, 24);
}

/**
 * Reads a list of numbers with ranges, `0,2,4-6`, as an option has it.
 *
 * @param option Name of the option, for the error
 * @param texts Values of the option
 * @param maximum Largest number
 * @throws {UsageError} When it is something else, a number is too large, or one is there twice
 */
export function numberList(option: string, texts: readonly string[], maximum: number): number[] {
  const numbers = texts.flatMap((text) => text.split(",")).flatMap((part) => {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(part.trim()) ?? [];
    const [from, to] = [Number(first), Number(last)];
    if (!(from <= to && to <= maximum)) {
      throw new UsageError(
        `Cannot use "${part}" as --${option}: it takes integers from 0 to ${maximum}, such as 0,2,4-6`,
      );
    }
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
  const twice = numbers.find((number, i) => numbers.indexOf(number) < i);
  if (twice !== undefined) throw new UsageError(`--${option} has ${twice} twice`);
  return numbers;
}
