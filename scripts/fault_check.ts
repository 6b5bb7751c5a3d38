// Runs `train` once for each of its writes and native allocations, which then fails. `--help` says how to call it.

import { join } from "@std/path";
import type { OptionRow } from "../base/option.ts";
import { parse } from "../cli/argv.ts";
import { EXIT } from "../cli/exit.ts";
import { asksForHelp } from "../cli/help.ts";
import type { OptionGroup } from "../cli/option.ts";
import { writeCapture } from "../demo/capture.ts";
import { allocationProblems } from "./fault_check/allocations.ts";
import { Shim } from "./fault_check/shim.ts";
import { type Faulty, Sweep } from "./fault_check/sweep.ts";
import { applies, WRITE_FAULTS, writeProblems } from "./fault_check/writes.ts";
import { runMain } from "./main.ts";

const COMMAND = "deno run -A scripts/fault_check.ts";

const HELP =
  `Trains a small synthetic capture into the folder of an earlier run, again and again. In each run one operation
fails that the run does: a write to its model folder (by an input/output error, by a disk that is full for a moment, by
one that is full from then on), or an allocation of the native library. Each run must end with the right exit code and a
message that names the path, leave whole files alone under their final names, and lose nothing that was saved before;
the next run must succeed. Needs Linux and a C++ compiler ($CXX, default g++).

Usage: ${COMMAND} [options]

  --what NAME     writes or allocations (default: both)
  --every N       fail only each N-th operation (default: 1, about an hour in all)
  --help          this text

Exit codes: 0 all runs end as they must; 1 one does not.

Example: ${COMMAND} --what writes --every 5`;

const OPTIONS = [{
  title: "Runs",
  rows: [
    { name: "what", kind: "string", choices: ["writes", "allocations"], help: "what fails" },
    { name: "every", kind: "integer", default: 1, minimum: 1, help: "of how many operations one fails" },
  ] as const satisfies readonly OptionRow[],
}] as const satisfies readonly OptionGroup[];

/** More operations than a run has. */
const MANY = 1e9;

/** What to check, and where. */
export interface FaultOptions {
  /** Absolute path of a folder to work in. */
  folder: string;
  /** Absolute path of the capture. */
  capture: string;
  /** Of how many operations one fails. Default 1. */
  every?: number;
  /** Takes a line about each run. */
  report?: (line: string) => void;
}

/** Fails the writes of runs; resolves to what went wrong, a line each. */
export async function failWrites(options: FaultOptions): Promise<string[]> {
  const { every = 1 } = options;
  const sweep = new Sweep(await Shim.build(options.folder), options);
  const below = sweep.above;
  const operations = await sweep.prepare({ below });
  const all: string[] = [];
  for (const fault of WRITE_FAULTS) {
    const { title, lasting, ...how } = fault;
    for (const { number } of operations.filter((operation) => applies(fault, operation)).filter(each(every))) {
      const { run, problems } = await sweep.run({ below, first: number, last: lasting ? MANY : number, ...how });
      const { name = "nothing", path = below } = run.failed ?? {};
      const line = `${title}, ${number} of ${operations.length}, ${name} ${path.slice(below.length)}`;
      all.push(...told(line, run, [...problems, ...writeProblems(run, fault, sweep)], options));
    }
  }
  return all;
}

/** Fails the native allocations of runs; resolves to what went wrong, a line each. */
export async function failAllocations(options: FaultOptions): Promise<string[]> {
  const { every = 1 } = options;
  const sweep = new Sweep(await Shim.build(options.folder), options);
  const library = "libtame_";
  const operations = await sweep.prepare({ library });
  const all: string[] = [];
  for (const { number } of operations.filter(each(every))) {
    const { run, problems } = await sweep.run({ library, first: number });
    const line = `allocation ${number} of ${operations.length}, ${run.failed?.name ?? "nothing"}`;
    all.push(...told(line, run, [...problems, ...allocationProblems(run)], options));
  }
  return all;
}

function each(every: number): (_: unknown, index: number) => boolean {
  return (_, index) => index % every === 0;
}

/** Reports a run; returns its problems with what it wrote to the standard error. */
function told(line: string, run: Faulty, problems: readonly string[], { report }: FaultOptions): string[] {
  report?.(`${line}: exit code ${run.code}${problems.length === 0 ? "" : `, FAILED: ${problems.join("; ")}`}`);
  return problems.map((problem) => `${line}: ${problem}\n${run.errors}`);
}

async function main(argv: string[]): Promise<number> {
  if (asksForHelp(argv)) {
    console.log(HELP);
    return EXIT.done;
  }
  const { values: { what, every } } = parse(argv, OPTIONS);
  const folder = await Deno.makeTempDir({ prefix: "tame_faults_" });
  try {
    const capture = join(folder, "capture");
    await writeCapture(capture, { views: 6, width: 48, height: 36 });
    const options = { folder, capture, every, report: (line: string) => console.log(line) };
    const problems = [
      ...what === "allocations" ? [] : await failWrites(options),
      ...what === "writes" ? [] : await failAllocations(options),
    ];
    for (const problem of problems) console.error(problem);
    console.log(problems.length === 0 ? "passed" : `FAILED: ${problems.length} problems`);
    return problems.length === 0 ? EXIT.done : EXIT.failed;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) await runMain(main, COMMAND);
