// The three commands of a scene: train, render, metrics.

import { quote } from "../../base/quote.ts";
import { denoFlags, entryPath } from "../permissions.ts";
import type { FullEvalValues, Job } from "./jobs.ts";

/** The verbs in order. */
export const STAGES = ["train", "render", "metrics"] as const;

/** A stage of a scene. */
export type Stage = typeof STAGES[number];

/** The stages that are not skipped. */
export function stagesOf(values: FullEvalValues): Stage[] {
  const skipped: Record<Stage, boolean> = {
    train: values.skip_training,
    render: values.skip_rendering,
    metrics: values.skip_metrics,
  };
  return values.collect ? [] : STAGES.filter((stage) => !skipped[stage]);
}

/** Arguments of cli.ts for a stage, except the device options; see {@linkcode deviceArguments}. */
export function stageArguments(job: Job, stage: Stage, options: { lpips?: string }): string[] {
  const model = ["-m", job.model];
  switch (stage) {
    case "train":
      if (job.source === undefined) throw new Error(`The capture of ${job.scene} is unknown`);
      return [stage, "-s", job.source, ...model, ...job.flags];
    case "render":
      return [stage, ...model, "--skip_train"]; // the report does not use the training views
    case "metrics":
      return [stage, ...model, ...(options.lpips === undefined ? [] : ["--lpips", options.lpips])];
  }
}

/** The options in the arguments of a training, without its folders and without `--quiet`. */
export function trainFlags(args: readonly string[]): string[] {
  return args.slice(5).filter((word) => word !== "--quiet"); // after the verb, -s and -m
}

/** Device options of the verbs for one of the GPUs. */
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

/** The same as a shell command. */
export function shellLine(verbArguments: readonly string[]): string {
  return ["deno", ...denoArguments(verbArguments)].map(quote).join(" ");
}
