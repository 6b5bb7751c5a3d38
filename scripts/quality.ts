// `deno task quality`: trains the real captures in several ways, each with several seeds, and reports PSNR, SSIM, count
// and time. `--help` says how to call it.

import { dirname, fromFileUrl, join } from "@std/path";
import type { OptionRow } from "../base/option.ts";
import { forEachParallel } from "../base/parallel.ts";
import { parse } from "../cli/argv.ts";
import { UsageError } from "../cli/errors.ts";
import { EXIT, failureOf } from "../cli/exit.ts";
import { duration } from "../cli/format.ts";
import { asksForHelp, helpText } from "../cli/help.ts";
import type { OptionGroup, OptionValues } from "../cli/option.ts";
import { userPath } from "../cli/paths.ts";
import type { RunConfig } from "../export/model_folder.ts";
import { MODEL_FILES } from "../load/model_folder.ts";
import { capture } from "./captures.ts";
import { markdown, readRecords, type RunRecord, withRecord, writeRecords } from "./quality/results.ts";
import { type Setting, SETTINGS, trainArguments, type Variant, VARIANTS } from "./quality/variants.ts";

const ROOT = fromFileUrl(new URL("..", import.meta.url));

const rows = [
  {
    name: "settings",
    kind: "strings",
    unit: "NAME",
    default: SETTINGS.map(({ name }) => name),
    help: "captures with their flags, also joined by commas",
  },
  {
    name: "only",
    kind: "strings",
    unit: "NAME",
    default: VARIANTS.map(({ name }) => name),
    help: "ways of training, also joined by commas",
  },
  { name: "seeds", kind: "integers", unit: "N", default: [0, 1, 2], help: "one run each" },
  { name: "jobs", kind: "integer", unit: "N", default: 1, minimum: 1, help: "runs at a time" },
  { name: "iterations", kind: "integer", unit: "N", minimum: 1, help: "training steps instead of the setting's" },
  { name: "flags", kind: "string", unit: "TEXT", default: "", help: "more flags of train, separated by spaces" },
] as const satisfies readonly OptionRow[];

const output = [
  { name: "out", kind: "string", unit: "PATH", default: "out/quality", help: "folder of the trained models" },
  { name: "results", kind: "string", unit: "FILE", default: "out/quality/results.json", help: "file of the results" },
  { name: "report", kind: "flag", help: "train nothing: print the table of the results that there are" },
] as const satisfies readonly OptionRow[];

/** Options of the script. */
export const QUALITY_OPTIONS = [
  { title: "Runs", rows },
  { title: "Results", rows: output },
] as const satisfies readonly OptionGroup[];

/** A training to run. */
interface Job {
  setting: Setting;
  variant: Variant;
  seed: number;
}

async function main(argv: string[]): Promise<number> {
  if (asksForHelp(argv)) {
    console.log(helpText({
      name: "quality",
      summary: "train the real captures in several ways and compare what comes out",
      usage: "[options]",
      example: 'deno task quality --settings fox-C7 --only default,reference --jobs 4 --flags "--backend cuda"',
      notes: [
        `Settings: ${
          SETTINGS.map(({ name }) => name).join(", ")
        }; their captures are looked for in $TAME_DATA or data/.`,
        `Ways of training: ${VARIANTS.map(({ name, what }) => `${name} (${what})`).join(", ")}.`,
        "A run replaces an earlier result of its setting, variant and seed. Times of runs that share a machine are longer.",
      ],
      table: QUALITY_OPTIONS,
    }));
    return EXIT.done;
  }
  const { values } = parse(argv, QUALITY_OPTIONS);
  const results = userPath(values.results);
  let records = await readRecords(results);
  const failures: string[] = [];
  if (!values.report) {
    await Deno.mkdir(dirname(results), { recursive: true });
    const jobs = jobsOf(values);
    await forEachParallel(jobs.length, async (index) => {
      const started = performance.now();
      const outcome = await train(jobs[index], values);
      const took = duration((performance.now() - started) / 1000);
      if (typeof outcome === "string") {
        failures.push(`${nameOf(jobs[index])}: ${outcome}`);
        console.error(`${nameOf(jobs[index])} failed after ${took}`);
        return;
      }
      records = withRecord(records, outcome);
      await writeRecords(results, records);
      console.error(
        `${nameOf(jobs[index])}: PSNR ${outcome.psnr.toFixed(2)}, SSIM ${outcome.ssim.toFixed(4)}, ${took}`,
      );
    }, { concurrency: values.jobs });
  }
  console.log(markdown(records));
  for (const failure of failures) console.error(failure);
  return failures.length === 0 ? EXIT.done : EXIT.failed;
}

/** Every seed of every variant of every setting, the seeds innermost. */
function jobsOf(values: OptionValues<typeof QUALITY_OPTIONS>): Job[] {
  const settings = chosen("settings", values.settings, SETTINGS);
  const variants = chosen("only", values.only, VARIANTS);
  return settings.flatMap((setting) =>
    variants.flatMap((variant) => values.seeds.map((seed): Job => ({ setting, variant, seed })))
  );
}

/** The items of a list that an option names. */
function chosen<T extends { name: string }>(option: string, names: readonly string[], all: readonly T[]): T[] {
  return names.flatMap((text) => text.split(",")).map((name) => {
    const item = all.find((item) => item.name === name);
    if (item !== undefined) return item;
    throw new UsageError(`Cannot use "${name}" as --${option}: there are ${all.map(({ name }) => name).join(", ")}`);
  });
}

function nameOf({ setting, variant, seed }: Job): string {
  return `${setting.name} ${variant.name}, seed ${seed}`;
}

/** Trains in its own process; resolves to the record, or to the reason why there is none. */
async function train(job: Job, values: OptionValues<typeof QUALITY_OPTIONS>): Promise<RunRecord | string> {
  const { setting, variant, seed } = job;
  const source = capture(setting.capture, setting.images, "sparse");
  if (source === undefined) return `no ${setting.capture} capture in $TAME_DATA or data/`;
  const folder = join(userPath(values.out), setting.name, variant.name, `seed_${seed}`);
  const iterations = values.iterations ?? setting.iterations;
  const extra = values.flags.split(" ").filter((flag) => flag !== "");
  const command = trainArguments(setting, variant, { source, folder, seed, iterations, extra });
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "-A", join(ROOT, "cli.ts"), "train", ...command],
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  if (code !== EXIT.done) return `exit code ${code}: ${decoder.decode(stderr).trim().split("\n").slice(-3).join("; ")}`;
  const events = decoder.decode(stdout).trim().split("\n").map((line) => JSON.parse(line));
  const evaluated = events.findLast(({ type, set }) => type === "evaluate" && set === "test");
  if (evaluated === undefined) return "no held-out views were evaluated";
  const { result, device }: RunConfig = JSON.parse(await Deno.readTextFile(join(folder, MODEL_FILES.config)));
  return {
    setting: setting.name,
    variant: variant.name,
    seed,
    psnr: evaluated.psnr,
    ssim: evaluated.ssim,
    count: result.count,
    trainSeconds: result.seconds,
    peakMemory: result.peakMemory,
    jobs: values.jobs,
    device: device.name,
    command,
  };
}

if (import.meta.main) {
  try {
    Deno.exitCode = await main(Deno.args);
  } catch (error) {
    const { code, message } = failureOf(error, () => "Run: deno task quality");
    console.error(`Error: ${message}`);
    Deno.exitCode = code;
  }
}
