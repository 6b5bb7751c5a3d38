/**
 * Named option sets: the two settings that Mallick et al. 2024 (Taming 3DGS) report on. An option that is given itself
 * wins over the preset's.
 *
 * @module
 */

/** Name of an option set: `"budget"`, few Gaussians trained fast, or `"big"`, as many as are asked for. */
export type Preset = "budget" | "big";

/** What a preset sets of `TrainOptions`. */
export interface PresetOptions {
  readonly mode: "multiplier" | "final_count";
  readonly budget?: number;
  readonly densificationInterval: number;
  readonly shLower: boolean;
}

/**
 * The options of each preset. The paper sets the multiplier by capture: 15 for outdoor ones, 5 and 2 for rooms; the
 * preset takes 5. Of `"big"` only the caller knows the count.
 */
export const PRESETS: Readonly<Record<Preset, PresetOptions>> = {
  budget: { mode: "multiplier", budget: 5, densificationInterval: 500, shLower: true },
  big: { mode: "final_count", densificationInterval: 100, shLower: true },
};
