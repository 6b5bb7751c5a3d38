// The options of train. Names and defaults are those of Taming 3DGS (Mallick et al. 2024): existing command lines run.

import { type OptionRow, type OptionValue, UINT32_MAX } from "../base/option.ts";
import { EXPOSURE_ROWS } from "./exposure/option_rows.ts";
import { PARITY_PARTS, parityParts } from "./parity.ts";
import { type Preset, PRESETS } from "./presets.ts";
import { STRATEGY_OPTIONS, type StrategyName } from "./strategy_options.ts";

/** What is trained, and where the photos are kept. */
export const MODEL_ROWS = [
  { name: "white_background", short: "w", kind: "flag", help: "white background instead of black" },
  {
    name: "sh_degree",
    kind: "integer",
    unit: "N",
    default: 3,
    minimum: 0,
    maximum: 3,
    help: "highest degree of the spherical harmonics",
  },
  {
    name: "data_device",
    kind: "string",
    choices: ["cuda", "cpu", "disk"],
    default: "cuda",
    help: "where the photos are kept: on the training device, in host memory, or in their files, decoded as needed",
  },
  {
    name: "photo_cache",
    kind: "bytes",
    unit: "BYTES",
    default: 2 ** 31,
    minimum: 1,
    help: "with --data_device disk: maximum host memory for decoded photos (8G, 512M)",
  },
] as const satisfies readonly OptionRow[];

/** Options that set others. */
export const SETTING_ROWS = [
  {
    name: "preset",
    kind: "string",
    choices: Object.keys(PRESETS) as Preset[],
    help: "budget: 5 times the points, an event every 500 iterations; big: --budget as the final count, an event " +
      "every 100; both with --sh_lower; fast: strategy absgrad, 10 000 iterations, random backgrounds",
  },
  {
    name: "parity",
    kind: "string",
    unit: "WHAT",
    default: "none",
    help: "reference: train as the authors' implementation does, for comparisons; or parts of that, " +
      `joined by commas, such as curve,opacity: ${PARITY_PARTS.join(" ")}`,
    reject: (value: OptionValue) =>
      parityParts(value) === undefined
        ? `it takes "none", "reference", or some of ${PARITY_PARTS.join(", ")}`
        : undefined,
  },
] as const satisfies readonly OptionRow[];

/** The schedule. */
export const SCHEDULE_ROWS = [
  {
    name: "iterations",
    kind: "integer",
    unit: "N",
    default: 30_000,
    minimum: 1,
    maximum: UINT32_MAX,
    help: "training steps; the schedule scales with them if none of its options is given, see docs/guide/train.md",
  },
  {
    name: "max_seconds",
    kind: "number",
    unit: "SECONDS",
    default: Infinity,
    above: 0,
    maximum: Infinity,
    help: "as many iterations as fill this training time; loading and evaluation do not count",
  },
  {
    name: "test_iterations",
    kind: "integers",
    unit: "N",
    minimum: 1,
    sentinel: -1,
    help: "evaluate at these iterations; -1: never; unset: at 7000, 30 000 and, if views are held out, the last one",
  },
  {
    name: "save_iterations",
    kind: "integers",
    unit: "N",
    default: [7000, 30_000],
    minimum: 1,
    sentinel: -1,
    help: "write a PLY at these iterations, and always at the end; -1: only at the end",
  },
  {
    name: "preview_iterations",
    kind: "integers",
    unit: "N",
    minimum: 1,
    sentinel: -1,
    help:
      "write a held-out view, render beside photo, into previews/ at these iterations, and a sheet of all at the end",
  },
  {
    name: "opacity_reset_interval",
    kind: "integer",
    unit: "N",
    default: 3000,
    minimum: 1,
    maximum: UINT32_MAX,
    scaledMinimum: 1000,
    help: "iterations between opacity resets, up to --densify_until_iter",
  },
  {
    name: "sh_degree_interval",
    kind: "integer",
    unit: "N",
    default: 1000,
    minimum: 1,
    maximum: UINT32_MAX,
    scaledMinimum: 1,
    help: "iterations between increments of the degree of the spherical harmonics",
  },
  {
    name: "antialiasing",
    kind: "flag",
    help: "train for renders at any size and distance: anti-aliased, with no Gaussian finer than the photos resolve",
  },
  { name: "random_background", kind: "flag", help: "a new random background colour in every iteration" },
  {
    name: "sh_lower",
    kind: "flag",
    help:
      "step the higher spherical harmonics every 16th iteration with the summed gradient; absgrad does so by default",
  },
  {
    name: "high_opacity",
    kind: "flag",
    help: "from --ho_iteration on, train the opacity itself, up to 1, instead of its logit",
  },
  {
    name: "ho_iteration",
    kind: "integer",
    unit: "N",
    default: 15_000,
    minimum: 0,
    maximum: UINT32_MAX,
    scaledMinimum: 0,
    help: "where --high_opacity starts, or --parity reference stops training opacities; otherwise no effect",
  },
] as const satisfies readonly OptionRow[];

