// --resume and --start_checkpoint: the checkpoint from which a run goes on, and the options of that run.

import { resolve } from "@std/path";
import { DataError } from "../base/errors.ts";
import { savedCheckpoints } from "../load/model_folder.ts";
import { newRun, readRunConfig, type RunIdentity } from "../load/run_config.ts";
import { CheckpointFile } from "../train/checkpoint/file.ts";
import { latestCheckpoint } from "../train/checkpoint/latest.ts";
import { CHANGEABLE, conflict } from "../train/checkpoint/resume.ts";
import { parse, type Parsed } from "./argv.ts";
import { CONFIG_FILE_ROWS } from "./config.ts";
import { UsageError } from "./errors.ts";
import { count } from "./format.ts";
import { optionsFrom, withOptions } from "./json_options.ts";
import { COMPATIBILITY_ROWS, PIPELINE_ROWS } from "./compatibility.ts";
import { TRAIN_OPTIONS } from "./options.ts";
import { VIEW_ROWS } from "./options/view_rows.ts";
import { userPath } from "./paths.ts";
import type { Reporter } from "./progress.ts";

type ParsedTrain = Parsed<typeof TRAIN_OPTIONS>;

/** Flags that a resumed run may change beside the library's: where it reads, writes, computes and reports. */
const FREE: readonly string[] = [
  ...CHANGEABLE,
  ...["source_path", "model_path", "init", "backend", "device", "threads", "memory_limit"],
  ...["resume", "config", "quiet", "json"],
  ...[...VIEW_ROWS, ...COMPATIBILITY_ROWS, ...PIPELINE_ROWS].map(({ name }) => name),
];

/**
 * The options of the run that --resume or --start_checkpoint asks for: those of the checkpoint, and those given.
 * Undefined without a checkpoint.
 */
export async function resumedOptions(parsed: ParsedTrain, reporter: Reporter): Promise<ParsedTrain | undefined> {
  const checkpoint = await chosenCheckpoint(parsed, reporter);
  if (checkpoint === undefined) return undefined;
  const { path, manifest: { config, state, options: { iterations } } } = checkpoint;
  if (config === undefined) {
    throw new UsageError(`Cannot resume ${path} on the command line: a program of its own wrote it, without options`);
  }
  const { values, given } = withOptions(parse([], TRAIN_OPTIONS), optionsFrom(config, path, CONFIG_FILE_ROWS)).parsed;
  const stored: Readonly<Record<string, unknown>> = values;
  // The iterations that were given when --max_seconds was planned stand for those that were decided.
  const wanted = Object.entries(parsed.values).filter(([name, value]) =>
    parsed.given.has(name) && !(name === "iterations" && value === state.timePlan?.most)
  );
  for (const [name, value] of wanted) {
    if (FREE.includes(name) || String(value) === String(stored[name])) continue;
    throw new UsageError(conflict({ name: `--${name}`, value, stored: stored[name], path }));
  }
  reporter.note(`Resuming ${path}: ${count(state.iteration)} of ${count(Number(iterations))} iterations are done`);
  return {
    values: { ...values, ...Object.fromEntries(wanted), start_checkpoint: path },
    given: new Set([...given, ...parsed.given, "start_checkpoint"]),
    positionals: [],
  };
}

async function chosenCheckpoint({ values }: ParsedTrain, reporter: Reporter): Promise<CheckpointFile | undefined> {
  if (values.start_checkpoint !== undefined) {
    if (!values.resume) return await CheckpointFile.open(userPath(values.start_checkpoint));
    throw new UsageError("Cannot use --resume with --start_checkpoint: one looks for a checkpoint, the other names it");
  }
  if (!values.resume) {
    await noteEarlierRun(values.model_path, reporter);
    return undefined;
  }
  if (values.model_path === "") throw new UsageError("Missing --model_path: which model folder to resume");
  const folder = userPath(values.model_path);
  const onDamaged = (error: Error) => reporter.warn(`${error.message}; trying the one before`);
  const checkpoint = await latestCheckpoint(folder, { onDamaged });
  if (checkpoint === undefined) reporter.note(`No checkpoint in ${folder}: training from the beginning`);
  return checkpoint;
}

/** Says that a folder has checkpoints of a run that could be continued. */
async function noteEarlierRun(folder: string, reporter: Reporter): Promise<void> {
  if (folder === "" || (await savedCheckpoints(userPath(folder))).length === 0) return;
  reporter.note(
    `${userPath(folder)} has checkpoints of an earlier run, which the first one of this run replaces; ` +
      `--resume continues the earlier run instead`,
  );
}

/**
 * The run that a model folder becomes: that of its `config.json` if it goes on from a checkpoint in the same folder,
 * else a new one.
 */
export async function runIdentity(folder: string, checkpoint: string | undefined): Promise<RunIdentity> {
  if (checkpoint === undefined || resolve(checkpoint, "..", "..") !== resolve(folder)) return newRun();
  try {
    return (await readRunConfig(folder))?.run ?? newRun();
  } catch (error) {
    if (error instanceof DataError) return newRun(); // a damaged file must not keep a run from going on
    throw error;
  }
}
