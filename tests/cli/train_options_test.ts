// Flags become the library's options, and errors name flags again.

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { apiName, OptionError, type OptionRow } from "../../base/option.ts";
import { parse } from "../../cli/argv.ts";
import { UsageError } from "../../cli/errors.ts";
import { EXIT, failureOf } from "../../cli/exit.ts";
import { TRAIN_OPTIONS } from "../../cli/options.ts";
import { trainOptions } from "../../cli/train_options.ts";
import { TRAIN_ROWS } from "../../train/option_table.ts";
import { resolveTrainOptions, type TrainOptions } from "../../train/options.ts";

function optionsOf(argv: string): TrainOptions {
  return trainOptions(parse(argv.split(" ").filter((word) => word !== ""), TRAIN_OPTIONS));
}

Deno.test("trainOptions() has the library's defaults when no flag is given", () => {
  assertEquals(resolveTrainOptions(optionsOf("")), resolveTrainOptions());
});

Deno.test("trainOptions() converts every flag of densification and the optimiser", () => {
  const flags: [string, TrainOptions][] = [
    ["--min_opacity 0.1", { minOpacity: 0.1 }],
    ["--budget_cap", { budgetCap: true }],
    ["--budget-cap", { budgetCap: true }],
    ["--optimizer_type sparse_adam", { optimizerType: "sparse_adam" }],
    ["--optimizer_type=default", { optimizerType: "default" }],
    ["--cams -1", { cams: -1 }],
    ["--densify_grad_threshold 0.001", { densifyGradThreshold: 0.001 }],
    ["--percent_dense 0.1", { percentDense: 0.1 }],
    ["--mode final_count --budget 29902", { mode: "final_count", budget: 29902 }],
    ["--densification_interval 500", { densificationInterval: 500 }],
    ["--densify_from_iter 7 --densify_until_iter 9", { densifyFromIter: 7, densifyUntilIter: 9 }],
    ["--opacity_reset_interval 11", { opacityResetInterval: 11 }],
    ["--iterations 7000", { iterations: 7000 }],
    ["--iterations 7000 --sh_degree_interval 9", { iterations: 7000, shDegreeInterval: 9 }],
    ["--preset fast --iterations 7000", { preset: "fast", iterations: 7000 }],
    ["--high_opacity --ho_iteration 16000", { highOpacity: true, hoIteration: 16_000 }],
    ["--parity reference", { parity: "reference" }],
    ["--strategy mcmc --iterations 600", { strategy: "mcmc", iterations: 600 }],
    ["--strategy=adc", { strategy: "adc" }],
    ["--parity=curve,gradient", { parity: ["curve", "gradient"] }],
  ];
  for (const [argv, options] of flags) assertEquals(resolveTrainOptions(optionsOf(argv)), resolveTrainOptions(options));
});

/** A value that a row takes. */
function sample({ kind, choices, default: value = true }: OptionRow): string {
  return String(choices?.[0] ?? (value === Infinity ? 1 : kind === "integers" ? 5 : value));
}

Deno.test("trainOptions() has every option of the library that has a flag", () => {
  const flags = TRAIN_ROWS.map((row: OptionRow) => `--${row.name}=${sample(row)}`);
  const handed = Object.keys(optionsOf(flags.join(" ")));
  assertEquals(handed.toSorted(), TRAIN_ROWS.map(apiName).toSorted());
});

Deno.test("failureOf() names flags when options contradict each other", () => {
  for (const argv of ["--high_opacity --ho_iteration 7000", "--parity reference --ho_iteration 7000"]) {
    const error = assertThrows(() => optionsOf(argv), OptionError);
    const { code, message } = failureOf(error, () => "");
    assertEquals(code, EXIT.usage);
    assertEquals(message, "Cannot use 7000 as --ho_iteration: it must be at least --densify_until_iter, 15000");
  }
});

Deno.test("failureOf() names flags when a strategy cannot follow an option", () => {
  for (const other of ["parity curve", "high_opacity"]) {
    const error = assertThrows(() => optionsOf(`--strategy mcmc --${other}`), OptionError);
    assertStringIncludes(
      failureOf(error, () => "").message,
      `Cannot use --${other} with --strategy mcmc`,
    );
  }
});

Deno.test("parse() lists the choices of --optimizer_type and the bounds of --min_opacity", () => {
  for (
    const [argv, words] of [
      ["--optimizer_type adam", `Cannot use "adam" as --optimizer_type: it takes "default" or "sparse_adam"`],
      ["--min_opacity 2", "--min_opacity"],
    ]
  ) assertThrows(() => optionsOf(argv), UsageError, words);
});
