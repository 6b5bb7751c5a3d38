// Collects the rows of a report from the model folders of a benchmark.

import { DataError } from "../../base/errors.ts";
import { readMeans, readScored, type StoredScores } from "../../eval/results.ts";
import { fileHash } from "../../load/file_hash.ts";
import { statOrUndefined } from "../../load/files.ts";
import { pointCloudPath } from "../../load/model_folder.ts";
import { readRunConfig } from "../../load/run_config.ts";
import type { Job } from "./jobs.ts";
import { meanMeasures, type Measures } from "./measures.ts";
import { publishedMeans, type Reference } from "./published.ts";
import type { SceneRecord } from "./record.ts";
import type { PaperMode } from "./scenes.ts";
import { trainFlags } from "./stages.ts";

/** One scene of the report. */
export interface SceneRow {
  scene: string;
  /** Why the row is not complete, if it is not. */
  problem?: string;
  measures: Measures;
  /** All scores in results.json, by name. */
  scores?: StoredScores;
  references: Reference[];
  /** Model folder. */
  model: string;
  /** Folder of the rendered test views in `test/`; undefined if the model has no record of its training. */
  method?: string;
  /** Device that the model was trained on. */
  device?: string;
  /** When its training began: an ISO date and time. */
  started?: string;
  /** Options that it was trained with, without the folders, as words of a command line. */
  options?: string[];
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

/** The row of a scene. A damaged file of it is its problem, and none of the other scenes. */
async function rowOf({ scene, model, references }: Job, record: SceneRecord): Promise<SceneRow> {
  const row: SceneRow = { scene, model, references, measures: {}, ...problemOf(record) };
  try {
    await fillIn(row, record);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    row.problem ??= error.message;
  }
  return row;
}

function problemOf({ failure, damage }: SceneRecord): Pick<SceneRow, "problem"> {
  if (failure === undefined) return damage === undefined ? {} : { problem: damage };
  return { problem: `${failure.stage} failed with exit code ${failure.code}: ${failure.message}` };
}

/** Adds what the model folder has to a row; where something is missing, the problem. */
async function fillIn(row: SceneRow, { done, failure }: SceneRecord): Promise<void> {
  if (failure?.stage === "train") return; // the folder has the results of an earlier run
  const { model } = row;
  const { run, result, seconds, device } = await readRunConfig(model) ?? {};
  if (result === undefined || seconds === undefined || device === undefined) {
    row.problem ??= "no record of its training";
    return;
  }
  const path = pointCloudPath(model, result.iteration);
  const ply = await statOrUndefined(path);
  row.method = `ours_${result.iteration}`;
  row.device = device.name;
  row.started = run?.started;
  row.options = done.train && trainFlags(done.train.arguments);
  row.measures = {
    gaussians: result.count,
    iterations: result.iteration,
    trainSeconds: seconds.train,
    totalSeconds: done.train?.seconds ?? seconds.total,
    iterationsPerSecond: result.iteration / seconds.train,
    peakMemoryMiB: result.peakMemory / MIB,
    ...(ply === undefined ? {} : { plyMiB: ply.size / MIB }),
  };
  if (failure !== undefined) return;
  const scores = (await readMeans(model))[row.method];
  if (scores === undefined) {
    row.problem ??= "not scored";
  } else if (ply?.isFile && (await readScored(model))[row.method] !== await fileHash(path)) {
    row.problem ??= "its scores are not of the Gaussians that it has now: render and score it again";
  } else {
    row.scores = scores;
    row.measures = { ...scoresOf(scores, model), ...row.measures };
  }
}

/** The scores for the tables; null is the infinite PSNR of equal images. */
function scoresOf({ PSNR, SSIM, PSNR_cc, SSIM_cc, LPIPS, LPIPS_alex }: StoredScores, path: string): Measures {
  if (PSNR === undefined || typeof SSIM !== "number") {
    throw new DataError("The scores of the model have no PSNR or no SSIM: compute the metrics again", { path });
  }
  const lpips = LPIPS ?? LPIPS_alex;
  return {
    psnr: PSNR ?? Infinity,
    ssim: SSIM,
    ...(PSNR_cc === undefined ? {} : { psnrCorrected: PSNR_cc ?? Infinity }),
    ...(typeof SSIM_cc === "number" ? { ssimCorrected: SSIM_cc } : {}),
    ...(typeof lpips === "number" ? { lpips } : {}),
  };
}
