// Jobs for clusters: checked by the clusters' own tools, and every task run here one by one.

import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { dirname, join } from "@std/path";
import { parse } from "yaml";
import { type Ended, ended, ROOT } from "../support/process.ts";
import { BROKEN, start, treeOptions, treeTest, withoutTimes } from "./tree.ts";

const SHORT = ["--", "--iterations", "6"];
const SCENES = ["room", BROKEN, "playroom"];

async function run(program: string, args: string[], env: Record<string, string> = {}, cwd?: string): Promise<Ended> {
  // The tasks call deno by its name; this one may not be on the path.
  const PATH = `${dirname(Deno.execPath())}:${Deno.env.get("PATH")}`;
  const command = new Deno.Command(program, {
    args,
    env: { PATH, ...env },
    cwd,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  return await ended(command.spawn());
}

async function isInstalled(program: string): Promise<boolean> {
  try {
    await new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" }).output();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Collects the results of the tasks: the scenes in the report of a folder. */
async function collected(folder: string, output: string): Promise<unknown> {
  const args = [...treeOptions(folder), "--mode", "budget", "--scenes", ...SCENES, "--output_path", output];
  const { code, stderr } = await ended(start([...args, "--collect"], folder));
  assertEquals(code, 1, stderr);
  return withoutTimes(JSON.parse(await Deno.readTextFile(join(folder, output, "report.json"))));
}

treeTest("full_eval --emit writes tasks for Slurm and Kubernetes that give the results of one run", async (folder) => {
  const options = [...treeOptions(folder), "--mode", "budget", "--scenes", ...SCENES];
  const emit = async (output: string, args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await ended(
      start([...options, "--output_path", output, ...args, ...SHORT], folder),
    );
    assertEquals(code, 0, stderr);
    assertMatch(stderr, /--scenes room stump playroom --collect\n$/);
    return stdout;
  };
  const whole = await ended(start([...options, "--output_path", "whole", ...SHORT], folder));
  assertEquals(whole.code, 1, whole.stderr);
  const report = withoutTimes(JSON.parse(await Deno.readTextFile(join(folder, "whole", "report.json"))));
  assertStringIncludes(JSON.stringify(report), "train failed with exit code 3");

  const script = await emit("slurm", ["--emit", "slurm"]);
  assertMatch(script, /^#SBATCH --array=0-2$/m);
  const job = parse(await emit("k8s", ["--emit", "k8s", "--image", "tame:1"]));
  assertEquals(job.spec.completions, SCENES.length);
  const [{ command: [program, ...args] }] = job.spec.template.spec.containers;
  const codes: number[] = [];
  for (const task of SCENES.keys()) {
    codes.push((await run("bash", ["-c", script], { SLURM_ARRAY_TASK_ID: `${task}` }, folder)).code);
    // The working folder of the container's image is the checkout.
    codes.push((await run(program, args, { JOB_COMPLETION_INDEX: `${task}`, INIT_CWD: ROOT }, ROOT)).code);
  }
  assertEquals(codes.toSorted(), [0, 0, 0, 0, 1, 1], "the broken scene's tasks fail");
  for (const output of ["slurm", "k8s"]) assertEquals(await collected(folder, output), report);
});

/** A job for GPUs over all datasets, with names that a shell would split. */
async function gpuJob(args: string[]): Promise<string> {
  const roots = ["-m360", "/data/it's 360", "-tat", "/data/$tat", "-db", "/data/db", "--output_path", "/out/a b"];
  const { code, stdout, stderr } = await ended(start([...roots, "--sh_lower", ...args], ROOT));
  assertEquals(code, 0, stderr);
  return stdout;
}

/** A test with a script for Slurm, skipped by name where a program is missing. */
async function slurmTest(program: string, name: string, body: (script: string) => Promise<void>): Promise<void> {
  const installed = await isInstalled(program);
  Deno.test({
    name: installed ? name : `${name} [skipped: no ${program}]`,
    ignore: !installed,
    async fn() {
      const script = await Deno.makeTempFile({ suffix: ".sh" });
      try {
        await Deno.writeTextFile(script, await gpuJob(["--emit", "slurm"]));
        await body(script);
      } finally {
        await Deno.remove(script);
      }
    },
  });
}

await slurmTest(
  "bash",
  "bash parses the array script of full_eval --emit slurm, including paths with spaces",
  async (script) => {
    const { code, stderr } = await run("bash", ["-n", script]);
    assertEquals(code, 0, stderr);
    const shown = (await Deno.readTextFile(script)).replace("exec deno", "printf '%s\\n'");
    const { stdout } = await run("bash", ["-c", shown], { SLURM_ARRAY_TASK_ID: "1" });
    const words = stdout.split("\n");
    for (const word of ["--mipnerf360=/data/it's 360", "--tanksandtemples=/data/$tat", "--output_path=/out/a b"]) {
      assert(words.includes(word), `${word} in ${stdout}`);
    }
    assertEquals(words.filter((word) => word.startsWith("--scenes")), ["--scenes=garden"], "the second largest");
  },
);

await slurmTest(
  "shellcheck",
  "shellcheck accepts the script of full_eval --emit slurm",
  async (script) => {
    const { code, stdout } = await run("shellcheck", ["--severity=warning", script]);
    assertEquals([code, stdout], [0, ""]);
  },
);

await slurmTest("sbatch", "sbatch accepts the options of full_eval --emit slurm", async (script) => {
  const config = await Deno.makeTempFile();
  try {
    const nodes = "NodeName=n Gres=gpu:1\nPartitionName=p Nodes=ALL Default=YES\nGresTypes=gpu\n";
    await Deno.writeTextFile(config, `ClusterName=c\nSlurmctldHost=localhost\nMessageTimeout=2\n${nodes}`);
    const test = (file: string) => run("sbatch", ["--test-only", file], { SLURM_CONF: config });
    const { stderr } = await test(script); // it reads the options, then looks for a controller, which is not here
    assertStringIncludes(stderr, "Unable to contact slurm controller");
    await Deno.writeTextFile(script, (await Deno.readTextFile(script)).replace("--ntasks", "--ntusks"));
    assertStringIncludes((await test(script)).stderr, "unrecognized option '--ntusks=1'");
  } finally {
    await Deno.remove(config);
  }
});

Deno.test("full_eval --emit k8s conforms to the schema of a batch/v1 Job", async () => {
  // deno-lint-ignore no-import-prefix -- of use here alone
  const { Job } = await import("npm:kubernetes-models@5.1.0/batch/v1/Job");
  const volumes = ["--volume", "captures:/data", "results:/out"];
  const job = parse(await gpuJob(["--emit", "k8s", "--image", "registry/tame:1", ...volumes]));
  new Job(job).validate();
  const { spec } = job;
  assertEquals([job.apiVersion, job.kind, spec.completionMode, spec.completions], ["batch/v1", "Job", "Indexed", 13]);
  const [{ resources, volumeMounts }] = spec.template.spec.containers;
  assertEquals(resources.limits, { "nvidia.com/gpu": "1" });
  assertEquals(volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath), ["/data", "/out"]);
  assertThrows(() => new Job({ ...job, spec: { ...spec, completions: "13" } }).validate(), Error, "must be integer");
});

/** A container's argument as Kubernetes passes it on (k8s.io/kubernetes/third_party/forked/golang/expansion). */
function expanded(text: string): string {
  return text.replaceAll(/\$\$|\$\(([^)]*)\)/g, (found, name) => found === "$$" ? "$" : `<value of ${name}>`);
}

Deno.test("full_eval --emit k8s has paths that Kubernetes leaves as they are", async () => {
  const paths = ["/data/$(HOME)", "/data/$$(HOME)", "/data/$$", "/data/$x$(", "/data/a$"];
  for (const path of paths) {
    const args = ["-db", path, "--emit", "k8s", "--image", "i", "--", "--init", `${path}/p.ply`];
    const { code, stdout, stderr } = await ended(start(args, ROOT));
    assertEquals(code, 0, stderr);
    const [{ command: [, , script] }] = parse(stdout).spec.template.spec.containers;
    assertStringIncludes(expanded(script), `'--deepblending=${path}'`);
    assertStringIncludes(expanded(script), `--init '${path}/p.ply'`);
    assertStringIncludes(expanded(script), '--scenes="$1"');
    assertStringIncludes(expanded(script), 'shift "$JOB_COMPLETION_INDEX"');
  }
});

Deno.test("full_eval --emit k8s requires --image and valid volumes", async () => {
  const wrong: [string[], string][] = [
    [[], "--emit k8s needs --image"],
    [["--image", "i", "--volume", "data"], 'Cannot use "data" as --volume'],
  ];
  for (const [args, message] of wrong) {
    const { code, stderr } = await ended(start(["-db", "/data", "--emit", "k8s", ...args], ROOT));
    assertEquals(code, 2);
    assertStringIncludes(stderr, message);
  }
});
