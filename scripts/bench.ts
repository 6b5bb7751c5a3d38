// `deno task bench`: times the parts of a training run on this machine. `--help` says how to call it.

import { basename, dirname } from "@std/path";
import { writeFileAtomic } from "../base/atomic.ts";
import { type OptionRow, rowNamed } from "../base/option.ts";
import { parse } from "../cli/argv.ts";
import { deviceOptions, openChosenDevice } from "../cli/device.ts";
import { UsageError } from "../cli/errors.ts";
import { EXIT } from "../cli/exit.ts";
import { asksForHelp, helpText } from "../cli/help.ts";
import type { OptionGroup } from "../cli/option.ts";
import { COMPUTE_ROWS, FOLDER_ROWS } from "../cli/options/common_rows.ts";
import { userPath } from "../cli/paths.ts";
import { Reporter } from "../cli/progress.ts";
import { DEFAULT_SIZE, writeCapture } from "../demo/capture.ts";
import { LOAD_ROWS } from "../load/option_table.ts";
import { loadScene } from "../load/scene.ts";
import { TRAIN_ROWS } from "../train/option_table.ts";
import { boundsOf, measureCeilings } from "./bench/ceilings.ts";
import { machine } from "./bench/machine.ts";
import { bench } from "./bench/parts.ts";
import { againstText, type BenchReport, reportText } from "./bench/report.ts";
import { scale, SCALES, sizesOf } from "./bench/scale.ts";
import { scalePlot } from "./bench/scale_plot.ts";
import { type ScaleReport, scaleText } from "./bench/scale_report.ts";
import { runMain } from "./main.ts";

const rows = [
  {
    ...rowNamed(FOLDER_ROWS, "source_path"),
    help: "folder of the capture; empty: the demo's, written to a temporary folder",
  },
  rowNamed(LOAD_ROWS, "images"),
  // Enough for steady numbers, few enough for well under a minute on two cores.
  { ...rowNamed(TRAIN_ROWS, "iterations"), default: 300, help: "training steps" },
  {
    name: "scale",
    kind: "string",
    choices: ["none", ...SCALES],
    default: "none",
    help: "instead of a capture, steps of synthetic scenes with more and more of this",
  },
] as const satisfies readonly OptionRow[];

const output = [
  { name: "json", kind: "string", unit: "FILE", default: "", help: "write the numbers to this file as well" },
  {
    name: "against",
    kind: "string",
    unit: "FILE",
    default: "",
    help: "an earlier --json: print the ratio of each part's least time",
  },
  { name: "plot", kind: "string", unit: "FILE", default: "", help: "with --scale: draw the growth as SVG" },
] as const satisfies readonly OptionRow[];

/** Options of `deno task bench`. */
export const BENCH_OPTIONS = [
  { title: "Work", rows },
  { title: "Device", rows: COMPUTE_ROWS },
  { title: "Reports", rows: output },
] as const satisfies readonly OptionGroup[];

async function main(argv: string[]): Promise<number> {
  if (asksForHelp(argv)) {
    console.log(helpText({
      name: "bench",
      summary: "time the parts of a training run",
      usage: "[-s CAPTURE] [options]",
      example: "deno task bench -s ../data/fox -i images_8 --json out/bench.json",
      notes: [
        "Every time is the median of several runs. Run it on a machine that does nothing else.",
        "After `make ceilings` the phases are set beside what the processor can do at most.",
      ],
      table: BENCH_OPTIONS,
    }));
    return EXIT.done;
  }
  const { values } = parse(argv, BENCH_OPTIONS);
  const what = SCALES.find((name) => name === values.scale);
  if (values.plot !== "" && what === undefined) {
    throw new UsageError(`--plot draws how a step grows: say with what, as in --scale gaussians --plot ${values.plot}`);
  }
  const earlier = values.against === "" ? undefined : await earlierReport(userPath(values.against));
  using device = await openChosenDevice(values, new Reporter());
  const threads = values.threads === 0 ? device.info.threads : values.threads;
  if (what !== undefined) {
    const measured = await scale(sizesOf(what, device.backend, threads), deviceOptions(values));
    const report: ScaleReport = { machine: machine(device, values.threads), scale: what, ...measured };
    console.log(scaleText(report));
    if (values.plot !== "") await writeFile(values.plot, { what: "plot", text: await scalePlot(report) });
    return await writeJson(report, values.json);
  }
  await using folder = await captureFolder(values.source_path);
  const scene = await loadScene(folder.path, { images: values.images });
  const { parts, counts, training } = await bench(device, scene, values);
  const ceilings = device.backend === "cpu" ? measureCeilings(threads) : undefined;
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
    counts,
    ...ceilings === undefined ? {} : { ceilings, bounds: boundsOf({ parts, counts }, ceilings) },
    training,
  };
  console.log(reportText(report));
  if (earlier !== undefined) console.log(`\nAgainst ${values.against}:\n${againstText(parts, earlier.parts)}`);
  return await writeJson(report, values.json);
}

async function writeJson(report: BenchReport | ScaleReport, file: string): Promise<number> {
  if (file !== "") await writeFile(file, { what: "JSON", text: JSON.stringify(report, null, 2) + "\n" });
  return EXIT.done;
}

/** Creates the file's folder too, so that a long measurement is not lost for a missing folder. */
async function writeFile(file: string, { what, text }: { what: string; text: string }): Promise<void> {
  const path = userPath(file);
  await Deno.mkdir(dirname(path), { recursive: true });
  await writeFileAtomic(path, text);
  console.log(`\nThe same as ${what}: ${path}`);
}

async function earlierReport(path: string): Promise<BenchReport> {
  const report: BenchReport = JSON.parse(await Deno.readTextFile(path));
  if (!Array.isArray(report.parts)) throw new UsageError(`No benchmark of a capture: ${path}`);
  return report;
}

/** The named capture, or the demo's in a temporary folder. */
async function captureFolder(named: string): Promise<{ name: string; path: string } & AsyncDisposable> {
  if (named !== "") {
    const path = userPath(named);
    return { name: basename(path), path, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const path = await Deno.makeTempDir({ prefix: "tame_bench_" });
  await writeCapture(path, DEFAULT_SIZE);
  return { name: "demo", path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

if (import.meta.main) await runMain(main, "deno task bench");
