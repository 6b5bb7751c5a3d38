// Settings, variants and runs of the quality harness: command lines that train takes, pairs, keys, lists.

import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { parse } from "../../../cli/argv.ts";
import { UsageError } from "../../../cli/errors.ts";
import { TRAIN_OPTIONS } from "../../../cli/options.ts";
import { trainOptions } from "../../../cli/train_options.ts";
import { numberList, runKey, runsOf } from "../../../scripts/quality/runs.ts";
import { SETTINGS } from "../../../scripts/quality/settings.ts";
import { checkFlags, flagsOf, parseVariants, parseVariantsJson, VARIANTS } from "../../../scripts/quality/variants.ts";
import { resolveTrainOptions } from "../../../train/options.ts";
import { runOf } from "./finished_run.ts";

Deno.test("runsOf() gives command lines that train takes, another one for each variant", () => {
  const variants = VARIANTS;
  const plan = { settings: SETTINGS, variants, seeds: [4], folds: [3], flags: ["--iterations=29999"] };
  const seen = new Set<string>();
  for (const { setting, variant, arguments: args } of runsOf(plan)) {
    const parsed = parse(args, TRAIN_OPTIONS);
    const { values } = parsed;
    const options = resolveTrainOptions(trainOptions(parsed));
    assertEquals([values.seed, values.eval, values.test_every, values.test_offset], [4, true, 8, 3]);
    assertEquals([values.images, options.iterations], [setting.images, 29_999]);
    assertEquals([options.testIterations, options.saveIterations], [[], [29_999]]);
    const budget = variant.multiplies ? ["multiplier", setting.multiplier] : ["final_count", setting.count];
    assertEquals([options.mode, options.budget], budget);
    seen.add(JSON.stringify([setting.name, options]));
  }
  assertEquals(seen.size, SETTINGS.length * VARIANTS.length);
});

Deno.test("runsOf() trains a variant with a preset by the preset's own schedule", () => {
  const plan = { settings: SETTINGS, variants: parseVariants("fast"), seeds: [0], folds: [0], flags: [] };
  for (const { setting: { count }, arguments: args } of runsOf(plan)) {
    const options = resolveTrainOptions(trainOptions(parse(args, TRAIN_OPTIONS)));
    const { testIterations, saveIterations, ...preset } = resolveTrainOptions({ preset: "fast" });
    assertEquals({ ...options, testIterations, saveIterations }, {
      ...preset,
      ...{ budget: count, mode: "final_count", testIterations, saveIterations },
    });
  }
  const [longer] = runsOf({ ...plan, iterations: 15_000 });
  assertEquals(resolveTrainOptions(trainOptions(parse(longer.arguments, TRAIN_OPTIONS))).densifyUntilIter, 12_000);
});

Deno.test("every setting has one with a third of its Gaussians", () => {
  const full = SETTINGS.filter(({ name }) => !name.endsWith("-third"));
  assertEquals(full.map(({ name, count }) => [name, count]), [
    ["fox-C7", 29_902],
    ["fox-B", 112_053],
    ["caliterra-B", 213_520],
    ["herzjesu-B", 99_505],
  ]);
  for (const setting of full) {
    const third = SETTINGS.find(({ name }) => name === `${setting.name}-third`)!;
    assertEquals(third, { ...third, images: setting.images, flags: setting.flags, iterations: setting.iterations });
    assert(Math.abs(3 * third.count - setting.count) <= 1);
  }
  assertEquals(SETTINGS.filter(({ exposureVaries }) => exposureVaries).map(({ capture }) => capture), [
    "herzjesu",
    "herzjesu",
  ]);
});

Deno.test("runsOf() lets the variants of a pair follow one another", () => {
  const settings = SETTINGS.slice(0, 1);
  const runs = runsOf({ settings, variants: parseVariants("a=;b="), seeds: [0, 5], folds: [0, 7], flags: [] });
  assertEquals(runs.map(({ variant, seed, fold }) => `${variant.name}${seed}${fold}`), [
    ...["a00", "b00", "a50", "b50"],
    ...["a07", "b07", "a57", "b57"],
  ]);
});

