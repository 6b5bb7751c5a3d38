// The results folder: one JSON file for each run, under the run's key.

import { join } from "@std/path";
import { writeFileAtomic } from "../../base/atomic.ts";
import { meanScores, type Scores } from "../../eval/scores.ts";
import {
  AMOUNT,
  type Check,
  COUNT,
  list,
  nullable,
  object,
  readChecked,
  table,
  TEXT,
  value,
} from "../../load/checks.ts";
import { entriesOf } from "../../load/files.ts";
import type { Code } from "./code.ts";
import { type Run, runKey } from "./runs.ts";

/** The scores of a held-out view. */
export interface ViewRecord {
  name: string;
  /** `PSNR` (dB), `SSIM`, `PSNR_cc` and `SSIM_cc` with colour correction, `LPIPS` where weights were given. */
  scores: Scores;
}

/** A run's result. */
export interface RunRecord {
  setting: string;
  /** Name of the variant when it was run. The key does not depend on it. */
  variant: string;
  seed: number;
  /** Offset of the held-out photos. */
  fold: number;
  /** Arguments of `train`, but for the capture and the folder. */
  arguments: readonly string[];
  /** Hash of the sources and native libraries. */
  code: string;
  /** The commit that was checked out, `+` if files had changed since; null without git. */
  commit: string | null;
  backend: string;
  /** Name of the processor or GPU. */
  device: string;
  /** Runs that shared the machine, this one included. */
  jobs: number;
  /** ISO date and time of the end. */
  finished: string;
  /** Gaussians at the end. */
  count: number;
  /** Seconds of training steps. */
  trainSeconds: number;
  /** Peak of the bytes that training held on the device. */
  peakMemory: number;
  /** Means over the views, of float renders. */
  scores: Scores;
  views: readonly ViewRecord[];
}

/** The record of a run with a result. */
export interface FinishedRun {
  run: Run;
  record: RunRecord;
}

/** Results of runs by their keys. */
export class ResultsFolder {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The record of a run with this code; undefined if there is none. */
  async read(run: Run, code: string): Promise<RunRecord | undefined> {
    return await readRecord(await this.#path(run, code));
  }

  /** Writes a record, so that either all of it is there or nothing. */
  async write(run: Run, record: RunRecord): Promise<void> {
    const path = await this.#path(run, record.code);
    await Deno.mkdir(join(this.#folder, run.setting.name), { recursive: true });
    await writeFileAtomic(path, JSON.stringify(record, null, 1) + "\n");
  }

  /** The codes that some of the runs have results of, that of the latest result first. */
  async codes(runs: readonly Run[]): Promise<Code[]> {
    const keyOf = (setting: string, args: readonly string[]) => JSON.stringify([setting, args]);
    const wanted = new Set(runs.map(({ setting, arguments: args }) => keyOf(setting.name, args)));
    const records: RunRecord[] = [];
    for (const setting of new Set(runs.map(({ setting }) => setting.name))) {
      const folder = join(this.#folder, setting);
      const names = (await entriesOf(folder)).map(({ name }) => name).filter((name) => name.endsWith(".json"));
      for (const name of names) {
        const record = await readRecord(join(folder, name));
        if (record !== undefined) records.push(record);
      }
    }
    const found = records.filter((record) => wanted.has(keyOf(record.setting, record.arguments)));
    const codes = new Map<string, Code>();
    for (const { code, commit } of found.sort((a, b) => a.finished < b.finished ? 1 : -1)) {
      if (!codes.has(code)) codes.set(code, { hash: code, commit });
    }
    return [...codes.values()];
  }

  async #path(run: Run, code: string): Promise<string> {
    return join(this.#folder, run.setting.name, `${await runKey(run, code)}.json`);
  }
}

/** The means of the scores of views. Throws where a score is not a number, as the PSNR of an image that is its photo. */
export function viewMeans(views: readonly ViewRecord[]): Scores {
  for (const { name, scores } of views) {
    const wrong = Object.keys(scores).find((measure) => !Number.isFinite(scores[measure]));
    if (wrong !== undefined) throw new Error(`The ${wrong} of view ${name} is not a finite number`);
  }
  if (views.length === 0) throw new Error("No view was held out: choose another fold");
  return meanScores(views.map(({ scores }) => scores));
}

const SCORES: Check<Scores> = table(value({ kind: "number" }));

const RECORD: Check<RunRecord> = object({
  ...{ setting: TEXT, variant: TEXT, seed: COUNT, fold: COUNT, arguments: list(TEXT), code: TEXT },
  ...{ commit: nullable(TEXT), backend: TEXT, device: TEXT, jobs: COUNT, finished: TEXT },
  ...{ count: COUNT, trainSeconds: AMOUNT, peakMemory: COUNT, scores: SCORES },
  views: list(object({ name: TEXT, scores: SCORES })),
});

async function readRecord(path: string): Promise<RunRecord | undefined> {
  return await readChecked(path, RECORD, "remove the file to run it again");
}
