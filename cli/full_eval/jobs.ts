// The jobs of a benchmark, one for each scene, from the options and the dataset files.

import { isAbsolute, join } from "@std/path";
import { statOrUndefined } from "../../load/files.ts";
import { parse } from "../argv.ts";
import { UsageError } from "../errors.ts";
import { nearest } from "../../base/nearest.ts";
import type { OptionValues } from "../option.ts";
import { type FULL_EVAL_OPTIONS, TRAIN_OPTIONS } from "../options.ts";
import { userPath } from "../paths.ts";
import { OWN_OPTIONS, readDatasetFile } from "./dataset_file.ts";
import { publishedScene, type Reference } from "./published.ts";
import { peersOf, referencesTo } from "./references.ts";
import { type Group, PAPER_DATASETS, PAPER_SCENES, paperFlags } from "./scenes.ts";

/** Parsed values of the benchmark's own options. */
export type FullEvalValues = OptionValues<typeof FULL_EVAL_OPTIONS>;

/** The job of one scene. */
export interface Job {
  scene: string;
  /** The dataset's title. */
  dataset: string;
  /** The paper's dataset, if the scene is in one. */
  group?: Group;
  /** Absolute path of the model folder. */
  model: string;
  /** Absolute path of the capture; unknown if nothing is trained or rendered. */
  source?: string;
  /** Options of `train` except capture and model folder. */
  flags: string[];
  references: Reference[];
}

/** The jobs of the options, in the order of the tables. `trainFlags` follow the flags of every scene. */
export async function jobsOf(values: FullEvalValues, trainFlags: readonly string[]): Promise<Job[]> {
  const own = [...parse(trainFlags, TRAIN_OPTIONS).given].find((name) => OWN_OPTIONS.includes(name));
  if (own !== undefined) throw new UsageError(`Cannot pass --${own} to train: full-eval sets it`);
  const given = withAbsoluteInit(trainFlags);
  const output = userPath(values.output_path);
  const all = [...paperJobs(values, output), ...await customJobs(values, output)];
  const twice = all.find(({ model }, index) => all.findIndex((other) => other.model === model) < index);
  if (twice !== undefined) {
    throw new UsageError(
      `Two scenes are called "${twice.scene}": rename one, since models are saved by name`,
    );
  }
  const jobs = chosen(all, values.scenes).map((job) => ({ ...job, flags: [...job.flags, ...given] }));
  if (jobs.length === 0) {
    throw new UsageError("No scenes: give -m360, -tat and -db with the folders of the datasets, or --dataset FILE");
  }
  for (const { flags } of jobs) parse(flags, TRAIN_OPTIONS);
  const peers = await peersOf(values.peers, all.map(({ scene }) => scene));
  return jobs.map((job) => ({ ...job, references: [...job.references, ...referencesTo(job.scene, peers)] }));
}

/** Options of `train` with an absolute --init appended: a task may start in another folder. */
export function withAbsoluteInit(trainFlags: readonly string[]): string[] {
  const { init } = parse(trainFlags, TRAIN_OPTIONS).values;
  return init === undefined || isAbsolute(init) ? [...trainFlags] : [...trainFlags, `--init=${userPath(init)}`];
}

function paperJobs(values: FullEvalValues, output: string): Job[] {
  const mode = values.mode;
  // Without training and rendering no capture is read: the output folder may have any scene.
  const finished = values.skip_training && values.skip_rendering || values.collect;
  const none = PAPER_DATASETS.every(({ option }) => values[option] === undefined) && values.dataset.length === 0;
  return PAPER_DATASETS.flatMap(({ group, title, option }) => {
    const root = values[option];
    if (root === undefined && !(finished && none)) return [];
    return PAPER_SCENES.filter((scene) => scene.group === group).map((scene) => ({
      scene: scene.name,
      dataset: title,
      group,
      model: join(output, `${scene.name}_${mode}`),
      ...(root === undefined ? {} : { source: join(userPath(root), scene.name) }),
      flags: paperFlags(scene, { mode, optimizerType: values.optimizer_type, shLower: values.sh_lower }),
      references: publishedScene(scene.name, mode),
    }));
  });
}

async function customJobs(values: FullEvalValues, output: string): Promise<Job[]> {
  const datasets = await Promise.all(values.dataset.map((path) => readDatasetFile(userPath(path))));
  return datasets.flatMap(({ title, scenes }) =>
    scenes.map(({ name, source, flags, references }) => ({
      scene: name,
      dataset: title,
      model: join(output, name),
      source,
      flags,
      references,
    }))
  );
}

function chosen(jobs: Job[], names: readonly string[]): Job[] {
  if (names.length === 0) return jobs;
  const known = jobs.map(({ scene }) => scene);
  for (const name of names) {
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    const hint = near === undefined ? `there are ${known.join(", ") || "none"}` : `did you mean "${near}"?`;
    throw new UsageError(`Unknown scene "${name}": ${hint}`);
  }
  return jobs.filter(({ scene }) => names.includes(scene));
}

/** The jobs with the most Gaussians first, so that several GPUs finish at about the same time. */
export async function largestFirst(jobs: readonly Job[]): Promise<Job[]> {
  const sized = await Promise.all(jobs.map(async (job) => ({ job, size: await expectedGaussians(job) })));
  return sized.sort((a, b) => b.size - a.size).map(({ job }) => job);
}

/** The target count; a multiple refers to the points in the header of a COLMAP model, 0 if there is none. */
async function expectedGaussians({ source, flags }: Job): Promise<number> {
  const { budget, mode } = parse(flags, TRAIN_OPTIONS).values;
  if (mode === "final_count") return budget;
  return budget * (source === undefined ? 0 : await pointsOf(source));
}

async function pointsOf(source: string): Promise<number> {
  const path = join(source, "sparse", "0", "points3D.bin");
  if (!(await statOrUndefined(path))?.isFile) return 0;
  using file = await Deno.open(path);
  const header = new Uint8Array(8);
  return await file.read(header) === 8 ? Number(new DataView(header.buffer).getBigUint64(0, true)) : 0;
}