Deno.test("runKey() is that of what decides the result, however it is spelled", async () => {
  const key = (where: Parameters<typeof runOf>[0], code = "1") => runKey(runOf(where), code);
  const base = await key({ variant: "a=--lambda_dssim 0.3 --sh_degree 2" });
  assertEquals(await key({ variant: "b=--sh_degree=2 --lambda-dssim=0.3" }), base);
  assertEquals(await key({ variant: "b=--sh_degree=1 --sh_degree=2", flags: ["--lambda_dssim=0.3"] }), base);
  const others = [
    key({ variant: "a=--lambda_dssim 0.4 --sh_degree 2" }),
    key({ variant: "a=--lambda_dssim 0.3 --sh_degree 2", seed: 1 }),
    key({ variant: "a=--lambda_dssim 0.3 --sh_degree 2", fold: 1 }),
    key({ variant: "a=--lambda_dssim 0.3 --sh_degree 2", setting: "fox-C7-third" }),
    key({ variant: "a=--lambda_dssim 0.3 --sh_degree 2" }, "2"),
  ];
  for (const other of others) assertNotEquals(await other, base);
});

Deno.test("parseVariants() reads names with flags, and known names", () => {
  assertEquals(parseVariants("base=;slow=--position_lr_init 0.00004 --sh_degree=2; cap ;"), [
    { name: "base", flags: [] },
    { name: "slow", flags: ["--position_lr_init", "0.00004", "--sh_degree=2"] },
    { name: "cap", flags: ["--budget_cap"] },
  ]);
  assertEquals(parseVariants("reference")[0].multiplies, true);
});

Deno.test("parseVariantsJson() reads the same from an object", () => {
  const text = '{ "base": "", "slow": ["--position_lr_init", "0.00004"], "fast": "--sh_degree 1", "cap": null }';
  assertEquals(parseVariantsJson(text, "v.json"), [
    { name: "base", flags: [] },
    { name: "slow", flags: ["--position_lr_init", "0.00004"] },
    { name: "fast", flags: ["--sh_degree", "1"] },
    { name: "cap", flags: ["--budget_cap"] },
  ]);
  for (const text of ["[]", "{", '{ "a": 3 }', '{ "a": [3] }', "{}"]) {
    assertThrows(() => parseVariantsJson(text, "v.json"), UsageError);
  }
});

Deno.test("variants that train does not take, or that would break a pair, are rejected before anything is trained", () => {
  const rejected: [variants: string, words: string][] = [
    ["", "No variants"],
    ["best", 'Unknown variant "best": write best=FLAGS'],
    ["a=;a=--sh_lower", 'Two variants are called "a"'],
    ["../a=", "a name has letters"],
    ["a=--no_such 3", 'variant "a"'],
    ["a=--sh_degree 9", 'variant "a"'],
    ["a=--densify_from_iter 20 --opacity_lr 0.1 --seed 3", "Cannot use --seed: the harness sets it (in variant"],
    ["a=--test_offset=1", "Cannot use --test_offset"],
    ["a=-s elsewhere", "Cannot use --source_path"],
  ];
  for (const [variants, words] of rejected) assertThrows(() => parseVariants(variants), UsageError, words);
  assertThrows(
    () => checkFlags(["--model-path=a"], "--flags"),
    UsageError,
    "Cannot use --model_path: the harness sets it (in --flags)",
  );
  checkFlags(flagsOf(" --backend cuda  --preset big "), "--flags");
});

Deno.test("numberList() reads numbers and ranges", () => {
  assertEquals(numberList("folds", ["0-7"], 7), [0, 1, 2, 3, 4, 5, 6, 7]);
  assertEquals(numberList("seeds", ["3", "0,5-6"], 100), [3, 0, 5, 6]);
  for (const text of ["8", "-1", "a", "", "3-2", "1.5", "0-8", "1,,2"]) {
    assertThrows(() => numberList("folds", [text], 7), UsageError, "as --folds: it takes integers from 0 to 7");
  }
  assertThrows(() => numberList("seeds", ["0-3", "2"], 7), UsageError, "--seeds has 2 twice");
});
