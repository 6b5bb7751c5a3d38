// One run: training in a process of its own, then the scores of what it left, in another.

import { fromFileUrl } from "@std/path";
import { EXIT } from "../../cli/exit.ts";
import { errorLine, runVerb } from "../../cli/full_eval/process.ts";
import { denoFlags } from "../../cli/permissions.ts";
import { readRunConfig } from "../../load/run_config.ts";
import { capture } from "../captures.ts";
import type { Code } from "./code.ts";
import { type RunRecord, viewMeans, type ViewRecord } from "./records.ts";
import type { Run } from "./runs.ts";

/** Where and with what a run is done. */
export interface ExecuteOptions {
  code: Code;
  /** Folder for the model, which is removed first. */
  model: string;
  /** File that the run's messages are added to. */
  log: string;
  /** File of LPIPS weights. */
  lpips?: string;
  /** Runs at a time. */
  jobs: number;
  /** Whether the model stays. */
  keep: boolean;
  /** Ends the processes. */
  signal: AbortSignal;
}

/** A run that failed; the message says why. */
export class RunFailure extends Error {}

/**
 * Trains and scores a run.
 *
 * @throws {RunFailure} When the capture is missing, or a process fails
 */
export async function execute(run: Run, options: ExecuteOptions): Promise<RunRecord> {
  const { setting, variant, seed, fold } = run;
  const { code: { hash, commit }, model, log, jobs, keep, signal } = options;
  const source = capture(setting.capture, setting.images, "sparse");
  if (source === undefined) {
    throw new RunFailure(`There is no ${setting.capture} capture with ${setting.images} in $TAME_DATA or data/`);
  }
  await removeFolder(model);
  const folders = [`--source_path=${source}`, `--model_path=${model}`];
  const ended = await runVerb(["train", ...run.arguments, ...folders, "--quiet"], { log, signal, onEvent: () => {} });
  signal.throwIfAborted();
  if (ended.code !== EXIT.done) throw new RunFailure(`Training ended with exit code ${ended.code}: ${ended.message}`);
  const { result, device } = await readRunConfig(model) ?? {};
  if (result === undefined || device === undefined) throw new RunFailure("Training left no record of its result");
  const views = await score(model, options);
  const record: RunRecord = {
    ...{ setting: setting.name, variant: variant.name, seed, fold, arguments: run.arguments, code: hash, commit },
    ...{ backend: device.backend, device: device.name, jobs, finished: new Date().toISOString() },
    ...{ count: result.count, trainSeconds: result.seconds, peakMemory: result.peakMemory },
    ...{ scores: viewMeans(views), views },
  };
  if (!keep) await removeFolder(model);
  return record;
}

async function score(model: string, { lpips, signal }: ExecuteOptions): Promise<ViewRecord[]> {
  const script = fromFileUrl(new URL("./score.ts", import.meta.url));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", ...denoFlags({}), script, model, ...(lpips === undefined ? [] : [lpips])],
    env: { NO_COLOR: "1" },
    stdin: "null",
    signal,
  }).output();
  signal.throwIfAborted();
  const decoder = new TextDecoder();
  if (code !== EXIT.done) {
    throw new RunFailure(`Scoring ended with exit code ${code}: ${errorLine(decoder.decode(stderr))}`);
  }
  return JSON.parse(decoder.decode(stdout));
}

async function removeFolder(folder: string): Promise<void> {
  try {
    await Deno.remove(folder, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
