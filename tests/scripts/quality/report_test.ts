// Comparisons and tables of the quality harness, from made-up records.

import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import type { Peer } from "../../../cli/full_eval/references.ts";
import { compare } from "../../../scripts/quality/comparison.ts";
import type { FinishedRun } from "../../../scripts/quality/records.ts";
import { differenceText, reportText } from "../../../scripts/quality/report.ts";
import { SETTINGS } from "../../../scripts/quality/settings.ts";
import { compareViews, worstViews } from "../../../scripts/quality/views.ts";
import { finishedRun } from "./finished_run.ts";

const setting = (name: string) => SETTINGS.find((setting) => setting.name === name)!;

function scored(variant: string, seed: number, psnr: number, ssim = 0.9): FinishedRun {
  return finishedRun({ variant: `${variant}=`, seed }, { PSNR: psnr, SSIM: ssim, PSNR_cc: psnr + 1, SSIM_cc: ssim });
}

const RUNS = [
  scored("base", 0, 30),
  scored("base", 1, 32),
  scored("base", 2, 99), // without a partner
  scored("slow", 0, 30.25),
  scored("slow", 1, 32.75),
];

Deno.test("compare() pairs runs by seed and fold, and averages over all", () => {
  const { variants, measures } = compare(setting("fox-C7"), ["base", "slow"], [
    ...RUNS,
    finishedRun({ variant: "slow=", seed: 0, fold: 1 }, { PSNR: 1, SSIM: 1 }), // the baseline has no such fold
  ]);
  assertEquals(measures.map(({ name }) => name), ["PSNR", "SSIM"]);
  assertEquals(variants.map(({ name, runs }) => [name, runs]), [["base", 3], ["slow", 3]]);
  const [base, slow] = variants;
  assertEquals([base.differences, base.verdict], [undefined, undefined]);
  assertAlmostEquals(base.means.PSNR, 161 / 3, 1e-12);
  // Differences 0.25 and 0.75: mean 0.5, s² = 0.125, standard error 0.25.
  assertEquals(slow.differences!.PSNR, { mean: 0.5, standardError: 0.25, pairs: 2 });
  assertEquals(slow.verdict, "better");
});

Deno.test("compare() judges by corrected colours too where exposure varies, and by LPIPS where every run has it", () => {
  const of = (variant: string, seed: number, scores: Record<string, number>) =>
    finishedRun({ setting: "herzjesu-B", variant: `${variant}=`, seed }, { PSNR: 20, SSIM: 0.7, ...scores });
  const runs = [
    of("base", 0, { PSNR_cc: 22, LPIPS: 0.3 }),
    of("base", 1, { PSNR_cc: 23, LPIPS: 0.3 }),
    of("slow", 0, { PSNR_cc: 22.5, LPIPS: 0.3 }),
    of("slow", 1, { PSNR_cc: 23.5, LPIPS: 0.3 }),
  ];
  const comparison = compare(setting("herzjesu-B"), ["base", "slow"], runs);
  assertEquals(comparison.measures.map(({ name }) => name), ["PSNR", "SSIM", "PSNR_cc", "LPIPS"]);
  assertEquals(comparison.variants[1].verdict, "better");
  const partly = [...runs, of("slow", 2, { PSNR_cc: 22 })];
  assertEquals(
    compare(setting("herzjesu-B"), ["base", "slow"], partly).measures.map(({ name }) => name),
    ["PSNR", "SSIM", "PSNR_cc"],
  );
});

Deno.test("compare() leaves out variants without runs, and gives no difference without a baseline", () => {
  const { variants } = compare(setting("fox-C7"), ["base", "slow", "fast"], [scored("slow", 0, 30)]);
  assertEquals(variants.map(({ name }) => name), ["slow"]);
  assertEquals([variants[0].differences!.PSNR.pairs, variants[0].verdict], [0, undefined]);
});

Deno.test("compareViews() sorts views by their mean difference over the pairs that held them out", () => {
  const of = (variant: string, seed: number, fold: number, psnrs: Record<string, number>) => {
    const views = Object.entries(psnrs).map(([name, PSNR]) => ({ name, scores: { PSNR, SSIM: 0.5 } }));
    return finishedRun({ variant: `${variant}=`, seed, fold }, { PSNR: 30, SSIM: 0.5 }, { views });
  };
  const { views } = compareViews(setting("fox-C7"), ["base", "slow"], [
    of("base", 0, 0, { a: 30, i: 20 }),
    of("slow", 0, 0, { a: 31, i: 19 }),
    of("base", 1, 0, { a: 32, i: 22 }),
    of("slow", 1, 0, { a: 32, i: 22 }),
    of("base", 0, 1, { b: 10 }),
    of("slow", 0, 1, { b: 10.25 }),
  ]);
  assertEquals(views.map(({ view, differences }) => [view, differences.PSNR]), [
    ["i", { mean: -0.5, standardError: 0.5, pairs: 2 }],
    ["b", { mean: 0.25, pairs: 1 }],
    ["a", { mean: 0.5, standardError: 0.5, pairs: 2 }],
  ]);
  assertEquals([views[0].baseline.PSNR, views[0].variant.PSNR], [21, 20.5]);
  assertEquals(worstViews(views, 2).map(({ view }) => view), ["b", "i"]);
});

