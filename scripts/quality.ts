// `deno task quality`: trains the real captures in several ways, with the same seeds and folds, and compares what comes
// out. `--help` says how to call it.

import { fromFileUrl, join } from "@std/path";
import type { OptionRow } from "../base/option.ts";
import { forEachParallel } from "../base/parallel.ts";
import { parse } from "../cli/argv.ts";
import { UsageError } from "../cli/errors.ts";
import { EXIT } from "../cli/exit.ts";
import { duration } from "../cli/format.ts";
import { asksForHelp, helpText } from "../cli/help.ts";
import { Interrupt } from "../cli/interrupt.ts";
import type { OptionGroup, OptionValues } from "../cli/option.ts";
import { peersOf } from "../cli/full_eval/references.ts";
import { LPIPS_ROWS } from "../cli/options/common_rows.ts";
import { userPath } from "../cli/paths.ts";
import { findLpipsWeights } from "../eval/lpips/lpips.ts";
import { type Code, codeOf } from "./quality/code.ts";
import { execute, RunFailure } from "./quality/execute.ts";
import { type FinishedRun, ResultsFolder, type RunRecord } from "./quality/records.ts";
import { reportText } from "./quality/report.ts";
import { numberList, type Plan, type Run, runKey, runsOf, runText, TEST_EVERY } from "./quality/runs.ts";
import { SETTINGS } from "./quality/settings.ts";
import { checkFlags, flagsOf, parseVariants, parseVariantsJson, type Variant, VARIANTS } from "./quality/variants.ts";
import { runMain } from "./main.ts";

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
    name: "variants",
    kind: "string",
    unit: "LIST|FILE.json",
    default: "default;reference",
    help: 'ways of training, the baseline first: "base=;slow=--position_lr_init 0.00004;cap"',
  },
  { name: "seeds", kind: "strings", unit: "N", default: ["0-2"], help: "one run each, such as 0,1 or 0-7" },
  {
    name: "folds",
    kind: "strings",
    unit: "K",
    default: ["0"],
    help: `which photos are held out: every ${TEST_EVERY}th from this one on, such as 0,1 or 0-${TEST_EVERY - 1}`,
  },
  { name: "iterations", kind: "integer", unit: "N", minimum: 1, help: "training steps instead of the setting's" },
  { name: "flags", kind: "string", unit: "TEXT", default: "", help: "more flags of train, separated by spaces" },
  { name: "jobs", kind: "integer", unit: "N", default: 1, minimum: 1, help: "runs at a time" },
] as const satisfies readonly OptionRow[];

const output = [
  ...LPIPS_ROWS,
  { name: "results", kind: "string", unit: "DIR", default: "out/quality", help: "folder of the results" },
  { name: "report", kind: "flag", help: "train nothing: print the tables of the results that there are" },
  {
    name: "against",
    kind: "string",
    unit: "CODE",
    help: "compare with results of the same runs by an earlier code: its hash or commit, or the beginning of one",
  },
  {
    name: "peers",
    kind: "paths",
    unit: "FILE",
    default: [],
    help: "results of other trainers to list below ours: JSON files, such as scripts/peers.json",
  },
  { name: "views", kind: "flag", help: "also tables of the held-out views" },
  { name: "keep_models", kind: "flag", help: "keep the trained models, in models/ of the results" },
] as const satisfies readonly OptionRow[];

/** Options of the script. */
export const QUALITY_OPTIONS = [
  { title: "Runs", rows },
  { title: "Results", rows: output },
] as const satisfies readonly OptionGroup[];

type QualityValues = OptionValues<typeof QUALITY_OPTIONS>;

async function main(argv: string[]): Promise<number> {
  if (asksForHelp(argv)) {
    console.log(help());
    return EXIT.done;
  }
  const { values } = parse(withFlagsJoined(argv), QUALITY_OPTIONS);
  const plan = await planOf(values);
  const peers = await peersOf(values.peers, plan.settings.map(({ name }) => name));
  const runs = runsOf(plan);
  const results = new ResultsFolder(userPath(values.results));
  const failures: string[] = [];
  const code = values.report ? (await results.codes(runs)).at(0) : await codeOf(ROOT);
  const earlier = values.against === undefined ? undefined : await codeNamed(values.against, { results, runs, code });
  if (!values.report && code !== undefined) failures.push(...await runAll(runs, { values, results, code }));
  const names = plan.variants.map(({ name }) => name);
  const finished = code === undefined ? [] : await finishedRuns(runs, results, code);
  if (earlier !== undefined) {
    for (const { run, record } of await finishedRuns(runs, results, earlier)) {
      finished.push({ run: { ...run, variant: { ...run.variant, name: before(run.variant.name) } }, record });
    }
  }
  const groups = earlier === undefined ? [names] : names.map((name) => [before(name), name]);
  console.log(reportText({ settings: plan.settings, groups, finished, peers, views: values.views }));
  for (const failure of failures) console.error(failure);
  return failures.length === 0 ? EXIT.done : EXIT.failed;
}

/** The name of a variant's results by an earlier code. */
function before(name: string): string {
  return `${name} before`;
}

async function finishedRuns(runs: readonly Run[], results: ResultsFolder, code: Code): Promise<FinishedRun[]> {
  const finished: FinishedRun[] = [];
  for (const run of runs) {
    const record = await results.read(run, code.hash);
    if (record !== undefined) finished.push({ run, record });
  }
  return finished;
}

