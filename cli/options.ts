// The options of every verb: groups of rows, from the library's option tables and from options/.

import { type OptionRow, rowNamed, rowsNamed } from "../base/option.ts";
import { DEVICE_ROWS } from "../ffi/option_table.ts";
import { LOAD_ROWS } from "../load/option_table.ts";
import {
  CHECKPOINT_ROWS,
  DENSIFICATION_ROWS,
  MODEL_ROWS,
  OPTIMIZER_ROWS,
  SCHEDULE_ROWS,
  SETTING_ROWS,
  TRAIN_ROWS,
} from "../train/option_table.ts";
import { EXPOSURE_ROWS } from "../train/exposure/option_rows.ts";
import { EXPORT_ROWS } from "../export/option_table.ts";
import { COMPATIBILITY_ROWS, PIPELINE_ROWS } from "./compatibility.ts";
import type { OptionGroup } from "./option.ts";
import {
  COMPUTE_ROWS,
  CONFIG_ROWS,
  FOLDER_ROWS,
  JSON_ROWS,
  LPIPS_ROWS,
  REPORT_ROWS,
  RESUME_ROWS,
} from "./options/common_rows.ts";
import { OUTPUT_ROWS, PHOTO_ROWS, WEIGHT_ROWS } from "./options/convert_rows.ts";
import { EXPORT_AT_END_ROWS, EXPORTED_ROWS } from "./options/export_rows.ts";
import { CLUSTER_ROWS, DATASET_ROWS, GPU_ROWS, PROTOCOL_ROWS, STAGE_ROWS } from "./options/full_eval_rows.ts";
import { IMAGE_ROWS, RENDER_COMPATIBILITY_ROWS, RENDERED_ROWS } from "./options/render_rows.ts";
import { ADDRESS_ROWS, FORM_ROWS, VIEW_ROWS } from "./options/view_rows.ts";
import type { VerbName } from "./verbs.ts";

/** What is read of a capture. */
const SCENE_ROWS = rowsNamed(
  LOAD_ROWS,
  "images",
  "resolution",
  "eval",
  "test_every",
  "test_offset",
  "init",
  "sky",
  "random_points",
  "allow_outside",
  "missing",
  "undistort_fov",
);

/** Options of `train`. */
export const TRAIN_OPTIONS = [
  {
    title: "Capture and model folder",
    rows: [
      ...FOLDER_ROWS,
      ...SCENE_ROWS,
      rowNamed(LOAD_ROWS, "near"),
      ...MODEL_ROWS,
      ...EXPORT_AT_END_ROWS,
    ],
  },
  { title: "Preset and parity", rows: SETTING_ROWS },
  { title: "Schedule", rows: SCHEDULE_ROWS },
  { title: "Checkpoints", rows: [...CHECKPOINT_ROWS, ...RESUME_ROWS] },
  { title: "Budget and densification", rows: DENSIFICATION_ROWS },
  { title: "Optimiser and loss", rows: OPTIMIZER_ROWS },
  { title: "Exposure of the photos", rows: EXPOSURE_ROWS },
  { title: "Device", rows: DEVICE_ROWS },
  { title: "Reports", rows: [...REPORT_ROWS, ...CONFIG_ROWS] },
  { title: "Viewer", rows: VIEW_ROWS },
  { title: "Accepted for compatibility", rows: [...PIPELINE_ROWS, ...COMPATIBILITY_ROWS] },
] as const satisfies readonly OptionGroup[];

/** Options of `render`; those not given come from the model folder. */
export const RENDER_OPTIONS = [
  { title: "Model and capture", rows: RENDERED_ROWS },
  { title: "Images", rows: IMAGE_ROWS },
  { title: "Device", rows: COMPUTE_ROWS },
  { title: "Reports", rows: REPORT_ROWS },
  { title: "Accepted for compatibility", rows: [...RENDER_COMPATIBILITY_ROWS, ...PIPELINE_ROWS] },
] as const satisfies readonly OptionGroup[];

const SCORED_ROWS = [
  { name: "model_paths", short: "m", kind: "paths", unit: "PATH", default: [], help: "folders of rendered models" },
] as const satisfies readonly OptionRow[];

/** Options of `metrics`. */
export const METRICS_OPTIONS = [
  { title: "Models", rows: [...SCORED_ROWS, ...LPIPS_ROWS] },
  { title: "Device", rows: COMPUTE_ROWS },
  { title: "Reports", rows: REPORT_ROWS },
] as const satisfies readonly OptionGroup[];

