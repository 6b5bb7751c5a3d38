// `deno task bench`: times the parts of a training run on this machine. `--help` says how to call it.

import { basename } from "@std/path";
import { parse } from "../cli/argv.ts";
import { openChosenDevice } from "../cli/device.ts";
import { EXIT, failureOf } from "../cli/exit.ts";
import { asksForHelp, helpText } from "../cli/help.ts";
import type { OptionGroup, OptionRow } from "../cli/option.ts";
import { DEVICE_ROWS } from "../cli/options/common_rows.ts";
import { userPath } from "../cli/paths.ts";
import { Reporter } from "../cli/progress.ts";
import { writeFileAtomic } from "../export/atomic.ts";
import { loadScene } from "../load/scene.ts";
import { machine } from "./bench/machine.ts";
import { bench } from "./bench/parts.ts";
import { type BenchReport, reportText } from "./bench/report.ts";
import { DEFAULT_SIZE, writeCapture } from "./demo_scene/capture.ts";

/** Enough for steady numbers, few enough for well under a minute on two cores. */
const ITERATIONS = 300;

const rows = [
  {
    name: "source_path",
    short: "s",
    kind: "string",
    unit: "PATH",
    default: "",
    help: "folder of the capture; empty: the demo's, written to a temporary folder",
  },
  {
    name: "images",
    short: "i",
    kind: "string",
    unit: "NAME",
    default: "images",
    help: "sub-folder of the capture that holds the photos",
  },
  { name: "iterations", kind: "integer", unit: "N", default: ITERATIONS, minimum: 1, help: "training steps" },
] as const satisfies readonly OptionRow[];

const output = [
  { name: "json", kind: "string", unit: "FILE", default: "", help: "write the numbers to this file as well" },
] as const satisfies readonly OptionRow[];

const OPTIONS = [
  { title: "Work", rows },
  { title: "Device", rows: DEVICE_ROWS },
  { title: "Reports", rows: output },
] as const satisfies readonly OptionGroup[];

async function main(argv: string[]): Promise<number> {
  if (asksForHelp(argv)) {
    console.log(helpText({
      name: "bench",
      summary: "time the parts of a training run",
      usage: "[-s CAPTURE] [options]",
      example: "deno task bench -s ../data/fox -i images_8 --json out/bench.json",
      notes: ["Every time is the median of several runs. Run it on a machine that does nothing else."],
      table: OPTIONS,
    }));
    return EXIT.done;
  }
  const { values } = parse(argv, OPTIONS);
  using device = await openChosenDevice(values, new Reporter());
  await using folder = await captureFolder(values.source_path);
  const scene = await loadScene(folder.path, { images: values.images });
  const { parts, training } = await bench(device, scene, values);
  const report: BenchReport = {
    machine: machine(device, values.threads),
    capture: {
      name: folder.name,
      views: scene.train.length,
      width: scene.train[0].camera.width,
      height: scene.train[0].camera.height,
      points: scene.points.count,
    },
    parts,
    training,
  };
  console.log(reportText(report));
  if (values.json !== "") {
    const path = userPath(values.json);
    await writeFileAtomic(path, JSON.stringify(report, null, 2) + "\n");
    console.log(`\nThe same as JSON: ${path}`);
  }
  return EXIT.done;
}

/** The capture that was named, or the demo's in a folder that goes away again. */
async function captureFolder(named: string): Promise<{ name: string; path: string } & AsyncDisposable> {
  if (named !== "") {
    const path = userPath(named);
    return { name: basename(path), path, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const path = await Deno.makeTempDir({ prefix: "tame_bench_" });
  await writeCapture(path, DEFAULT_SIZE);
  return { name: "demo", path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

if (import.meta.main) {
  try {
    Deno.exitCode = await main(Deno.args);
  } catch (error) {
    const { code, message } = failureOf(error, () => "Run: deno task bench");
    console.error(`Error: ${message}`);
    Deno.exitCode = code;
  }
}
