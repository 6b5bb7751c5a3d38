// Rows about the training: schedule, optimiser, loss, budget and densification.
//
// Names and defaults follow Taming 3DGS (Mallick et al. 2024), so that existing command lines run.

import { PARITY_PARTS } from "../../train/parity.ts";
import type { OptionRow } from "../option.ts";

export const ITERATION_ROWS = [
  { name: "iterations", kind: "integer", unit: "N", default: 30_000, minimum: 1, help: "training steps" },
] as const satisfies readonly OptionRow[];

export const SH_LOWER_ROWS = [
  {
    name: "sh_lower",
    kind: "flag",
    help: "step the higher spherical harmonics every 16th iteration with the summed gradient",
  },
] as const satisfies readonly OptionRow[];

export const SCHEDULE_ROWS = [
  {
    name: "max_seconds",
    kind: "number",
    unit: "SECONDS",
    minimum: 0,
    help: "stop and save after so much training; loading and evaluation do not count",
  },
  {
    name: "test_iterations",
    kind: "integers",
    unit: "N",
    default: [7000, 30_000],
    help: "evaluate at these; -1: never",
  },
  {
    name: "save_iterations",
    kind: "integers",
    unit: "N",
    default: [7000, 30_000],
    help: "write a PLY at these, and always at the end",
  },
  {
    name: "opacity_reset_interval",
    kind: "integer",
    unit: "N",
    default: 3000,
    minimum: 1,
    help: "lower the opacities every so many iterations while densification lasts",
  },
  { name: "random_background", kind: "flag", help: "a new random background colour in every iteration" },
] as const satisfies readonly OptionRow[];

export const OPACITY_ROWS = [
  {
    name: "high_opacity",
    kind: "flag",
    help: "from --ho_iteration on train the opacity that is used, up to 1, instead of its logit",
  },
  {
    name: "ho_iteration",
    kind: "integer",
    unit: "N",
    default: 15_000,
    minimum: 0,
    help: "where --high_opacity begins, or --parity reference leaves opacities alone; otherwise no effect",
  },
] as const satisfies readonly OptionRow[];

export const PRESET_ROWS = [
  {
    name: "preset",
    kind: "string",
    choices: ["budget", "big"],
    help: "budget: 5 times the points, events every 500; big: a final --budget, every 100; both with --sh_lower",
  },
] as const satisfies readonly OptionRow[];

export const PARITY_ROWS = [
  {
    name: "parity",
    kind: "string",
    unit: "WHAT",
    default: "none",
    help: "reference: train as the authors' implementation does, where it differs, for comparisons; or parts of " +
      `that, such as curve,opacity: ${PARITY_PARTS.join(" ")}`,
  },
] as const satisfies readonly OptionRow[];

export const OPTIMIZER_ROWS = [
  {
    name: "optimizer_type",
    kind: "string",
    choices: ["default", "sparse_adam"],
    default: "default",
    help: "default: Adam; sparse_adam: only the Gaussians in view step, without bias correction",
  },
] as const satisfies readonly OptionRow[];

export const RATE_ROWS = [
  {
    name: "position_lr_init",
    kind: "number",
    default: 0.00016,
    minimum: 0,
    help: "positions, first, times the scene's extent",
  },
  {
    name: "position_lr_final",
    kind: "number",
    default: 0.0000016,
    minimum: 0,
    help: "positions, last, times the scene's extent",
  },
  {
    name: "position_lr_max_steps",
    kind: "integer",
    unit: "N",
    default: 30_000,
    minimum: 1,
    help: "iterations between the two",
  },
  { name: "feature_lr", kind: "number", default: 0.0025, minimum: 0, help: "colour (degree 0)" },
  {
    name: "shfeature_lr",
    kind: "number",
    default: 0.005,
    minimum: 0,
    help: "higher spherical harmonics, divided by 20",
  },
  { name: "opacity_lr", kind: "number", default: 0.025, minimum: 0, help: "opacities" },
  { name: "scaling_lr", kind: "number", default: 0.005, minimum: 0, help: "log-scales" },
  { name: "rotation_lr", kind: "number", default: 0.001, minimum: 0, help: "quaternions" },
  {
    name: "lambda_dssim",
    kind: "number",
    default: 0.2,
    minimum: 0,
    maximum: 1,
    help: "share of D-SSIM in the loss; the rest is L1",
  },
] as const satisfies readonly OptionRow[];

export const BUDGET_ROWS = [
  {
    name: "budget",
    kind: "number",
    unit: "N",
    default: 20,
    minimum: 0,
    help: "target count of Gaussians, as --mode says",
  },
  {
    name: "mode",
    kind: "string",
    choices: ["multiplier", "final_count"],
    default: "multiplier",
    help: "the budget is a multiple of the first points, or the count itself",
  },
  {
    name: "densification_interval",
    kind: "integer",
    unit: "N",
    default: 100,
    minimum: 1,
    help: "iterations between densification events",
  },
  {
    name: "densify_from_iter",
    kind: "integer",
    unit: "N",
    default: 500,
    minimum: 0,
    help: "no event up to this iteration",
  },
  {
    name: "densify_until_iter",
    kind: "integer",
    unit: "N",
    default: 15_000,
    minimum: 0,
    help: "no event from this iteration on",
  },
] as const satisfies readonly OptionRow[];

export const DENSIFICATION_ROWS = [
  {
    name: "densify_grad_threshold",
    kind: "number",
    default: 0.0002,
    minimum: 0,
    help: "gradient that makes a Gaussian a candidate",
  },
  {
    name: "percent_dense",
    kind: "number",
    default: 0.01,
    minimum: 0,
    help: "size that parts cloning from splitting, as a share of the scene's extent",
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
    help: "the budget is an upper bound: grow candidates only, and end below it where they do not suffice",
  },
  { name: "cams", kind: "integer", unit: "N", default: 10, minimum: -1, help: "views scored in an event; -1: all" },
] as const satisfies readonly OptionRow[];