Deno.test("differenceText() has a sign, and a standard error if there is one", () => {
  const text = (mean: number, standardError?: number) =>
    differenceText({ mean, standardError, pairs: 2 }, { digits: 2 });
  assertEquals(text(0.5), "+0.500");
  assertEquals(text(-0.1234, 0.05), "-0.123 ± 0.050");
  assertEquals(differenceText({ mean: NaN, pairs: 0 }, { digits: 2 }), "");
});

/** The cells of the rows of all tables, without the lines below the heads. */
function cells(text: string): string[][] {
  return text.split("\n").filter((line) => line.startsWith("|") && !line.startsWith("| ---"))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

Deno.test("reportText() has a table for each setting with runs, and those of views where they are asked for", () => {
  const plan = { settings: [setting("fox-C7"), setting("fox-B")], groups: [["base", "slow"]], peers: [] };
  const finished = RUNS.filter(({ run }) => run.seed < 2);
  const text = reportText({ ...plan, finished, views: false });
  assertEquals(text.split("\n").filter((line) => line.startsWith("#")), ["### fox-C7"]);
  const heads = ["variant", "PSNR", "difference", "SSIM", "difference"];
  const cost = ["29 902", "3.0 s", "1.0 MiB", "2"];
  assertEquals(cells(text), [
    [...heads, "Gaussians", "training", "peak memory", "runs", "pairs", "verdict"],
    ["base", "31.00", "", "0.9000", "", ...cost, "", "baseline"],
    ["slow", "31.50", "+0.500 ± 0.250", "0.9000", "+0.00000 ± 0.00000", ...cost, "2", "better"],
  ]);
  assertStringIncludes(text, "Folds 0; seeds 0, 1; some GPU (cuda); code c0de.");
  assert(!text.includes("Runs at a time"));

  const more = reportText({ ...plan, finished, views: true });
  assert(more.startsWith(text));
  assertStringIncludes(more, "#### fox-C7: views, slow against base");
  assertEquals(cells(more).at(-1), ["0001", "31.00", "31.50", "+0.500 ± 0.250", "+0.00000 ± 0.00000", "2"]);

  const one = reportText({ ...plan, finished: finished.filter(({ run }) => run.seed === 0), views: false });
  assertEquals(cells(one)[2].slice(2, 3).concat(cells(one)[2].slice(-1)), ["+0.250", "none: fewer than two pairs"]);
  assertEquals(reportText({ ...plan, finished: [], views: true }), "There are no results of these runs.");
});

Deno.test("reportText() has a table for each group of variants", () => {
  const groups = [["base", "slow"], ["slow", "base"], ["fast", "faster"]];
  const text = reportText({ settings: [setting("fox-C7")], groups, finished: RUNS, peers: [], views: false });
  assertEquals(cells(text).map(([name, ...rest]) => [name, rest.at(-1)]), [
    ["variant", "verdict"],
    ["base", "baseline"],
    ["slow", "better"],
    ["variant", "verdict"],
    ["slow", "baseline"],
    ["base", "worse"],
  ]);
});

Deno.test("reportText() lists other trainers below the table of their setting, with the measures that any has", () => {
  const peer = (scene: string, method: string, measures: Peer["reference"]["measures"]): Peer => ({
    scene,
    reference: { method, source: `${method}'s table`, measures },
  });
  const text = reportText({
    settings: [setting("fox-C7")],
    groups: [["base", "slow"]],
    finished: RUNS,
    peers: [
      peer("fox-C7", "one", { psnr: 31.5, gaussians: 29_000, iterations: 9976 }),
      peer("fox-C7", "two", { psnr: 31.25, trainSeconds: 37.9 }),
      peer("fox-B", "three", { ssim: 0.5 }),
    ],
    views: false,
  });
  assertEquals(cells(text).slice(3), [
    ["other trainer", "PSNR", "Gaussians", "steps", "train s"],
    ["one", "31.50", "29 000", "9 976", "–"],
    ["two", "31.25", "–", "–", "37.9"],
  ]);
  assert(text.endsWith("\n\n- one: one's table.\n- two: two's table."));
});
