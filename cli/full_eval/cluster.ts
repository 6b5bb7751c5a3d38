// The benchmark as a job for a cluster's scheduler: a Slurm array script or a Kubernetes indexed Job, with one task for
// each scene. The tasks write models and records, from which `--collect` writes the reports.

import { stringify } from "yaml";
import { quote } from "../../base/quote.ts";
import { normalise } from "../argv.ts";
import { UsageError } from "../errors.ts";
import { rowsOf } from "../option.ts";
import { FULL_EVAL_OPTIONS } from "../options.ts";
import { userPath } from "../paths.ts";
import { denoFlags, entryPath } from "../permissions.ts";
import { type FullEvalValues, type Job, largestFirst, withAbsoluteInit } from "./jobs.ts";

/** Options whose values are paths: a task may start in another folder. */
const PATHS = rowsOf(FULL_EVAL_OPTIONS).filter(({ kind }) => kind === "path" || kind === "paths")
  .map(({ name }) => name);

/** Options that a task sets itself or does not need. */
const LEFT_OUT = [
  ...["emit", "image", "volume", "scenes", "peers", "output_path", "gpus", "resume", "skip_report", "quiet", "json"],
];

/** Options of each task: it continues where it was stopped, and leaves the reports to --collect. */
const TASK = ["--resume", "--skip_report"];

const NAME = "tame-full-eval";

/** Processors requested for each task. */
const PROCESSORS = 8;

/** The job description for the scheduler of `--emit`, and how to submit it. */
export async function clusterJob(
  jobs: readonly Job[],
  values: FullEvalValues,
  argv: { own: readonly string[]; train: readonly string[] },
): Promise<{ text: string; advice: string }> {
  const scenes = [...new Set((await largestFirst(jobs)).map(({ scene }) => scene))];
  const own = [...ownOptions(argv.own), `--output_path=${userPath(values.output_path)}`];
  const rest = argv.train.length === 0 ? [] : ["--", ...withAbsoluteInit(argv.train)];
  return values.emit === "k8s"
    ? { text: kubernetesJob(scenes, values, { own, rest }), advice: adviceFor("kubectl apply -f FILE", own, values) }
    : { text: slurmScript(scenes, values, { own, rest }), advice: adviceFor("sbatch FILE", own, values) };
}

/** A task's options, one word each, with absolute paths. */
function ownOptions(argv: readonly string[]): string[] {
  return normalise(argv, FULL_EVAL_OPTIONS).options.flatMap((option) => {
    const equals = option.indexOf("=");
    const name = option.slice(2, equals), value = option.slice(equals + 1);
    if (LEFT_OUT.includes(name)) return [];
    return [PATHS.includes(name) ? `--${name}=${userPath(value)}` : option];
  });
}

interface Words {
  own: string[];
  rest: readonly string[];
}

/** Words for a shell. */
function shellWords(words: readonly string[]): string {
  return words.map(quote).join(" ");
}

function slurmScript(scenes: string[], values: FullEvalValues, { own, rest }: Words): string {
  const program = ["run", ...denoFlags({ writes: true, runs: true }), entryPath("full_eval.ts")];
  const gpu = values.backend === "cpu" ? [] : ["#SBATCH --gres=gpu:1"];
  const lines = [
    "#!/bin/bash",
    `#SBATCH --job-name=${NAME}`,
    `#SBATCH --array=0-${scenes.length - 1}`,
    "#SBATCH --ntasks=1",
    `#SBATCH --cpus-per-task=${PROCESSORS}`,
    ...gpu,
    "set -euo pipefail",
    `scenes=(${shellWords(scenes)})`,
    `exec deno ${shellWords([...program, ...own])} \\`,
    `  --scenes="\${scenes[$SLURM_ARRAY_TASK_ID]}" ${shellWords([...TASK, ...rest])}`,
  ];
  return lines.join("\n") + "\n";
}

function kubernetesJob(
  scenes: string[],
  values: FullEvalValues,
  { own, rest }: Words,
): string {
  if (values.image === undefined) {
    throw new UsageError("--emit k8s needs --image: a container image with a built checkout of tame");
  }
  const volumes = values.volume.map((text, index) => {
    const [claim, path] = text.split(/:(.*)/s);
    if (!claim || !path?.startsWith("/")) {
      throw new UsageError(`Cannot use "${text}" as --volume: it takes CLAIM:/PATH`);
    }
    return { name: `volume-${index}`, claim, path };
  });
  const task = `deno task full-eval ${shellWords(own)} --scenes="$1" ${shellWords([...TASK, ...rest])}`;
  const job = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: NAME },
    spec: {
      completionMode: "Indexed",
      completions: scenes.length,
      parallelism: scenes.length,
      backoffLimitPerIndex: 0, // a scene that fails does not stop the others
      template: {
        spec: {
          restartPolicy: "Never",
          containers: [{
            name: "tame",
            image: values.image,
            command: [
              "sh",
              "-c",
              unexpanded(`set -- ${shellWords(scenes)}\nshift "$JOB_COMPLETION_INDEX"\nexec ${task}\n`),
            ],
            resources: {
              requests: { cpu: `${PROCESSORS}` },
              ...(values.backend === "cpu" ? {} : { limits: { "nvidia.com/gpu": "1" } }),
            },
            ...(volumes.length === 0 ? {} : {
              volumeMounts: volumes.map(({ name, path }) => ({ name, mountPath: path })),
            }),
          }],
          ...(volumes.length === 0 ? {} : {
            volumes: volumes.map(({ name, claim }) => ({ name, persistentVolumeClaim: { claimName: claim } })),
          }),
        },
      },
    },
  };
  return stringify(job, { lineWidth: 0 });
}

/** A container's argument that Kubernetes passes on as it is: it replaces $(NAME), also in quotes, and $$ by $. */
function unexpanded(text: string): string {
  return text.replaceAll(/\$(?=[$(])/g, "$$$$");
}

function adviceFor(submit: string, own: readonly string[], { scenes, peers }: FullEvalValues): string {
  const beside = peers.map((path) => `--peers=${userPath(path)}`);
  const chosen = [...beside, ...(scenes.length === 0 ? [] : ["--scenes", ...scenes])];
  return `Submit with: ${submit}\nWhen the tasks are over: deno task full-eval ${
    shellWords([...own, ...chosen])
  } --collect`;
}
