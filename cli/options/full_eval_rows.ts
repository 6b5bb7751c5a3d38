// Rows of the benchmark: scenes, protocol, stages, GPUs, cluster.

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
    help: "your own scenes: JSON files, see docs/guide/full-eval.md",
  },
  {
    name: "peers",
    kind: "paths",
    unit: "FILE",
    default: [],
    help: "results of other trainers to list beside ours: JSON files, see docs/guide/full-eval.md",
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
  { ...rowNamed(TRAIN_ROWS, "optimizer_type"), help: "as for train; for the paper's scenes only" },
  {
    ...rowNamed(TRAIN_ROWS, "sh_lower"),
    help: "as for train; for the paper's scenes only, whose published numbers use it",
  },
] as const satisfies readonly OptionRow[];

export const STAGE_ROWS = [
  { name: "skip_training", kind: "flag", help: "use the existing models" },
  { name: "skip_rendering", kind: "flag", help: "use the existing images" },
  { name: "skip_metrics", kind: "flag", help: "use the existing scores" },
  { name: "skip_report", kind: "flag", help: "write no reports" },
  { name: "resume", kind: "flag", help: "skip what an earlier run finished with the same options" },
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
    help: "print a Slurm array script or a Kubernetes indexed Job for this work, and run nothing",
  },
  { name: "image", kind: "string", unit: "IMAGE", help: "with --emit k8s: container image with a built checkout" },
  {
    name: "volume",
    kind: "strings",
    unit: "CLAIM:PATH",
    default: [],
    help: "with --emit k8s: persistent volume claims and their mount paths",
  },
  { name: "collect", kind: "flag", help: "run nothing; write the reports from the results of the tasks" },
] as const satisfies readonly OptionRow[];
