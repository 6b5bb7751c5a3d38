// `full-eval`: runs the paper's benchmark or your own scenes, each in its own processes, and writes the reports.

import { basename, join } from "@std/path";
import { writeFileAtomic } from "../base/atomic.ts";
import { findLpipsWeights } from "../eval/lpips/lpips.ts";
import { parse } from "./argv.ts";
import { UsageError } from "./errors.ts";
import { EXIT } from "./exit.ts";
import { Board } from "./full_eval/board.ts";
import { clusterJob } from "./full_eval/cluster.ts";
import { collect } from "./full_eval/collect.ts";
import { type FullEvalValues, type Job, jobsOf, largestFirst } from "./full_eval/jobs.ts";
import { runVerb } from "./full_eval/process.ts";
import { readRecord, type SceneRecord } from "./full_eval/record.ts";
import { reportOf, timingText, writeReports } from "./full_eval/report.ts";
import { markdownTables } from "./full_eval/report_markdown.ts";
import { runJobs } from "./full_eval/runner.ts";
import { deviceArguments, shellLine, stageArguments, stagesOf } from "./full_eval/stages.ts";
import { helpText } from "./help.ts";
import { Interrupt } from "./interrupt.ts";
import { FULL_EVAL_OPTIONS } from "./options.ts";
import { userPath } from "./paths.ts";
import { processStreams, Reporter } from "./progress.ts";

/** The text of --help. */
export function fullEvalHelp(): string {
  return helpText({
    name: "full-eval",
    summary: "train, render and score the scenes of the paper or your own, and write reports",
    usage: "[-m360 DIR] [-tat DIR] [-db DIR] [--dataset FILE …] [options] [-- options of train]",
    example: "deno task full-eval -m360 ../data/360 -tat ../data/tandt -db ../data/db --mode budget --sh_lower",
    notes: [
      "Options after a double dash are passed to train for every scene: -- --iterations 7000.",
      "A scene that fails does not stop the others; the exit code is then 1.",
    ],
    table: FULL_EVAL_OPTIONS,
  });
}

/** Runs the benchmark with the arguments of the command line; resolves to the exit code. */
export async function run(argv: readonly string[]): Promise<number> {
  const end = argv.indexOf("--");
  const [own, trainFlags] = end < 0 ? [argv, []] : [argv.slice(0, end), argv.slice(end + 1)];
  const { values } = parse(own, FULL_EVAL_OPTIONS);
  check(values);
  const jobs = await jobsOf(values, trainFlags);
  if (values.emit !== undefined) {
    const { text, advice } = await clusterJob(jobs, values, { own, train: trainFlags });
    console.log(text.trimEnd());
    console.error(advice);
    return EXIT.done;
  }
  if (values.dry_run) {
    for (const line of commandLines(jobs, values)) console.log(line);
    return EXIT.done;
  }
  const reporter = new Reporter(values);
  const records = await runAll(jobs, values, reporter);
  const failed = jobs.filter((job) => records.get(job)?.failure !== undefined);
  const complete = values.skip_report || await report(jobs, records, values, reporter);
  await reporter.delivered();
  return failed.length === 0 && complete ? EXIT.done : EXIT.failed;
}

function check(values: FullEvalValues): void {
  if (new Set(values.gpus).size < values.gpus.length) throw new UsageError("--gpus names a GPU twice");
  if (values.backend === "cpu" && values.gpus.length > 1) {
    throw new UsageError("--gpus and --backend cpu contradict each other: on the CPU one scene uses all processors");
  }
}

/** The commands that would be run, for a shell. */
function commandLines(jobs: readonly Job[], values: FullEvalValues): string[] {
  const device = deviceArguments(values, values.gpus[0]);
  return stagesOf(values).flatMap((stage) =>
    jobs.map((job) => shellLine([...stageArguments(job, stage, { lpips: lpipsOf(values) }), ...device]))
  );
}

async function runAll(
  jobs: readonly Job[],
  values: FullEvalValues,
  reporter: Reporter,
): Promise<Map<Job, SceneRecord>> {
  const stages = stagesOf(values);
  if (stages.length === 0) {
    return new Map(await Promise.all(jobs.map(async (job) => [job, await readRecord(job.model)] as const)));
  }
  const logs = join(userPath(values.output_path), "logs");
  await Deno.mkdir(logs, { recursive: true });
  using interrupt = new Interrupt(() => reporter.warn("Interrupted: --resume continues with what is not done"));
  const board = new Board(jobs, { streams: processStreams(), quiet: values.quiet, gpus: values.gpus.length });
  try {
    return await runJobs(values.gpus.length > 1 ? await largestFirst(jobs) : jobs, {
      stages,
      resume: values.resume,
      gpus: values.gpus,
      lpips: lpipsOf(values),
      deviceArguments: (gpu) => deviceArguments(values, gpu),
      log: ({ model }) => join(logs, `${basename(model)}.log`),
      signal: interrupt.signal,
      run: runVerb,
      onDamage: ({ scene }, reason) => reporter.warn(`${scene} runs again: ${reason}`),
      onState: (job, state) => {
        board.set(job, state);
        const { scene, dataset } = job;
        if (state.state !== "running") reporter.event({ type: "scene", dataset, scene, ...state });
      },
    });
  } finally {
    board.finish();
  }
}

/** The LPIPS weights, passed to every process explicitly, so that a scene's record shows whether they were used. */
function lpipsOf(values: FullEvalValues): string | undefined {
  const file = findLpipsWeights(values.lpips);
  return file === undefined ? undefined : userPath(file);
}

/** Writes the reports; resolves to whether every scene is complete. */
async function report(
  jobs: readonly Job[],
  records: ReadonlyMap<Job, SceneRecord>,
  values: FullEvalValues,
  reporter: Reporter,
): Promise<boolean> {
  const output = userPath(values.output_path);
  const mode = values.mode;
  const datasets = await collect(jobs, records, mode);
  const paper = jobs.some(({ group }) => group !== undefined);
  const title = paper
    ? `The benchmark of Taming 3DGS, setting "${mode}"`
    : datasets.map(({ title }) => title).join(", ");
  await Deno.mkdir(output, { recursive: true });
  const files = await writeReports(output, reportOf(title, datasets), (scene, reason) => {
    reporter.warn(`${scene} has no figures in the report: ${reason}`);
  });
  if (paper) await writeFileAtomic(join(output, "timing.txt"), timingText(jobs, records));
  reporter.note(markdownTables(datasets));
  reporter.note(`Reports: ${files.join(", ")}`);
  reporter.event({ type: "report", files });
  return datasets.every(({ rows, complete }) => rows.length === complete);
}
