// The record of a scene's finished stages: a file in the model folder that --resume and --collect read.

import { join } from "@std/path";
import { removeOrphans, writeFileAtomic } from "../../base/atomic.ts";
import { DataError } from "../../base/errors.ts";
import { AMOUNT, type Check, list, object, optional, readChecked, TEXT, value } from "../../load/checks.ts";
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
  /** Arguments of a training that was begun and is not done: its checkpoints may be in the model folder. */
  training?: string[];
  /** Why the record on disk cannot be used, if that is so. */
  damage?: string;
}

/** Name of the record in a model folder. */
export const RECORD_FILE = "full_eval.json";

const DONE: Check<DoneStage | undefined> = optional(object({ arguments: list(TEXT), seconds: AMOUNT }));

const RECORD: Check<SceneRecord> = object({
  done: object({ train: DONE, render: DONE, metrics: DONE }),
  failure: optional(object({
    stage: value({ kind: "string", choices: STAGES }),
    code: value({ kind: "integer" }),
    message: TEXT,
  })),
  training: optional(list(TEXT)),
});

/**
 * The record of a model folder; empty if there is none. A damaged one is empty too, so that all stages run again, and
 * says why.
 */
export async function readRecord(model: string): Promise<SceneRecord> {
  try {
    return await readChecked(join(model, RECORD_FILE), RECORD, "run the scene again, or remove the file") ??
      { done: {} };
  } catch (error) {
    if (error instanceof DataError) return { done: {}, damage: error.message };
    throw error;
  }
}

/** Writes the record of a model folder, which is created if it does not exist. */
export async function writeRecord(model: string, record: SceneRecord): Promise<void> {
  await Deno.mkdir(model, { recursive: true });
  await removeOrphans(model, [RECORD_FILE]);
  await writeFileAtomic(join(model, RECORD_FILE), JSON.stringify(record, null, 1) + "\n");
}

/** The record without a stage, the stages after it, and any failure, before they run again. */
export function without(record: SceneRecord, stage: Stage): SceneRecord {
  const kept = STAGES.slice(0, STAGES.indexOf(stage)).filter((name) => record.done[name] !== undefined);
  return { done: Object.fromEntries(kept.map((name) => [name, record.done[name]])) };
}

/** Whether the record has a stage with the same arguments. */
export function isDone(record: SceneRecord, stage: Stage, args: readonly string[]): boolean {
  return same(record.done[stage]?.arguments, args);
}

/** Whether a training with the same arguments was begun and is not done, so that it can go on from a checkpoint. */
export function isBegun(record: SceneRecord, stage: Stage, args: readonly string[]): boolean {
  return stage === "train" && same(record.training, args);
}

function same(recorded: readonly string[] | undefined, args: readonly string[]): boolean {
  return recorded !== undefined && recorded.length === args.length && recorded.every((word, i) => word === args[i]);
}
