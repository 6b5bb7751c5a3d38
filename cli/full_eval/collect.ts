// Collects the rows of a report from the model folders of a benchmark.

import { join } from "@std/path";
import { statOrUndefined } from "../../load/files.ts";
import { MODEL_FILES, pointCloudPath } from "../../load/model_folder.ts";
import type { Job } from "./jobs.ts";
import { meanMeasures, type Measures } from "./measures.ts";
import { publishedMeans, type Reference } from "./published.ts";
import type { SceneRecord } from "./record.ts";
import type { PaperMode } from "./scenes.ts";

/** One scene of the report. */
export interface SceneRow {
  scene: string;
  /** Why the row is not complete, if it is not. */
  problem?: string;
  measures: Measures;
  /** All scores in results.json, by name. */
  scores?: Record<string, number | null>;
  references: Reference[];
  /** Model folder. */
  model: string;
  /** Folder of the rendered test views in `test/`; undefined if the model has no record of its training. */
  method?: string;
  /** Device that the model was trained on. */
  device?: string;
}

/** One dataset of the report. */
export interface DatasetReport {
  title: string;
  rows: SceneRow[];
  /** Arithmetic means over the complete scenes. */
  means: Measures;
  /** Number of complete scenes. */
  complete: number;
  references: Reference[];
}

const MIB = 2 ** 20;

/** The report's datasets, in the order of the jobs. */
export async function collect(
  jobs: readonly Job[],
  records: ReadonlyMap<Job, SceneRecord>,
  mode: PaperMode,
): Promise<DatasetReport[]> {
  const datasets = [...new Set(jobs.map(({ dataset }) => dataset))];
  return await Promise.all(datasets.map(async (title) => {
    const own = jobs.filter(({ dataset }) => dataset === title);
    const rows = await Promise.all(own.map((job) => rowOf(job, records.get(job) ?? { done: {} })));
    const complete = rows.filter(({ problem }) => problem === undefined);
    const { group } = own[0];
    return {
      title,
      rows,
      means: meanMeasures(complete.map(({ measures }) => measures)),
      complete: complete.length,
      references: group === undefined ? [] : publishedMeans(group, mode),
    };
  }));
}

async function rowOf({ scene, model, references }: Job, { done, failure }: SceneRecord): Promise<SceneRow> {
  const row: SceneRow = { scene, model, references, measures: {} };
  if (failure !== undefined) row.problem = `${failure.stage} failed with exit code ${failure.code}: ${failure.message}`;
  if (failure?.stage === "train") return row; // the folder has the results of an earlier run
  const config = await readJson(join(model, MODEL_FILES.config));
  if (config?.result === undefined) return { ...row, problem: row.problem ?? "no record of its training" };
  const { result, seconds, device } = config;
  const ply = await statOrUndefined(pointCloudPath(model, result.iteration));
  row.method = `ours_${result.iteration}`;
  row.device = device.name;
  row.measures = {
    gaussians: result.count,
    trainSeconds: seconds.train,
    totalSeconds: done.train?.seconds ?? seconds.total,
    iterationsPerSecond: result.iteration / seconds.train,
    peakMemoryMiB: result.peakMemory / MIB,
    ...(ply === undefined ? {} : { plyMiB: ply.size / MIB }),
  };
  if (failure !== undefined) return row;
  const scores = (await readJson(join(model, "results.json")))?.[row.method];
  if (scores === undefined) return { ...row, problem: "not scored" };
  return { ...row, scores, measures: { ...scoresOf(scores), ...row.measures } };
}

/** The scores for the tables; null is the infinite PSNR of equal images. */
function scoresOf(scores: Record<string, number | null>): Measures {
  const lpips = scores.LPIPS ?? scores.LPIPS_alex;
  return {
    psnr: scores.PSNR ?? Infinity,
    ssim: scores.SSIM!,
    ...(typeof lpips === "number" ? { lpips } : {}),
  };
}

// deno-lint-ignore no-explicit-any -- files that tame wrote
async function readJson(path: string): Promise<any> {
  if (!(await statOrUndefined(path))?.isFile) return undefined;
  return JSON.parse(await Deno.readTextFile(path));
}
