// The three commands of a scene: train, render, metrics.

import { denoFlags, entryPath, quote } from "../permissions.ts";
import type { FullEvalValues, Job } from "./jobs.ts";

/** The verbs in their order. */
export const STAGES = ["train", "render", "metrics"] as const;

/** One of them. */
export type Stage = typeof STAGES[number];

/** Those that are not skipped. */
export function stagesOf(values: FullEvalValues): Stage[] {
  const skipped: Record<Stage, boolean> = {
    train: values.skip_training,
    render: values.skip_rendering,
    metrics: values.skip_metrics,
  };
  return values.collect ? [] : STAGES.filter((stage) => !skipped[stage]);
}

/** What is done, as arguments of cli.ts; where it is done, {@linkcode deviceArguments} says. */
export function stageArguments(job: Job, stage: Stage, options: { lpips?: string }): string[] {
  const model = ["-m", job.model];
  switch (stage) {
    case "train":
      if (job.source === undefined) throw new Error(`The capture of ${job.scene} is not known`);
      return [stage, "-s", job.source, ...model, ...job.flags];
    case "render":
      return [stage, ...model, "--skip_train"]; // nothing of the report comes from the training views
    case "metrics":
      return [stage, ...model, ...(options.lpips === undefined ? [] : ["--lpips", options.lpips])];
  }
}

/** Options of every verb that computes, for one of the GPUs. */
export function deviceArguments(values: FullEvalValues, gpu: number): string[] {
  const { backend, threads, memory_limit } = values;
  return [
    ...["--backend", backend],
    ...(backend === "cpu" ? [] : ["--device", `${gpu}`]),
    ...(threads === 0 ? [] : ["--threads", `${threads}`]),
    ...(memory_limit === 0 ? [] : ["--memory_limit", `${memory_limit}`]),
  ];
}

/** Arguments of deno for a verb with its arguments. */
export function denoArguments(verbArguments: readonly string[]): string[] {
  return ["run", "--quiet", "--no-prompt", ...denoFlags({ writes: true }), entryPath("cli.ts"), ...verbArguments];
}

/** The same as a line for a shell. */
export function shellLine(verbArguments: readonly string[]): string {
  return ["deno", ...denoArguments(verbArguments)].map(quote).join(" ");
}
