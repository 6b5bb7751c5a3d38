// A run with a made-up result.

import type { FinishedRun, RunRecord } from "../../../scripts/quality/records.ts";
import { type Run, runsOf } from "../../../scripts/quality/runs.ts";
import { SETTINGS } from "../../../scripts/quality/settings.ts";
import { parseVariants } from "../../../scripts/quality/variants.ts";

/** The first run of a plan with one of everything. */
export function runOf({ setting = "fox-C7", variant = "base=", seed = 0, fold = 0, flags = [] as string[] }): Run {
  const settings = SETTINGS.filter(({ name }) => name === setting);
  return runsOf({ settings, variants: parseVariants(variant), seeds: [seed], folds: [fold], flags })[0];
}

/** A record of a run; its scores are those of its views, one of them if none is given. */
export function recordOf(run: Run, scores: Record<string, number>, more: Partial<RunRecord> = {}): RunRecord {
  return {
    ...{ setting: run.setting.name, variant: run.variant.name, seed: run.seed, fold: run.fold },
    ...{ arguments: run.arguments, code: "c0de", commit: null, backend: "cuda", device: "some GPU", jobs: 1 },
    ...{ finished: "2026-01-01T00:00:00.000Z", count: 29_902, trainSeconds: 3, peakMemory: 2 ** 20 },
    ...{ scores, views: [{ name: "0001", scores }] },
    ...more,
  };
}

/** A finished run. */
export function finishedRun(
  where: Parameters<typeof runOf>[0],
  scores: Record<string, number>,
  more: Partial<RunRecord> = {},
): FinishedRun {
  const run = runOf(where);
  return { run, record: recordOf(run, scores, more) };
}
