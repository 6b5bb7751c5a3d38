// What is compared: captures with their flags, and ways of training.

/** A capture and how it is trained. */
export interface Setting {
  name: string;
  /** The capture's folder among the real captures. */
  capture: "fox" | "caliterra";
  /** Sub-folder of its photos. */
  images: string;
  iterations: number;
  flags: readonly string[];
  /** Gaussians that the reference implementation ends with. */
  count: number;
  /** Its budget as a multiple of the initial points. */
  multiplier: number;
}

/** The settings for which results of the reference implementation are known. */
export const SETTINGS: readonly Setting[] = [
  {
    name: "fox-C7",
    capture: "fox",
    images: "images_8",
    iterations: 7000,
    flags: ["--densification_interval=500", "--sh_lower", "--densify_until_iter=5000", "--ho_iteration=5000"],
    count: 29_902,
    multiplier: 2,
  },
  {
    name: "fox-B",
    capture: "fox",
    images: "images_2",
    iterations: 30_000,
    flags: ["--densification_interval=500", "--sh_lower"],
    count: 112_053,
    multiplier: 15,
  },
  {
    name: "caliterra-B",
    capture: "caliterra",
    images: "images_2",
    iterations: 15_000,
    flags: ["--densification_interval=500", "--sh_lower", "--densify_until_iter=10000", "--ho_iteration=10000"],
    count: 213_520,
    multiplier: 5,
  },
];

/** A way of training. */
export interface Variant {
  name: string;
  /** Description for the table. */
  what: string;
  flags: readonly string[];
  /** Whether the budget is the reference's multiple instead of its final count. */
  multiplies?: boolean;
}

/** The defaults, each default replaced by the reference's behaviour, all of them replaced, and optional features. */
export const VARIANTS: readonly Variant[] = [
  { name: "default", what: "the defaults", flags: [] },
  { name: "curve", what: "the reference's curve of counts, which ends below the budget", flags: ["--parity=curve"] },
  {
    name: "selection",
    what: "the reference's events: growth, then pruning by scores out of place; no fill, so no shared opacities",
    flags: ["--parity=selection"],
  },
  { name: "opacity", what: "opacities left alone from --ho_iteration on", flags: ["--parity=opacity"] },
  { name: "rates", what: "constant learning rates, but for that of the means", flags: ["--parity=rates"] },
  { name: "gradient", what: "gradients pass the cap on alpha", flags: ["--parity=gradient"] },
  { name: "cameras", what: "principal points taken as central", flags: ["--parity=cameras"] },
  {
    name: "reference",
    what: "all of these, and the reference's own budget",
    flags: ["--parity=reference"],
    multiplies: true,
  },
  { name: "cap", what: "candidates alone grow", flags: ["--budget_cap"] },
  { name: "unpruned", what: "faint Gaussians stay", flags: ["--min_opacity=0"] },
  { name: "high_opacity", what: "opacities trained as they are used", flags: ["--high_opacity"] },
  { name: "sparse_adam", what: "only Gaussians in view step", flags: ["--optimizer_type=sparse_adam"] },
];

/** The command line of a run after `train`: the later of two flags wins, so `extra` has the last word. */
export function trainArguments(
  setting: Setting,
  variant: Variant,
  run: { source: string; folder: string; seed: number; iterations: number; extra: readonly string[] },
): string[] {
  const { source, folder, seed, iterations, extra } = run;
  const budget = variant.multiplies
    ? ["--mode=multiplier", `--budget=${setting.multiplier}`]
    : ["--mode=final_count", `--budget=${setting.count}`];
  return [
    `--source_path=${source}`,
    `--images=${setting.images}`,
    "--eval",
    ...setting.flags,
    ...budget,
    ...variant.flags,
    `--seed=${seed}`,
    `--iterations=${iterations}`,
    `--test_iterations=${iterations}`,
    `--save_iterations=${iterations}`,
    ...extra,
    `--model_path=${folder}`,
    "--quiet",
    "--json",
  ];
}
