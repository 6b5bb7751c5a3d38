// Rows of the benchmark: which scenes, how they are trained, what is left out, where it runs.

import { type OptionRow, rowNamed } from "../../base/option.ts";
import { TRAIN_ROWS } from "../../train/option_table.ts";

export const DATASET_ROWS = [
  { name: "mipnerf360", short: "m360", kind: "path", unit: "DIR", help: "folder of the Mip-NeRF 360 scenes" },
  {
    name: "tanksandtemples",
    short: "tat",
    kind: "path",
    unit: "DIR",
    help: "folder of the Tanks and Temples scenes",
  },
  { name: "deepblending", short: "db", kind: "path", unit: "DIR", help: "folder of the Deep Blending scenes" },
  {
    name: "dataset",
    kind: "paths",
    unit: "FILE",
    default: [],
    help: "scenes of your own: JSON files as the guide describes them",
  },
  { name: "scenes", kind: "strings", unit: "NAME", default: [], help: "only these scenes" },
  {
    name: "output_path",
    kind: "path",
    unit: "DIR",
    default: "./out/full_eval",
    help: "folder for models and reports",
  },
] as const satisfies readonly OptionRow[];

export const PROTOCOL_ROWS = [
  {
    name: "mode",
    kind: "string",
    choices: ["budget", "big"],
    default: "big",
    help: "the paper's setting: multiples of the points, or the counts of 3D Gaussian Splatting",
  },
  { ...rowNamed(TRAIN_ROWS, "optimizer_type"), help: "as for train; of the paper's scenes" },
  {
    ...rowNamed(TRAIN_ROWS, "sh_lower"),
    help: "as for train; of the paper's scenes, whose published numbers have it",
  },
] as const satisfies readonly OptionRow[];

export const STAGE_ROWS = [
  { name: "skip_training", kind: "flag", help: "take the models that are there" },
  { name: "skip_rendering", kind: "flag", help: "take the images that are there" },
  { name: "skip_metrics", kind: "flag", help: "take the scores that are there" },
  { name: "skip_report", kind: "flag", help: "write no reports" },
  { name: "resume", kind: "flag", help: "leave out what an earlier, interrupted run has finished in the same way" },
  { name: "dry_run", kind: "flag", help: "only print the commands" },
] as const satisfies readonly OptionRow[];

export const GPU_ROWS = [
  {
    name: "gpus",
    kind: "integers",
    unit: "N",
    default: [0],
    minimum: 0,
    help: "indices of the GPUs to use: one scene on each at a time, the largest first",
  },
] as const satisfies readonly OptionRow[];

export const CLUSTER_ROWS = [
  {
    name: "emit",
    kind: "string",
    choices: ["slurm", "k8s"],
    help: "print a Slurm array script, or a Kubernetes indexed Job, that does this work, and run nothing",
  },
  { name: "image", kind: "string", unit: "IMAGE", help: "container image with this checkout, built; for the Job" },
  {
    name: "volume",
    kind: "strings",
    unit: "CLAIM:PATH",
    default: [],
    help: "persistent volume claims and where they are mounted; for the Job",
  },
  { name: "collect", kind: "flag", help: "run nothing: write the reports of what the tasks have left" },
] as const satisfies readonly OptionRow[];
