// Checks everything that needs a GPU, in one command and without a network: the suites on the GPU, GPU against CPU,
// equal bits in repeated runs, memory checkers, the PTX path, and a table of timings.

import { existsSync } from "@std/fs";
import { join } from "@std/path";
import { parse } from "../cli/argv.ts";
import { EXIT } from "../cli/exit.ts";
import { asksForHelp } from "../cli/help.ts";
import type { OptionGroup } from "../cli/option.ts";
import { userPath } from "../cli/paths.ts";
import type { BenchReport } from "./bench/report.ts";
import { capture } from "./captures.ts";
import { checkFox, type FoxTimes } from "./gpu_checks/fox.ts";
import { failure, type Finding, ROOT, rowText, runProgram, runScript, Table } from "./gpu_checks/rows.ts";
import { runSuite } from "./gpu_checks/suites.ts";
import { kernelTable } from "./kernel_report.ts";
import { readKernels, spills } from "./kernel_report/ptxas.ts";
import { runMain } from "./main.ts";

const LIBRARY = "build/libtame_cuda.so";
const SUITES = ["raster", "densify", "steps", "abi", "ffi", "train", "init", "measure", "eval"];
const TOOLS = ["memcheck", "racecheck", "initcheck"];

const HELP =
  `Checks the CUDA backend on this machine's GPU: suites, parity with the CPU, repeatability, memory checkers.

Usage: scripts/gpu_check [options]

  --skip_sanitizer  leave compute-sanitizer out
  --quick           one overflowing run instead of two, memcheck alone, no timings
  --json FILE       write rows, timings and kernels to this file as well
  --help            this text

Takes ${LIBRARY} as it is, or makes it. Real captures are found in $TAME_DATA or data/.
Exit codes: 0 all passed or skipped, 1 a row failed, 2 usage.

Example: scripts/gpu_check --json out/gpu_check.json`;

/** Options of the GPU check. */
export const GPU_CHECK_OPTIONS = [{
  title: "What to run",
  rows: [
    { name: "skip_sanitizer", kind: "flag", help: "leave compute-sanitizer out" },
    { name: "quick", kind: "flag", help: "less of everything" },
    { name: "json", kind: "string", unit: "FILE", default: "", help: "write the results to this file" },
  ],
}] as const satisfies readonly OptionGroup[];

/** The used part of `doctor --json`. */
interface CudaReport {
  backend: string;
  problem?: string;
  build?: { targets: string[] };
  devices: { name: string; hasCode: boolean; driverVersion: number }[];
}

async function main(argv: string[]): Promise<number> {
  if (asksForHelp(argv)) {
    console.log(HELP);
    return EXIT.done;
  }
  const { values } = parse(argv, GPU_CHECK_OPTIONS);
  const { quick } = values;
  const table = new Table();
  let cuda: CudaReport | undefined;

  await table.check(LIBRARY, makeLibrary);
  await table.check("doctor finds a GPU it can use", async () => {
    const ended = await runScript("cli.ts", ["doctor", "--json"], { seconds: 60 });
    if (ended.code !== 0) return failure(ended);
    cuda = (JSON.parse(ended.stdout).libraries as CudaReport[]).find(({ backend }) => backend === "cuda");
    const problem = cuda === undefined ? "no CUDA library" : cuda.problem;
    return problem === undefined ? { passed: describeCuda(cuda!) } : { failed: problem };
  });
  const skip = table.failed ? "no GPU to run it on" : undefined;
  const onGpu = (name: string, body: () => Promise<Finding>) =>
    table.check(name, () => skip === undefined ? body() : { skipped: skip });

  await onGpu("every function is called once", async () => {
    const ended = await runScript("tests/gpu/exercise.ts", [], { seconds: 60 });
    return ended.code === 0 ? { passed: ended.stdout.trim() } : failure(ended);
  });
  for (const suite of SUITES) {
    await onGpu(
      `tests/${suite} on the GPU`,
      () => runSuite(`tests/${suite}`, { seconds: 180, env: { TAME_TEST_BACKEND: "cuda" } }),
    );
  }
  await onGpu("tests/gpu: the GPU beside the CPU", () => runSuite("tests/gpu", { seconds: 120 }));
  await onGpu("runs that are killed go on bit for bit", async () => {
    const args = ["--backend", "cuda", "--kills", quick ? "4" : "20"];
    const ended = await runScript("scripts/kill_check.ts", args, { seconds: 240 });
    return ended.code === 0 ? { passed: ended.stdout.trim().split("\n").at(-1)! } : failure(ended);
  });
  await onGpu("LPIPS agrees with PyTorch", async () => {
    const ended = await runScript("scripts/lpips_check.ts", [], { seconds: 120 });
    if (ended.code !== 0) return failure(ended);
    const last = ended.stdout.trim().split("\n").at(-1)!;
    return last.startsWith("skipped: ") ? { skipped: last.slice("skipped: ".length) } : { passed: last };
  });
  const fox = await checkFox(table, { skip, quick });
  await onGpu("CUDA_FORCE_PTX_JIT=1: PTX compiled by the driver", async () => {
    if (!cuda?.build?.targets.some((target) => target.startsWith("compute_"))) {
      return { skipped: "this library has no PTX: build it with CUDA_PTX" };
    }
    const env = { CUDA_FORCE_PTX_JIT: "1", CUDA_CACHE_DISABLE: "1" };
    const ended = await runScript("tests/gpu/exercise.ts", [], { seconds: 90, env });
    return ended.code === 0 ? { passed: ended.stdout.trim() } : failure(ended);
  });
  const sanitizer = values.skip_sanitizer ? undefined : await findSanitizer();
  for (const tool of quick ? TOOLS.slice(0, 1) : TOOLS) {
    await onGpu(`compute-sanitizer ${tool}`, () => sanitize(tool, sanitizer, values.skip_sanitizer));
  }
  const kernels = readKernels();
  await table.check("no kernel of ours spills", () => {
    if (kernels.length === 0) return { skipped: "no ptxas reports in build/obj/gpu: the library was not built here" };
    console.log(kernelTable(kernels));
    const found = spills(kernels);
    return found.length > 0 ? { failed: found.join("; ") } : { passed: `${kernels.length} kernels and targets` };
  });
  const timings = skip === undefined && !quick ? await timeParts(table) : {};

  report(table, { fox, timings });
  const file = values.json === "" ? join(ROOT, "out", "gpu_check.json") : userPath(values.json);
  await Deno.mkdir(join(file, ".."), { recursive: true });
  await Deno.writeTextFile(`${file}.tmp`, JSON.stringify({ cuda, rows: table.rows, fox, timings, kernels }, null, 2));
  await Deno.rename(`${file}.tmp`, file);
  console.log(`Written: ${file}`);
  return table.failed ? EXIT.failed : EXIT.done;
}