/** The code with results of the runs whose hash or commit begins with a text. */
async function codeNamed(
  text: string,
  { results, runs, code }: { results: ResultsFolder; runs: readonly Run[]; code: Code | undefined },
): Promise<Code> {
  const others = (await results.codes(runs)).filter(({ hash }) => hash !== code?.hash);
  const found = others.find(({ hash, commit }) => hash.startsWith(text) || commit?.startsWith(text));
  if (found !== undefined) return found;
  const names = others.map(({ hash, commit }) => commit === null ? hash : `${hash} (commit ${commit})`);
  throw new UsageError(
    `Cannot use "${text}" as --against: ` +
      (names.length === 0 ? "there are no results of these runs by another code" : `there are ${names.join(", ")}`),
  );
}

function help(): string {
  return helpText({
    name: "quality",
    summary: "train the real captures in several ways and compare what comes out, pair by pair",
    usage: "[options]",
    example: 'deno task quality --settings fox-C7 --variants "base=;slow=--position_lr_init 0.00004" --seeds 0-7 ' +
      '--jobs 4 --flags "--backend cuda"',
    notes: [
      `Settings: ${SETTINGS.map(({ name }) => name).join(", ")}; their captures are looked for in $TAME_DATA or data/.`,
      `Variants: NAME=FLAGS, or one of ${VARIANTS.map(({ name }) => name).join(", ")}. A JSON file has an object of ` +
      "names and flags.",
      "A run that has a result of the same flags and code is not run again. Times of runs that share a machine are longer.",
    ],
    table: QUALITY_OPTIONS,
  });
}

/** `--flags "--backend cuda"` as one argument: the parser takes a value that begins with dashes for an option. */
function withFlagsJoined(argv: readonly string[]): string[] {
  const at = argv.indexOf("--flags");
  if (at < 0 || at + 1 === argv.length) return [...argv];
  return [...argv.slice(0, at), `--flags=${argv[at + 1]}`, ...argv.slice(at + 2)];
}

async function planOf(values: QualityValues): Promise<Plan> {
  const flags = flagsOf(values.flags);
  checkFlags(flags, "--flags");
  const settings = values.settings.flatMap((text) => text.split(",")).map((name) => {
    const setting = SETTINGS.find((setting) => setting.name === name);
    if (setting !== undefined) return setting;
    throw new UsageError(
      `Cannot use "${name}" as --settings: there are ${SETTINGS.map(({ name }) => name).join(", ")}`,
    );
  });
  return {
    settings,
    variants: await variantsOf(values.variants),
    seeds: numberList("seeds", values.seeds, 999_999),
    folds: numberList("folds", values.folds, TEST_EVERY - 1),
    iterations: values.iterations,
    flags,
  };
}

async function variantsOf(text: string): Promise<Variant[]> {
  if (!text.endsWith(".json") || text.includes("=")) return parseVariants(text);
  const path = userPath(text);
  return parseVariantsJson(await Deno.readTextFile(path), path);
}

/** Does what has no result yet; resolves to the reasons of what failed. */
async function runAll(
  runs: readonly Run[],
  { values, results, code }: { values: QualityValues; results: ResultsFolder; code: Code },
): Promise<string[]> {
  const weights = findLpipsWeights(values.lpips);
  const lpips = weights === undefined ? undefined : userPath(weights);
  const todo = await unfinished(runs, { results, code, lpips });
  console.error(`${runs.length} runs, ${todo.length} to do`);
  const folder = userPath(values.results);
  const [models, logs] = [join(folder, "models"), join(folder, "logs")];
  for (const path of todo.length === 0 ? [] : [models, logs]) await Deno.mkdir(path, { recursive: true });
  const failures: string[] = [];
  using interrupt = new Interrupt(() =>
    console.error("Interrupted: the same command does what is not done; ^C again stops at once")
  );
  const { signal } = interrupt;
  let ended = 0;
  await forEachParallel(todo.length, async (index) => {
    const run = todo[index];
    const { setting, variant, seed, fold } = run;
    // The key keeps apart what has the same names but other flags, or another code.
    const key = (await runKey(run, code.hash)).slice(0, 8);
    const name = `${setting.name}_${variant.name}_seed_${seed}_fold_${fold}_${key}`;
    const [model, log] = [join(models, name), join(logs, `${name}.log`)];
    const started = performance.now();
    const took = () => duration((performance.now() - started) / 1000);
    const { jobs, keep_models: keep } = values;
    try {
      const record = await execute(run, { code, model, log, lpips, jobs, keep, signal });
      await results.write(run, record);
      console.error(`[${++ended}/${todo.length}] ${runText(run)}: ${scoresText(record)}, ${took()}`);
    } catch (error) {
      if (!(error instanceof RunFailure)) throw error;
      failures.push(`${runText(run)}: ${error.message}`);
      console.error(`[${++ended}/${todo.length}] ${runText(run)} failed after ${took()}`);
    }
  }, { concurrency: values.jobs, signal });
  return failures;
}

/** The runs without a result, or without the LPIPS that is asked for; each once, also where variants are the same. */
async function unfinished(
  runs: readonly Run[],
  { results, code, lpips }: { results: ResultsFolder; code: Code; lpips?: string },
): Promise<Run[]> {
  const todo = new Map<string, Run>();
  for (const run of runs) {
    const record = await results.read(run, code.hash);
    const complete = record !== undefined &&
      (lpips === undefined || Object.keys(record.scores).some((name) => name.startsWith("LPIPS")));
    const key = await runKey(run, code.hash);
    if (!complete && !todo.has(key)) todo.set(key, run);
  }
  return [...todo.values()];
}

function scoresText({ scores }: RunRecord): string {
  return `PSNR ${scores.PSNR.toFixed(2)}, SSIM ${scores.SSIM.toFixed(4)}`;
}

if (import.meta.main) await runMain(main, "deno task quality");
