// --preset NAME: puts the options of a published setting before all others.

import { resolveTrainOptions } from "../train/options.ts";
import { type Preset, PRESETS } from "../train/presets.ts";
import { parse, type ParseSettings } from "./argv.ts";
import { flagOf, type OptionGroup } from "./option.ts";

/** `argv` after the options of its preset, if it names one. Throws a {@linkcode UsageError} like `parse`. */
export function withPreset(
  argv: readonly string[],
  table: readonly OptionGroup[],
  settings?: ParseSettings,
): string[] {
  const { preset } = parse(argv, table, settings).values as { preset?: Preset };
  return preset === undefined ? [...argv] : [...presetArguments(preset), ...argv];
}

/** Throws an `OptionError` when the preset has no budget and the user gave none. */
export function checkPreset(preset: Preset | undefined, given: ReadonlySet<string>): void {
  if (!given.has("budget")) resolveTrainOptions({ preset });
}

function presetArguments(preset: Preset): string[] {
  return Object.entries(PRESETS[preset]).map(([name, value]) => `${flagOf(name)}=${value}`);
}