/** Options of `export`; the model folder or file is a positional argument. */
export const EXPORT_OPTIONS = [
  { title: "Files", rows: [...EXPORTED_ROWS, rowNamed(RENDERED_ROWS, "iteration")] },
  { title: "Changes, in this order", rows: EXPORT_ROWS },
  { title: "Reports", rows: REPORT_ROWS },
] as const satisfies readonly OptionGroup[];

/** Options of `view`; the model folders or files are positional arguments. */
export const VIEW_OPTIONS = [
  { title: "Models", rows: [rowNamed(RENDERED_ROWS, "iteration"), ...FORM_ROWS] },
  { title: "Page", rows: ADDRESS_ROWS },
  { title: "Reports", rows: REPORT_ROWS },
] as const satisfies readonly OptionGroup[];

/** Options of `convert`; the folder of photos, or `lpips`, is a positional argument. */
export const CONVERT_OPTIONS = [
  { title: "Photos", rows: PHOTO_ROWS },
  { title: "LPIPS weights", rows: WEIGHT_ROWS },
  { title: "Output", rows: OUTPUT_ROWS },
  { title: "Reports", rows: REPORT_ROWS },
] as const satisfies readonly OptionGroup[];

/** Options of `info`; the capture or PLY is a positional argument. */
export const INFO_OPTIONS = [
  { title: "Capture", rows: SCENE_ROWS },
  {
    title: "Memory plan",
    rows: rowsNamed(
      TRAIN_ROWS,
      "preset",
      "strategy",
      "budget",
      "mode",
      "densification_interval",
      "densify_from_iter",
      "densify_until_iter",
      "iterations",
      "sh_degree",
      "sh_lower",
      "optimizer_type",
      "views_per_step",
      "antialiasing",
      "data_device",
      "photo_cache",
    ),
  },
  { title: "Device", rows: rowsNamed(DEVICE_ROWS, "backend", "device") },
  { title: "Reports", rows: JSON_ROWS },
] as const satisfies readonly OptionGroup[];

/** Options of `doctor`. */
export const DOCTOR_OPTIONS = [
  { title: "Reports", rows: JSON_ROWS },
] as const satisfies readonly OptionGroup[];

const DEMO_ROWS = [
  { ...rowNamed(FOLDER_ROWS, "model_path"), default: "out/demo", help: "folder to write" },
  // Reaches 33 dB on the held-out views in well under a minute on two cores.
  { ...rowNamed(TRAIN_ROWS, "iterations"), default: 600, help: "training steps" },
] as const satisfies readonly OptionRow[];

/** Options of `demo`. */
export const DEMO_OPTIONS = [
  { title: "Demo", rows: DEMO_ROWS },
  { title: "Device", rows: rowsNamed(DEVICE_ROWS, "backend", "threads") },
] as const satisfies readonly OptionGroup[];

/** Options of `full-eval`; what follows a double dash are options of `train`. */
export const FULL_EVAL_OPTIONS = [
  { title: "Scenes", rows: DATASET_ROWS },
  { title: "Protocol", rows: [...PROTOCOL_ROWS, ...STAGE_ROWS, ...LPIPS_ROWS] },
  { title: "Device", rows: [...GPU_ROWS, ...rowsNamed(DEVICE_ROWS, "backend", "threads", "memory_limit")] },
  { title: "Cluster", rows: CLUSTER_ROWS },
  { title: "Reports", rows: REPORT_ROWS },
] as const satisfies readonly OptionGroup[];

/** A verb, or the benchmark, which has a task of its own. */
export type CommandName = VerbName | "full-eval";

/** The options of every command, in the order of the options page. */
export const OPTIONS: Readonly<Record<CommandName, readonly OptionGroup[]>> = {
  train: TRAIN_OPTIONS,
  render: RENDER_OPTIONS,
  metrics: METRICS_OPTIONS,
  "full-eval": FULL_EVAL_OPTIONS,
  export: EXPORT_OPTIONS,
  view: VIEW_OPTIONS,
  convert: CONVERT_OPTIONS,
  info: INFO_OPTIONS,
  doctor: DOCTOR_OPTIONS,
  demo: DEMO_OPTIONS,
  completion: [],
};