/** Checkpoints. */
export const CHECKPOINT_ROWS = [
  {
    name: "checkpoint_iterations",
    kind: "integers",
    unit: "N",
    minimum: 1,
    sentinel: -1,
    help: "write a checkpoint after these iterations, beside those of --checkpoint_seconds",
  },
  {
    name: "checkpoint_seconds",
    kind: "number",
    unit: "SECONDS",
    default: 60,
    minimum: 0,
    sentinel: -1,
    help: "time between two checkpoints, longer where one takes more than 3 % of it; -1: only at " +
      "--checkpoint_iterations",
  },
  {
    name: "start_checkpoint",
    kind: "path",
    unit: "FILE",
    help: "continue the run of this checkpoint, with its options",
  },
] as const satisfies readonly OptionRow[];

/** Budget and densification. */
export const DENSIFICATION_ROWS = [
  {
    name: "strategy",
    kind: "string",
    choices: Object.keys(STRATEGY_OPTIONS) as StrategyName[],
    default: "taming",
    help: "how Gaussians are added and removed: by scores (taming), by absolute gradients while opacities decay " +
      "(absgrad), by relocating faint ones (mcmc), or by gradients alone (adc)",
  },
  {
    name: "budget",
    kind: "number",
    unit: "N",
    default: 20,
    above: 0,
    help: "target count of Gaussians; its meaning depends on --mode",
  },
  {
    name: "mode",
    kind: "string",
    choices: ["multiplier", "final_count"],
    default: "multiplier",
    help: "multiplier: the budget is a multiple of the initial points; final_count: it is the count",
  },
  {
    name: "fit",
    kind: "flag",
    help: "lower the budget to what fits in the memory, or in --memory_limit, if it does not",
  },
  {
    name: "densification_interval",
    kind: "integer",
    unit: "N",
    default: 100,
    minimum: 1,
    maximum: UINT32_MAX,
    scaledMinimum: 50,
    help: "iterations between densification events",
  },
  {
    name: "densify_from_iter",
    kind: "integer",
    unit: "N",
    default: 500,
    minimum: 0,
    maximum: UINT32_MAX,
    scaledMinimum: 0,
    help: "no event up to this iteration",
  },
  {
    name: "densify_until_iter",
    kind: "integer",
    unit: "N",
    default: 15_000,
    minimum: 0,
    maximum: UINT32_MAX,
    scaledMinimum: 0,
    help: "no event from this iteration on",
  },
  {
    name: "densify_grad_threshold",
    kind: "number",
    default: 0.0002,
    minimum: 0,
    help: "mean gradient of the 2D mean from which a Gaussian is a candidate",
  },
  {
    name: "percent_dense",
    kind: "number",
    default: 0.01,
    minimum: 0,
    help: "size above which a candidate is split instead of cloned, in scene extents",
  },
  {
    name: "min_opacity",
    kind: "number",
    default: 0.005,
    minimum: 0,
    maximum: 1,
    help: "opacity below which an event may prune a Gaussian",
  },
  {
    name: "budget_cap",
    kind: "flag",
    help: "the budget is an upper bound: grow candidates only, and end below it if there are too few",
  },
  {
    name: "cams",
    kind: "integer",
    unit: "N",
    default: 10,
    minimum: 0,
    maximum: UINT32_MAX,
    sentinel: -1,
    help: "training views scored in a densification event; -1: all",
  },
] as const satisfies readonly OptionRow[];

