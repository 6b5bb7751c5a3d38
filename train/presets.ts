/**
 * Named option sets: the two settings that Mallick et al. 2024 (Taming 3DGS) report. Options given explicitly override
 * the preset's.
 *
 * @module
 */

/** Name of an option set: `"budget"`, few Gaussians trained fast, or `"big"`, a final count that the caller sets. */
export type Preset = "budget" | "big";

/** The part of `TrainOptions` that a preset sets. */
export interface PresetOptions {
  readonly mode: "multiplier" | "final_count";
  readonly budget?: number;
  readonly densificationInterval: number;
  readonly shLower: boolean;
}

/**
 * The options of each preset. The paper's multiplier depends on the capture: 15 outdoors, 5 or 2 indoors; the preset
 * takes 5. For `"big"` the caller must set the count.
 */
export const PRESETS: Readonly<Record<Preset, PresetOptions>> = {
  budget: { mode: "multiplier", budget: 5, densificationInterval: 500, shLower: true },
  big: { mode: "final_count", densificationInterval: 100, shLower: true },
};