async function makeLibrary(): Promise<Finding> {
  if (existsSync(join(ROOT, LIBRARY))) return { passed: "taken as it is" };
  const ended = await runProgram("make", ["-j", String(navigator.hardwareConcurrency), "cuda"], { seconds: 240 });
  return ended.code === 0 ? { passed: "made" } : failure(ended);
}

function describeCuda({ build, devices }: CudaReport): string {
  return `${devices.map(({ name }) => name).join(", ")}; the library has ${build?.targets.join(" ")}`;
}

async function findSanitizer(): Promise<string | undefined> {
  for (const program of ["compute-sanitizer", "/usr/local/cuda/bin/compute-sanitizer"]) {
    // 127: timeout found no such program.
    if ((await runProgram(program, ["--version"], { seconds: 10 })).code === 0) return program;
  }
}

async function sanitize(tool: string, program: string | undefined, unwanted: boolean): Promise<Finding> {
  if (unwanted) return { skipped: "--skip_sanitizer" };
  if (program === undefined) return { skipped: "no compute-sanitizer on this machine" };
  const exercise = [Deno.execPath(), "run", "--allow-all", "--no-check", "tests/gpu/exercise.ts"];
  const args = ["--tool", tool, "--error-exitcode", "9", "--target-processes", "all", ...exercise];
  const ended = await runProgram(program, args, { seconds: 120 });
  const summary = /(?:ERROR|RACECHECK) SUMMARY: .*/.exec(ended.stdout)?.[0];
  if (ended.code === 0 && summary !== undefined) return { passed: summary };
  return failure(ended);
}

/** Seconds by name; the parts of a training run if there is a capture. */
async function timeParts(table: Table): Promise<Record<string, number>> {
  const timings: Record<string, number> = {};
  await table.check("timings", async () => {
    const ended = await runScript("tests/gpu/timings.ts", [], { seconds: 60 });
    if (ended.code !== 0) return failure(ended);
    Object.assign(timings, JSON.parse(ended.stdout));
    return { passed: `${Object.keys(timings).length} of them` };
  });
  await table.check("bench on fox at an eighth", async () => {
    const fox = capture("fox", "images_8", "sparse");
    if (fox === undefined) return { skipped: "no fox capture" };
    const json = await Deno.makeTempFile({ suffix: ".json" });
    try {
      const args = ["-s", fox, "-i", "images_8", "--backend", "cuda", "--json", json];
      const ended = await runScript("scripts/bench.ts", args, { seconds: 60 });
      if (ended.code !== 0) return failure(ended);
      const { parts, training } = JSON.parse(await Deno.readTextFile(json)) as BenchReport;
      for (const { name, work, seconds } of parts) timings[`${name}, ${work}`] = seconds;
      return { passed: `${training.iterationsPerSecond.toFixed(0)} it/s` };
    } finally {
      await Deno.remove(json);
    }
  });
  return timings;
}

function report(table: Table, { fox, timings }: { fox: FoxTimes[]; timings: Record<string, number> }): void {
  const line = (name: string, value: string) => console.log(`${name.padEnd(48)} ${value}`);
  console.log("");
  for (const row of table.rows) console.log(rowText(row));
  console.log("");
  for (const { seconds, iterationsPerSecond, loss, peakMemory } of fox) {
    const memory = `${(peakMemory / 2 ** 20).toFixed(0)} MiB`;
    line("fox-S", `${iterationsPerSecond.toFixed(0)} it/s, ${seconds.toFixed(2)} s in all, ${memory}, loss ${loss}`);
  }
  for (const [name, seconds] of Object.entries(timings)) line(name, `${(1000 * seconds).toFixed(1)} ms`);
}

if (import.meta.main) await runMain(main, "scripts/gpu_check");