/**
 * Optimiser and loss. A step moves a parameter by about its learning rate. The largest rates are those with which one
 * step crosses the whole range of sensible values: a scene extent; 10 for colour coefficients, logits, log-scales and
 * quaternions. All are more than 100 times the default.
 */
export const OPTIMIZER_ROWS = [
  {
    name: "optimizer_type",
    kind: "string",
    choices: ["default", "sparse_adam"],
    default: "default",
    help: "default: Adam; sparse_adam: Adam on the visible Gaussians only, without bias correction",
  },
  {
    name: "views_per_step",
    kind: "integer",
    choices: [1, 2, 4, 8, 16, 32, 64],
    default: 1,
    help: "views whose gradients are averaged for one step",
  },
  {
    name: "position_lr_init",
    kind: "number",
    default: 0.00016,
    minimum: 0,
    maximum: 1,
    help: "initial learning rate of positions, in scene extents",
  },
  {
    name: "position_lr_final",
    kind: "number",
    default: 0.0000016,
    minimum: 0,
    maximum: 1,
    help: "final learning rate of positions, in scene extents",
  },
  {
    name: "position_lr_max_steps",
    kind: "integer",
    unit: "N",
    default: 30_000,
    minimum: 1,
    maximum: UINT32_MAX,
    scaledMinimum: 30_000,
    help: "iterations from the initial to the final learning rate of positions",
  },
  {
    name: "feature_lr",
    kind: "number",
    default: 0.0025,
    minimum: 0,
    maximum: 10,
    help: "learning rate of colour (degree 0)",
  },
  {
    name: "shfeature_lr",
    kind: "number",
    default: 0.005,
    minimum: 0,
    maximum: 200,
    help: "20 times the learning rate of the higher spherical harmonics",
  },
  { name: "opacity_lr", kind: "number", default: 0.025, minimum: 0, maximum: 10, help: "learning rate of opacities" },
  { name: "scaling_lr", kind: "number", default: 0.005, minimum: 0, maximum: 10, help: "learning rate of log-scales" },
  {
    name: "rotation_lr",
    kind: "number",
    default: 0.001,
    minimum: 0,
    maximum: 10,
    help: "learning rate of quaternions",
  },
  {
    name: "lambda_dssim",
    kind: "number",
    default: 0.2,
    minimum: 0,
    maximum: 1,
    help: "weight of 1 - SSIM in the loss; the rest is L1",
  },
  {
    name: "lambda_depth",
    kind: "number",
    default: 0,
    minimum: 0,
    maximum: 1000,
    help: "weight of the inverse depths of the capture's points in the loss, per scene extent; 0: none; 0.01 is usual",
  },
  {
    name: "on_divergence",
    kind: "string",
    choices: ["stop", "continue"],
    default: "stop",
    help: "what a run does whose loss or Gaussians are no longer finite, or whose loss is far above its start: save " +
      "and stop with an error, or continue with a warning",
  },
] as const satisfies readonly OptionRow[];

/** Rows of `TrainOptions`; `signal` and `controller` have no flags. */
export const TRAIN_ROWS = [
  ...MODEL_ROWS,
  ...SETTING_ROWS,
  ...SCHEDULE_ROWS,
  ...CHECKPOINT_ROWS,
  ...DENSIFICATION_ROWS,
  ...OPTIMIZER_ROWS,
  ...EXPOSURE_ROWS,
] as const satisfies readonly OptionRow[];
