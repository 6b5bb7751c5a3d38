// The record of a scene's finished stages: a file in the model folder that --resume and --collect read.

import { join } from "@std/path";
import { writeFileAtomic } from "../../base/atomic.ts";
import { statOrUndefined } from "../../load/files.ts";
import { type Stage, STAGES } from "./stages.ts";

/** A stage that succeeded. */
export interface DoneStage {
  /** Its arguments. */
  arguments: string[];
  /** Wall-clock seconds of the whole process. */
  seconds: number;
}

/** A stage that failed. */
export interface Failure {
  stage: Stage;
  /** The process's exit code. */
  code: number;
  /** Its error message, or its last line. */
  message: string;
}

/** The state of a scene. */
export interface SceneRecord {
  done: { [Name in Stage]?: DoneStage };
  failure?: Failure;
}

/** Name of the record in a model folder. */
export const RECORD_FILE = "full_eval.json";

/** The record of a model folder; empty if it is missing or damaged, so that all stages run again. */
export async function readRecord(model: string): Promise<SceneRecord> {
  const path = join(model, RECORD_FILE);
  if (!(await statOrUndefined(path))?.isFile) return { done: {} };
  try {
    const { done, failure } = JSON.parse(await Deno.readTextFile(path));
    return typeof done === "object" && done !== null ? { done, ...(failure ? { failure } : {}) } : { done: {} };
  } catch (error) {
    if (error instanceof SyntaxError) return { done: {} };
    throw error;
  }
}

/** Writes the record of a model folder, which is created if it does not exist. */
export async function writeRecord(model: string, record: SceneRecord): Promise<void> {
  await Deno.mkdir(model, { recursive: true });
  await writeFileAtomic(join(model, RECORD_FILE), JSON.stringify(record, null, 1) + "\n");
}

/** The record without a stage, the stages after it, and any failure, before they run again. */
export function without(record: SceneRecord, stage: Stage): SceneRecord {
  const kept = STAGES.slice(0, STAGES.indexOf(stage)).filter((name) => record.done[name] !== undefined);
  return { done: Object.fromEntries(kept.map((name) => [name, record.done[name]])) };
}

/** Whether the record has a stage with the same arguments. */
export function isDone(record: SceneRecord, stage: Stage, args: readonly string[]): boolean {
  const done = record.done[stage]?.arguments;
  return done !== undefined && done.length === args.length && done.every((word, i) => word === args[i]);
}
