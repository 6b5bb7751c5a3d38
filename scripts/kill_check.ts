// Kills runs at random moments and resumes them: each must leave a checkpoint that can be loaded, or none, and end with
// the Gaussians of a run that was not killed. `--help` says how to call it.

import { existsSync } from "@std/fs";
import { join } from "@std/path";
import type { OptionRow } from "../base/option.ts";
import { randomWords } from "../base/random.ts";
import { parse } from "../cli/argv.ts";
import { EXIT } from "../cli/exit.ts";
import { asksForHelp } from "../cli/help.ts";
import type { OptionGroup } from "../cli/option.ts";
import { writeCapture } from "../demo/capture.ts";
import { pointCloudPath, savedCheckpoints } from "../load/model_folder.ts";
import { CheckpointFile } from "../train/checkpoint/file.ts";
import { sameBytes, startTrain, trainEnd } from "./train_process.ts";
import { runMain } from "./main.ts";

const COMMAND = "deno run -A scripts/kill_check.ts";

const HELP = `Kills runs on a small synthetic capture at random moments and resumes them. Each must leave checkpoints
that can be loaded, or none, and end with the same PLY as a run that was not killed, byte for byte. After a signal other
than SIGKILL the Gaussians must be saved as well.

Usage: ${COMMAND} [options] [-- OPTIONS OF TRAIN]

  --kills N       how often (default: 200)
  --signal NAME   SIGKILL, SIGTERM, SIGINT or SIGHUP (default: SIGKILL)
  --iterations N  of each run (default: 400)
  --backend NAME  cpu or cuda (default: cpu)
  --seed N        of the moments (default: 0)
  --help          this text

Exit codes: 0 all runs agree; 1 one does not.

Example: ${COMMAND} --kills 20 -- --strategy mcmc`;

/** Options of the check of killed runs. */
export const KILL_CHECK_OPTIONS = [{
  title: "Runs",
  rows: [
    { name: "kills", kind: "integer", default: 200, minimum: 1, help: "how often" },
    {
      name: "signal",
      kind: "string",
      choices: ["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP"],
      default: "SIGKILL",
      help: "what is sent",
    },
    { name: "iterations", kind: "integer", default: 400, minimum: 1, help: "of each run" },
    { name: "backend", kind: "string", choices: ["cpu", "cuda"], default: "cpu", help: "where to compute" },
    { name: "seed", kind: "integer", default: 0, minimum: 0, help: "of the moments" },
  ] as const satisfies readonly OptionRow[],
}] as const satisfies readonly OptionGroup[];

/** What {@linkcode killRuns} does. */
export interface KillOptions {
  /** Folder for the runs' model folders. */
  folder: string;
  /** Number of kills. */
  kills: number;
  /** What is sent. Default SIGKILL. */
  signal?: Deno.Signal;
  /** Iterations of each run. */
  iterations: number;
  /** Options of `train`, the capture included. */
  train: readonly string[];
  /** Seed of the moments. Default 0. */
  seed?: number;
  /** Takes a line about each run. */
  report?: (line: string) => void;
}

/** Iterations between two checkpoints. */
const EVERY = 5;

/** Exit codes. */
const CODES: Partial<Record<Deno.Signal, number>> = { SIGKILL: 137, SIGTERM: 143, SIGINT: 130, SIGHUP: 129 };

/** Kills of one run before it may end. */
const KILLS_OF_A_RUN = 4;

/**
 * Kills and resumes runs.
 *
 * @returns What went wrong, a line each; none if every run ended with the Gaussians of one that was not killed
 */
export async function killRuns(options: KillOptions): Promise<string[]> {
  const { folder, kills, signal = "SIGKILL", iterations, seed = 0, report = () => {} } = options;
  const often = Array.from({ length: Math.ceil(iterations / EVERY) }, (_, i) => 1 + EVERY * i);
  const train = [
    ...["--iterations", `${iterations}`, "--checkpoint_iterations", often.join(), "--resume", "--quiet"],
    ...options.train,
  ];
  const whole = join(folder, "whole");
  let duration = 0;
  for (const name of ["warm_up", "whole"]) {
    const started = performance.now();
    const { code, errors } = await trainEnd(startTrain([...train, "-m", join(folder, name)]));
    if (code !== EXIT.done) return [`A run that was not killed failed: ${errors}`];
    duration = performance.now() - started;
  }
  const expected = await Deno.readFile(pointCloudPath(whole, iterations));

  const problems: string[] = [];
  let killed = 0;
  for (let run = 1; killed < kills; run++) {
    const model = join(folder, `run_${run}`);
    const told: string[] = [];
    for (let i = 0; i < KILLS_OF_A_RUN && killed < kills; i++) {
      const child = startTrain([...train, "-m", model]);
      const moment = randomWords({ seed, stream: 0, iteration: run, index: i })[0] / 2 ** 32 * duration;
      const timer = setTimeout(() => child.kill(signal), moment);
      const { code, errors } = await trainEnd(child);
      clearTimeout(timer);
      const { iteration, problems: found } = await lastCheckpoint(model);
      if (code !== EXIT.done && code !== CODES[signal]) found.push(`exit code ${code}: ${errors}`);
      const saved = [iteration, iterations].some((saved) => saved && existsSync(pointCloudPath(model, saved)));
      if (signal !== "SIGKILL" && iteration !== undefined && !saved) found.push(`${iteration} is not saved`);
      problems.push(...found.map((message) => `Run ${run}, killed after ${Math.round(moment)} ms: ${message}`));
      if (code === EXIT.done) break; // it ended before
      killed++;
      told.push(iteration === undefined ? "no checkpoint" : `${iteration}`);
    }
    const { code, errors } = await trainEnd(startTrain([...train, "-m", model]));
    const same = code === EXIT.done && sameBytes(await Deno.readFile(pointCloudPath(model, iterations)), expected);
    if (!same) problems.push(`Run ${run}: ${code === EXIT.done ? "its Gaussians differ" : errors}`);
    report(`Run ${run}: killed at ${told.join(", ") || "no moment"}; ${same ? "the same Gaussians" : "FAILED"}`);
    await Deno.remove(model, { recursive: true });
  }
  return problems;
}

/** The last checkpoint's iteration, and what is wrong with any. */
async function lastCheckpoint(model: string): Promise<{ iteration?: number; problems: string[] }> {
  let iteration: number | undefined;
  const problems: string[] = [];
  for (const path of await savedCheckpoints(model)) {
    try {
      const checkpoint = await CheckpointFile.open(path);
      await checkpoint.verify();
      iteration = checkpoint.manifest.state.iteration;
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  return { iteration, problems };
}

async function main(argv: string[]): Promise<number> {
  if (asksForHelp(argv)) {
    console.log(HELP);
    return EXIT.done;
  }
  const end = argv.includes("--") ? argv.indexOf("--") : argv.length;
  const { values: { backend, ...values } } = parse(argv.slice(0, end), KILL_CHECK_OPTIONS);
  const folder = await Deno.makeTempDir({ prefix: "tame_kills_" });
  try {
    const capture = join(folder, "capture");
    await writeCapture(capture, { views: 12, width: 96, height: 72 });
    const train = ["-s", capture, "--eval", "--budget", "2", "--backend", backend, ...argv.slice(end + 1)];
    const problems = await killRuns({ ...values, folder, train, report: (line) => console.log(line) });
    for (const problem of problems) console.error(problem);
    console.log(`${values.kills} kills by ${values.signal}: ${problems.length === 0 ? "passed" : "FAILED"}`);
    return problems.length === 0 ? EXIT.done : EXIT.failed;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) await runMain(main, COMMAND);
