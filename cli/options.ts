// The options of every verb, one row each. Verbs build their tables from the groups of rows in options/.

import { COMPATIBILITY_ROWS, PIPELINE_ROWS } from "./compatibility.ts";
import type { OptionGroup, OptionRow } from "./option.ts";
import {
  BACKGROUND_ROWS,
  CAPTURE_ROWS,
  DATA_DEVICE_ROWS,
  inFrontOfCamera,
  INIT_ROWS,
  NEAR_ROWS,
  noZeroWidth,
  PHOTO_ROWS,
  SH_DEGREE_ROWS,
  WIDEST,
} from "./options/capture_rows.ts";
import { CLUSTER_ROWS, DATASET_ROWS, GPU_ROWS, PROTOCOL_ROWS, STAGE_ROWS } from "./options/full_eval_rows.ts";
import { CONFIG_ROWS, DEVICE_ROWS, JSON_ROWS, LPIPS_ROWS, REPORT_ROWS, SEED_ROWS } from "./options/common_rows.ts";
import {
  BUDGET_ROWS,
  DENSIFICATION_ROWS,
  ITERATION_ROWS,
  OPACITY_ROWS,
  OPTIMIZER_ROWS,
  PARITY_ROWS,
  PRESET_ROWS,
  RATE_ROWS,
  SCHEDULE_ROWS,
  SH_LOWER_ROWS,
} from "./options/training_rows.ts";

/** Options of `train`. */
export const TRAIN_OPTIONS = [
  {
    title: "Capture and model folder",
    rows: [
      ...CAPTURE_ROWS,
      ...PHOTO_ROWS,
      ...INIT_ROWS,
      ...BACKGROUND_ROWS,
      ...SH_DEGREE_ROWS,
      ...DATA_DEVICE_ROWS,
      ...NEAR_ROWS,
    ],
  },
  { title: "Setting", rows: [...PRESET_ROWS, ...PARITY_ROWS] },
  { title: "Schedule", rows: [...ITERATION_ROWS, ...SCHEDULE_ROWS, ...SH_LOWER_ROWS, ...OPACITY_ROWS] },
  { title: "Budget and densification", rows: [...BUDGET_ROWS, ...DENSIFICATION_ROWS] },
  { title: "Optimiser and loss", rows: [...OPTIMIZER_ROWS, ...RATE_ROWS] },
  { title: "Device", rows: [...DEVICE_ROWS, ...SEED_ROWS] },
  { title: "Reports", rows: [...REPORT_ROWS, ...CONFIG_ROWS] },
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
  { name: "eval", kind: "flag", help: "hold out the test views, also where the model was trained without" },
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

const pictured = [
  {
    name: "path",
    kind: "string",
    unit: "orbit|spiral|FILE",
    help:
      "render a camera path instead of the views: around the scene, about the mean camera, or through the keyframes " +
      "of a JSON file as the guide describes it",
  },
  { name: "frames", kind: "integer", unit: "N", default: 120, minimum: 1, maximum: 99_999, help: "frames of the path" },
  {
    name: "fps",
    kind: "number",
    unit: "N",
    default: 30,
    minimum: 1,
    maximum: 240,
    help: "frames a second of the video",
  },
  { name: "video", kind: "string", choices: ["mp4", "webm"], help: "also a video of the path, made by ffmpeg" },
  { name: "depth", kind: "flag", help: "also depths, as grey PNG files of 16 bits; 0 where there is nothing" },
  {
    name: "depth_scale",
    kind: "number",
    unit: "N",
    default: 1000,
    minimum: 0.001,
    help: "steps of the depths a world unit; 65 535 steps and more are 65 535",
  },
  { name: "alpha", kind: "flag", help: "also opacities, as grey PNG files" },
] as const satisfies readonly OptionRow[];

const renderedNoEffect = [
  { name: "sh_degree", kind: "integer", unit: "N", help: "no effect: the PLY has its degree" },
  { name: "data_device", kind: "string", help: "no effect: photos are read one at a time" },
] as const satisfies readonly OptionRow[];

/** Options of `render`; what is not given comes from the model folder. */
export const RENDER_OPTIONS = [
  { title: "Model and capture", rows: rendered },
  { title: "Pictures", rows: pictured },
  { title: "Device", rows: DEVICE_ROWS },
  { title: "Reports", rows: REPORT_ROWS },
  { title: "Accepted for compatibility", rows: [...renderedNoEffect, ...PIPELINE_ROWS] },
] as const satisfies readonly OptionGroup[];

const scored = [
  { name: "model_paths", short: "m", kind: "strings", unit: "PATH", default: [], help: "folders of rendered models" },
] as const satisfies readonly OptionRow[];

/** Options of `metrics`. */
export const METRICS_OPTIONS = [
  { title: "Models", rows: [...scored, ...LPIPS_ROWS] },
  { title: "Device", rows: DEVICE_ROWS },
  { title: "Reports", rows: REPORT_ROWS },
] as const satisfies readonly OptionGroup[];

/** Options of `convert`; what to convert is a positional argument. */
export const CONVERT_OPTIONS = [
  {
    title: "LPIPS weights",
    rows: [
      { name: "backbone", kind: "string", unit: "FILE", help: "torchvision's VGG16 or AlexNet: .pth or safetensors" },
      { name: "linear", kind: "string", unit: "FILE", help: "LPIPS's linear layers for it, version 0.1" },
      { name: "output", short: "o", kind: "string", unit: "FILE", help: "file to write" },
    ],
  },
  { title: "Reports", rows: REPORT_ROWS },
] as const satisfies readonly OptionGroup[];

/** Options of `info`; the capture or PLY is a positional argument. */
export const INFO_OPTIONS = [
  { title: "Capture", rows: [...PHOTO_ROWS, ...INIT_ROWS] },
  {
    title: "Memory plan",
    rows: [...PRESET_ROWS, ...BUDGET_ROWS, ...ITERATION_ROWS, ...SH_DEGREE_ROWS, ...SH_LOWER_ROWS, ...OPTIMIZER_ROWS],
  },
  { title: "Reports", rows: JSON_ROWS },
] as const satisfies readonly OptionGroup[];

/** Options of `doctor`. */
export const DOCTOR_OPTIONS = [
  { title: "Reports", rows: JSON_ROWS },
] as const satisfies readonly OptionGroup[];

const computed = DEVICE_ROWS.filter((row) => row.name !== "device");

/** Options of `full-eval`; what follows a double dash are options of `train`. */
export const FULL_EVAL_OPTIONS = [
  { title: "Scenes", rows: DATASET_ROWS },
  { title: "Protocol", rows: [...PROTOCOL_ROWS, ...STAGE_ROWS, ...LPIPS_ROWS] },
  { title: "Device", rows: [...GPU_ROWS, ...computed] },
  { title: "Cluster", rows: CLUSTER_ROWS },
  { title: "Reports", rows: REPORT_ROWS },
] as const satisfies readonly OptionGroup[];
