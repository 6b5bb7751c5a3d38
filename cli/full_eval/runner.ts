// Runs the stages of the scenes: one scene at a time on each GPU, each stage in its own process. A scene that fails
// does not stop the others.

import { EXIT } from "../exit.ts";
import type { Job } from "./jobs.ts";
import type { Ended, ProcessOptions } from "./process.ts";
import { isBegun, isDone, readRecord, type SceneRecord, without, writeRecord } from "./record.ts";
import { type Stage, stageArguments } from "./stages.ts";

/** The state of a scene. */
export type SceneState =
  | { state: "running"; stage: Stage; gpu: number; progress?: string }
  | { state: "done"; record: SceneRecord }
  | { state: "failed"; record: SceneRecord };

/** How to run the scenes. */
export interface RunnerOptions {
  stages: readonly Stage[];
  /** Skip stages that the record has. */
  resume: boolean;
  gpus: readonly number[];
  lpips?: string;
  /** Device options of the verbs on a GPU. */
  deviceArguments: (gpu: number) => string[];
  /** Path of a scene's log. */
  log: (job: Job) => string;
  signal: AbortSignal;
  /** Runs one verb in its own process. */
  run: (verbArguments: readonly string[], options: ProcessOptions) => Promise<Ended>;
  onState: (job: Job, state: SceneState) => void;
  /** Called when the record of a scene is damaged and its stages therefore run again, with the reason. */
  onDamage: (job: Job, reason: string) => void;
}

/** Runs all jobs in order; resolves to their records. Rejects with the signal's reason when it fires. */
export async function runJobs(jobs: readonly Job[], options: RunnerOptions): Promise<Map<Job, SceneRecord>> {
  const records = new Map<Job, SceneRecord>();
  const waiting = [...jobs];
  const lanes = await Promise.allSettled(options.gpus.map(async (gpu) => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      const record = await runJob(job, gpu, options);
      records.set(job, record);
      options.onState(job, { state: record.failure === undefined ? "done" : "failed", record });
    }
  }));
  // Only now: no process outlives the call.
  for (const lane of lanes) if (lane.status === "rejected") throw lane.reason;
  return records;
}

async function runJob(job: Job, gpu: number, options: RunnerOptions): Promise<SceneRecord> {
  const { stages, resume, lpips, signal, onState } = options;
  const device = options.deviceArguments(gpu);
  const log = options.log(job);
  let record = await readRecord(job.model);
  if (record.damage !== undefined) options.onDamage(job, record.damage);
  let rerun = !resume;
  for (const stage of stages) {
    signal.throwIfAborted();
    const args = stageArguments(job, stage, { lpips });
    if (!rerun && isDone(record, stage, args)) continue;
    rerun = true; // the stages that follow are then out of date
    const goesOn = resume && isBegun(record, stage, args);
    record = { ...without(record, stage), ...(stage === "train" ? { training: args } : {}) };
    await writeRecord(job.model, record);
    onState(job, { state: "running", stage, gpu });
    const onEvent = (event: Record<string, unknown>) => {
      const progress = progressOf(event);
      if (progress !== undefined) onState(job, { state: "running", stage, gpu, progress });
    };
    const run = (more: string[]) => options.run([...args, ...more, ...device], { log, signal, onEvent });
    let ended = await run(goesOn ? ["--resume"] : []);
    // The checkpoints may be of a run with other options, if this one did not live to write its first.
    if (goesOn && ended.code === EXIT.usage) ended = await run([]);
    const { code, seconds, message } = ended;
    signal.throwIfAborted();
    if (code !== 0) {
      record.failure = { stage, code, message };
    } else {
      record.done[stage] = { arguments: args, seconds };
      delete record.training;
    }
    await writeRecord(job.model, record);
    if (code !== 0) break;
  }
  return record;
}

/** The progress of a process, from one of its events. */
function progressOf(event: Record<string, unknown>): string | undefined {
  switch (event.type) {
    case "step":
      return `iteration ${event.iteration}, ${event.count} Gaussians, loss ${Number(event.loss).toFixed(5)}`;
    case "render":
      return `${event.views} ${event.set} views`;
    default:
      return undefined;
  }
}
