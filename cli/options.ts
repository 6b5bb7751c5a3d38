// The options of every verb, one row each. Verbs build their tables from the groups below.
//
// Names and defaults follow Taming 3DGS (Mallick et al. 2024), so that existing command lines run.

import { DEFAULT_NEAR } from "../load/camera.ts";
import { COMPATIBILITY_ROWS, PIPELINE_ROWS } from "./compatibility.ts";
import type { OptionGroup, OptionRow, OptionValue } from "./option.ts";

/** Pixels across that a photo may have at most. */
const WIDEST = 16_384;

function inFrontOfCamera(value: OptionValue): string | undefined {
  return value === 0 ? "the near plane lies in front of the camera" : undefined;
}

function noZeroWidth(value: OptionValue): string | undefined {
  return value === 0 ? "a photo cannot be 0 wide" : undefined;
}

const capture = [
  { name: "source_path", short: "s", kind: "string", unit: "PATH", default: "", help: "folder of the capture" },
  {
    name: "model_path",
    short: "m",
    kind: "string",
    unit: "PATH",
    default: "",
    help: "folder to write; empty: ./output/<random name>",
  },
] as const satisfies readonly OptionRow[];

const photos = [
  {
    name: "images",
    short: "i",
    kind: "string",
    unit: "NAME",
    default: "images",
    help: "sub-folder of the capture that holds the photos",
  },
  {
    name: "resolution",
    short: "r",
    kind: "integer",
    unit: "N",
    default: -1,
    minimum: -1,
    maximum: WIDEST,
    help: "1, 2, 4, 8: divide the photos' size by this; -1: at most 1600 wide; any other: this width",
    refuse: noZeroWidth,
  },
  { name: "eval", kind: "flag", help: "hold out every 8th photo as the test set" },
] as const satisfies readonly OptionRow[];

const background = [
  { name: "white_background", short: "w", kind: "flag", help: "white background instead of black" },
] as const satisfies readonly OptionRow[];

const shDegree = [
  {
    name: "sh_degree",
    kind: "integer",
    unit: "N",
    default: 3,
    minimum: 0,
    maximum: 3,
    help: "highest degree of the spherical harmonics",
  },
] as const satisfies readonly OptionRow[];

const dataDevice = [
  {
    name: "data_device",
    kind: "string",
    choices: ["cuda", "cpu"],
    default: "cuda",
    help: "where the photos live: on the training device, or in host memory",
  },
] as const satisfies readonly OptionRow[];

const iterations = [
  { name: "iterations", kind: "integer", unit: "N", default: 30_000, minimum: 1, help: "training steps" },
] as const satisfies readonly OptionRow[];

const shLower = [
  {
    name: "sh_lower",
    kind: "flag",
    help: "step the higher spherical harmonics every 16th iteration with the summed gradient",
  },
] as const satisfies readonly OptionRow[];

