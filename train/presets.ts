/**
 * Named option sets: the two settings that Mallick et al. 2024 (Taming 3DGS) report, and a short run. Options given
 * explicitly override the preset's.
 *
 * @module
 */

import type { OptionValue } from "../base/option.ts";

/**
 * Name of an option set: `"budget"`, few Gaussians trained fast; `"big"`, a final count that the caller sets; `"fast"`,
 * a third of the usual iterations.
 */
export type Preset = "budget" | "big" | "fast";

/** Options of training by their names in `TrainOptions`. */
export type PresetOptions = Readonly<Record<string, OptionValue>>;

/**
 * The options of each preset. A preset that sets `iterations` also sets the whole schedule.
 *
 * The paper's multiplier depends on the capture: 15 outdoors, 5 or 2 indoors; the preset takes 5. For `"big"` the caller
 * must set the count.
 */
export const PRESETS: Readonly<Record<Preset, PresetOptions>> = {
  budget: { mode: "multiplier", budget: 5, densificationInterval: 500, shLower: true },
  big: { mode: "final_count", densificationInterval: 100, shLower: true },
  fast: {
    strategy: "absgrad",
    iterations: 10_000,
    randomBackground: true,
    densificationInterval: 333,
    densifyFromIter: 167,
    densifyUntilIter: 8000,
    opacityResetInterval: 1000,
    hoIteration: 8000,
    positionLrMaxSteps: 10_000,
    shDegreeInterval: 333,
  },
};

/**
 * The options that a preset sets.
 *
 * @param preset Name of a preset
 * @returns None without a preset, or if there is none with that name
 */
export function presetOptions(preset: string | undefined): PresetOptions {
  return preset !== undefined && Object.hasOwn(PRESETS, preset) ? PRESETS[preset as Preset] : {};
}
