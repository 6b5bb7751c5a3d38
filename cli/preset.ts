// --preset NAME: the options of a published setting, as if they stood before all others.

import { type Preset, PRESETS } from "../train/presets.ts";
import { parse, type ParseSettings } from "./argv.ts";
import { UsageError } from "./errors.ts";
import type { OptionGroup } from "./option.ts";

/** `argv` behind the options of the preset that it names, if it does; throws a {@linkcode UsageError} as `parse`. */
export function withPreset(
  argv: readonly string[],
  table: readonly OptionGroup[],
  settings?: ParseSettings,
): string[] {
  const { preset } = parse(argv, table, settings).values as { preset?: Preset };
  return preset === undefined ? [...argv] : [...presetArguments(preset), ...argv];
}

/** Throws a {@linkcode UsageError} where the preset leaves the budget to the user, who gave none. */
export function checkPreset(preset: string | undefined, given: ReadonlySet<string>): void {
  if (preset === undefined || given.has("budget")) return;
  throw new UsageError(
    `Missing --budget: --preset ${preset} trains to a final count of Gaussians, such as --budget 1000000`,
  );
}

function presetArguments(preset: Preset): string[] {
  return Object.entries(PRESETS[preset]).map(([name, value]) => {
    const flag = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return `--${flag}=${value}`;
  });
}