const schedule = [
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

const optimizer = [
  {
    name: "optimizer_type",
    kind: "string",
    choices: ["default", "sparse_adam"],
    default: "default",
    help: "default: Adam; sparse_adam: only the Gaussians in view step, without bias correction",
  },
] as const satisfies readonly OptionRow[];

const rates = [
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

const budget = [
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

const densification = [
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

/** Rows of every verb that computes. */
export const DEVICE_ROWS = [
  {
    name: "backend",
    kind: "string",
    choices: ["auto", "cuda", "cpu"],
    default: "auto",
    help: "what to compute on; auto: the GPU if one can be used",
  },
  { name: "device", kind: "integer", unit: "N", default: 0, minimum: 0, help: "index of the GPU" },
  {
    name: "threads",
    kind: "integer",
    unit: "N",
    default: 0,
    minimum: 0,
    maximum: 256,
    help: "threads of the CPU backend; 0: one per hardware thread",
  },
  {
    name: "memory_limit",
    kind: "bytes",
    unit: "BYTES",
    default: 0,
    minimum: 0,
    help: "the most device memory to use (8G, 512M); 0: no limit",
  },
] as const satisfies readonly OptionRow[];

const randomness = [
  {
    name: "seed",
    kind: "integer",
    unit: "N",
    default: 0,
    minimum: 0,
    help: "of every random number; the same seed gives the same PLY",
  },
] as const satisfies readonly OptionRow[];

const near = [
  {
    name: "near",
    kind: "number",
    unit: "DEPTH",
    default: DEFAULT_NEAR,
    minimum: 0,
    help: "near plane in world units",
    refuse: inFrontOfCamera,
  },
] as const satisfies readonly OptionRow[];

const json = [
  { name: "json", kind: "flag", help: "one JSON object per line on the standard output" },
] as const satisfies readonly OptionRow[];

/** Rows of every verb that reports. */
export const REPORT_ROWS = [
  { name: "quiet", kind: "flag", help: "only warnings, errors and, on a terminal, the bar" },
  ...json,
] as const satisfies readonly OptionRow[];

const config = [
  {
    name: "config",
    kind: "string",
    unit: "FILE",
    help: "read options from a JSON file, such as the config.json of an earlier run; options on the command line win " +
      "(--eval=false clears a flag)",
  },
] as const satisfies readonly OptionRow[];

/** Options of `train`. */
export const TRAIN_OPTIONS = [
  {
    title: "Capture and model folder",
    rows: [...capture, ...photos, ...background, ...shDegree, ...dataDevice, ...near],
  },
  { title: "Schedule", rows: [...iterations, ...schedule, ...shLower] },
  { title: "Budget and densification", rows: [...budget, ...densification] },
  { title: "Optimiser and loss", rows: [...optimizer, ...rates] },
  { title: "Device", rows: [...DEVICE_ROWS, ...randomness] },
  { title: "Reports", rows: [...REPORT_ROWS, ...config] },
  { title: "Accepted for compatibility", rows: [...PIPELINE_ROWS, ...COMPATIBILITY_ROWS] },
] as const satisfies readonly OptionGroup[];

const AS_TRAINED = "unset: as the model was trained";

const rendered = [
  { name: "model_path", short: "m", kind: "string", unit: "PATH", default: "", help: "folder of the trained model" },
  { name: "source_path", short: "s", kind: "string", unit: "PATH", help: `folder of the capture; ${AS_TRAINED}` },
  { name: "images", short: "i", kind: "string", unit: "NAME", help: `sub-folder of the photos; ${AS_TRAINED}` },
  {
    name: "resolution",
    short: "r",
    kind: "integer",
    unit: "N",
    minimum: -1,
    maximum: WIDEST,
    help: `as for train; ${AS_TRAINED}`,
    refuse: noZeroWidth,
  },
  { name: "eval", kind: "flag", help: "hold out every 8th photo, also where the model was trained without" },
  {
    name: "white_background",
    short: "w",
    kind: "flag",
    help: "white background, also where the model was trained on black",
  },
  { name: "iteration", kind: "integer", unit: "N", default: -1, minimum: -1, help: "which saved PLY; -1: the last" },
  { name: "skip_train", kind: "flag", help: "leave out the training views" },
  { name: "skip_test", kind: "flag", help: "leave out the test views" },
  {
    name: "near",
    kind: "number",
    unit: "DEPTH",
    minimum: 0,
    help: `near plane in world units; ${AS_TRAINED}`,
    refuse: inFrontOfCamera,
  },
] as const satisfies readonly OptionRow[];

const renderedNoEffect = [
  { name: "sh_degree", kind: "integer", unit: "N", help: "no effect: the PLY has its degree" },
  { name: "data_device", kind: "string", help: "no effect: photos are read one at a time" },
] as const satisfies readonly OptionRow[];

/** Options of `render`; what is not given comes from the model folder. */
export const RENDER_OPTIONS = [
  { title: "Model and capture", rows: rendered },
  { title: "Device", rows: DEVICE_ROWS },
  { title: "Reports", rows: REPORT_ROWS },
  { title: "Accepted for compatibility", rows: [...renderedNoEffect, ...PIPELINE_ROWS] },
] as const satisfies readonly OptionGroup[];

const scored = [
  { name: "model_paths", short: "m", kind: "strings", unit: "PATH", default: [], help: "folders of rendered models" },
] as const satisfies readonly OptionRow[];

/** Options of `metrics`. */
export const METRICS_OPTIONS = [
  { title: "Models", rows: scored },
  { title: "Device", rows: DEVICE_ROWS },
  { title: "Reports", rows: REPORT_ROWS },
] as const satisfies readonly OptionGroup[];

/** Options of `info`; the capture or PLY is a positional argument. */
export const INFO_OPTIONS = [
  { title: "Capture", rows: photos },
  { title: "Memory plan", rows: [...budget, ...iterations, ...shDegree, ...shLower, ...optimizer] },
  { title: "Reports", rows: json },
] as const satisfies readonly OptionGroup[];

/** Options of `doctor`. */
export const DOCTOR_OPTIONS = [
  { title: "Reports", rows: json },
] as const satisfies readonly OptionGroup[];
