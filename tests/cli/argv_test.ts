// Parsing command lines: every spelling, and every error.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { normalise, parse } from "../../cli/argv.ts";
import { UsageError } from "../../cli/errors.ts";
import { EXPORT_OPTIONS, METRICS_OPTIONS, RENDER_OPTIONS, TRAIN_OPTIONS, VIEW_OPTIONS } from "../../cli/options.ts";
import { type OptionGroup, rowsOf } from "../../cli/option.ts";
import { insteadOf, PEER_OPTIONS } from "../../cli/peer_options.ts";

/** A table with shorts of several letters, as the benchmark script has. */
const ROOTS = [{
  title: "Roots",
  rows: [
    { name: "mipnerf360", short: "m360", kind: "string", help: "" },
    { name: "tanksandtemples", short: "tat", kind: "string", help: "" },
    { name: "deepblending", short: "db", kind: "string", help: "" },
    { name: "model_path", short: "m", kind: "string", help: "" },
  ],
}] as const satisfies readonly OptionGroup[];

function usage(argv: string[], message: string, table: readonly OptionGroup[] = TRAIN_OPTIONS): void {
  const error = assertThrows(() => parse(argv, table), UsageError);
  assertEquals(error.message, message);
}

Deno.test("normalise() writes --name=value for every spelling of an option", () => {
  const argv = [
    "-s",
    "a",
    "--sh-degree",
    "2",
    "--budget=-3",
    "--eval",
    "--test_iterations",
    "7000",
    "30000",
    "-m",
    "o",
  ];
  assertEquals(normalise(argv, TRAIN_OPTIONS), {
    options: [
      "--source_path=a",
      "--sh_degree=2",
      "--budget=-3",
      "--eval=true",
      "--test_iterations=7000",
      "--test_iterations=30000",
      "--model_path=o",
    ],
    positionals: [],
  });
});

Deno.test("parse() fills in the defaults when nothing is given", () => {
  const { values, given, positionals } = parse([], TRAIN_OPTIONS);
  assertEquals(values.iterations, 30_000);
  assertEquals(values.position_lr_final, 0.0000016);
  assertEquals([values.save_iterations, values.test_iterations], [[7000, 30_000], undefined]);
  assertEquals(values.eval, false);
  assertEquals(values.max_seconds, Infinity);
  assertEquals(values.init, undefined);
  assertEquals(given.size, 0);
  assertEquals(positionals, []);
});

Deno.test("parse() reads a typical command of train", () => {
  const argv = "-s ../fox -i images_8 -m out/fox --budget 0.2 --mode multiplier --data_device cpu " +
    "--densification_interval 3000 --iterations 500 --test_iterations -1 --quiet";
  const { values } = parse(argv.split(" "), TRAIN_OPTIONS);
  assertEquals(values.source_path, "../fox");
  assertEquals(values.images, "images_8");
  assertEquals(values.model_path, "out/fox");
  assertEquals(values.budget, 0.2);
  assertEquals(values.data_device, "cpu");
  assertEquals(values.densification_interval, 3000);
  assertEquals(values.iterations, 500);
  assertEquals(values.test_iterations, [-1]);
  assertEquals(values.quiet, true);
});

Deno.test("parse() reads lists when they are spaced, joined by commas, or negative", () => {
  for (const argv of [["7000", "30000"], ["7000,30000"], ["7000,30000", "--quiet"]]) {
    assertEquals(parse(["--test_iterations", ...argv], TRAIN_OPTIONS).values.test_iterations, [7000, 30_000]);
  }
  assertEquals(parse(["--save-iterations=1,2"], TRAIN_OPTIONS).values.save_iterations, [1, 2]);
  assertEquals(parse(["--test_iterations", "-1"], TRAIN_OPTIONS).values.test_iterations, [-1]);
});

Deno.test("parse() accepts short names of several letters", () => {
  const { values } = parse(["-m360", "A", "-tat", "B", "-db=C", "-m", "D"], ROOTS);
  assertEquals(values, { mipnerf360: "A", tanksandtemples: "B", deepblending: "C", model_path: "D" });
});

Deno.test("parse() collects paths when an option takes several", () => {
  assertEquals(parse(["-m", "a,b", "c", "--quiet"], METRICS_OPTIONS).values.model_paths, ["a,b", "c"]);
});

Deno.test("parse() keeps text as text when it looks like a number or holds an equals sign", () => {
  const { values } = parse(["-s", "007", "--model_path=a=b", "--seed", "7"], TRAIN_OPTIONS);
  assertEquals(values.source_path, "007");
  assertEquals(values.model_path, "a=b");
  assertEquals(values.seed, 7);
});

Deno.test("parse() keeps the last value of a repeated option, and lists as a whole", () => {
  const { values } = parse(
    [
      "--iterations",
      "5",
      "--test_iterations",
      "1",
      "2",
      "--iterations=9",
      "--test-iterations",
      "3",
      "--eval",
      "--eval=false",
    ],
    TRAIN_OPTIONS,
  );
  assertEquals(values.iterations, 9);
  assertEquals(values.test_iterations, [3]);
  assertEquals(values.eval, false);
});

Deno.test("parse() reads bytes when they carry a unit", () => {
  const limit = (text: string) => parse(["--memory_limit", text], TRAIN_OPTIONS).values.memory_limit;
  assertEquals(limit("1000"), 1000);
  assertEquals(limit("8G"), 8 * 2 ** 30);
  assertEquals(limit("1.5GiB"), 1.5 * 2 ** 30);
  assertEquals(limit("512mb"), 512 * 2 ** 20);
  usage(
    ["--memory_limit", "8X"],
    `Cannot use "8X" as --memory_limit: it takes a number of bytes, 0 or more, such as 8G or 512M`,
  );
});

Deno.test("parse() reads numbers with commas or spaces, and rejects a list as a whole", () => {
  const crop = (...args: string[]) => parse(["a", "--crop", ...args], EXPORT_OPTIONS, { positionals: 1 }).values.crop;
  assertEquals(crop("-1,-1.5,0,1,2e1,3"), [-1, -1.5, 0, 1, 20, 3]);
  assertEquals(crop("-1", "-1.5", "0", "1,20,3", "--quiet"), [-1, -1.5, 0, 1, 20, 3]);
  const wrong = (text: string) => assertThrows(() => crop(text), UsageError).message;
  assertEquals(wrong("1,2,x"), 'Cannot use "x" as --crop: it takes one or more numbers');
  const box = "it takes 6 numbers: the least x, y and z, then greater ones";
  assertEquals(wrong("1,2,3"), `Cannot use "1,2,3" as --crop: ${box}`);
});

Deno.test("parse() leaves options of render unset when they are not given", () => {
  const { values, given } = parse(["-m", "out", "--skip_train"], RENDER_OPTIONS);
  assertEquals(values.images, undefined);
  assertEquals(values.resolution, undefined);
  assertEquals([...given].sort(), ["model_path", "skip_train"]);
});

Deno.test("parse() returns positional arguments when the verb takes them", () => {
  assertEquals(parse(["a", "--quiet"], TRAIN_OPTIONS, { positionals: 1 }).positionals, ["a"]);
  assertEquals(parse(["--", "--a"], TRAIN_OPTIONS, { positionals: 1 }).positionals, ["--a"]);
});

Deno.test("parse() says what an argument may have been meant for", () => {
  const stray = (argv: string, words: string, table?: readonly OptionGroup[]) =>
    usage(argv.split(" "), `Unexpected argument ${words}`, table);
  stray("fox", `"fox": it belongs to no option. Did you mean "-s fox"?`);
  stray("-s fox out", `"out": it belongs to no option. Did you mean "-m out"?`);
  stray("out", `"out": it belongs to no option. Did you mean "-m out"?`, RENDER_OPTIONS);
  stray("out", `"out": it belongs to no option. Did you mean "-m out"?`, METRICS_OPTIONS);
  stray("--eval false", `"false": it belongs to no option. Did you mean "--eval=false"?`);
  stray("--eval 5", `"5": it belongs to no option`);
  stray("true", `"true": it belongs to no option`);
  const view = (argv: string) => () => parse(argv.split(" "), VIEW_OPTIONS, { positionals: 2 });
  assertThrows(view("-m out"), UsageError, `Unknown option "-m": give the path without it, as an argument`);
  assertThrows(view("--model-path out"), UsageError, `Unknown option "--model-path": give the path without it`);
  assertThrows(view("--prot 5"), UsageError, `Unknown option "--prot": did you mean "--port"?`);
});

Deno.test("parse() names the nearest option when one is unknown", () => {
  usage(["--iteration", "5"], `Unknown option "--iteration": did you mean "--iterations"?`);
  usage(["--test_iteratoins", "5"], `Unknown option "--test_iteratoins": did you mean "--test_iterations"?`);
  usage(["--iter=5"], `Unknown option "--iter": did you mean "--iterations"?`);
  usage(["-eval"], `Unknown option "-eval": did you mean "--eval"?`);
  usage(["-r8"], `Unknown option "-r8": did you mean "-r 8"?`);
  usage(["--xyzzyplugh"], `Unknown option "--xyzzyplugh"`);
});

Deno.test("parse() says what to use instead of an option of another trainer", () => {
  usage(["--cap-max", "500000"], `Unknown option "--cap-max": use --mode final_count --budget N`);
  usage(["--strategy.cap-max=500000"], `Unknown option "--strategy.cap-max": use --mode final_count --budget N`);
  usage(["--mcmc"], `Unknown option "--mcmc": use --strategy mcmc`);
  usage(["--total-steps", "7000"], `Unknown option "--total-steps": use --iterations N`);
  usage(["--export-ply"], `Unknown option "--export-ply": not needed: every save writes point_cloud.ply`);
  const train = rowsOf(TRAIN_OPTIONS).map(({ name }) => name);
  for (const option of PEER_OPTIONS) {
    assert(!train.includes(option), `train has --${option} itself`);
    assert(insteadOf(`--${option}`, train) !== undefined, `train lacks what --${option} refers to`);
  }
  assertEquals(insteadOf("--cap_max", ["iterations"]), undefined);
});

Deno.test("parse() names the flag and the value when a value is wrong", () => {
  usage(["--iterations", "3.5"], `Cannot use "3.5" as --iterations: it takes an integer from 1 to 2^32 - 1`);
  usage(["--iterations", "0"], `Cannot use "0" as --iterations: it takes an integer from 1 to 2^32 - 1`);
  usage(["--lambda-dssim", "2"], `Cannot use "2" as --lambda_dssim: it takes a number from 0 to 1`);
  usage(["--feature_lr", "fast"], `Cannot use "fast" as --feature_lr: it takes a number from 0 to 10`);
  usage(["--feature_lr", "1e999"], `Cannot use "1e999" as --feature_lr: it takes a number from 0 to 10`);
  const iterations = "it takes one or more integers, each 1 or more, or -1";
  usage(["--test_iterations", "7000,x"], `Cannot use "x" as --test_iterations: ${iterations}`);
  usage(["--save_iterations", "7000,0"], `Cannot use "0" as --save_iterations: ${iterations}`);
  usage(["--budget", "0"], `Cannot use "0" as --budget: it takes a number greater than 0`);
  usage(["-r", "0"], `Cannot use "0" as --resolution: it takes an integer from 1 to 16384, or -1`);
  usage(["--views_per_step", "3"], `Cannot use "3" as --views_per_step: it takes 1, 2, 4, 8, 16, 32 or 64`);
  usage(["--mode", "big"], `Cannot use "big" as --mode: it takes "multiplier" or "final_count"`);
  usage(["--eval=yes"], `Cannot use "yes" as --eval: it takes true or false`);
});

Deno.test("parse() says what an option takes when its value is missing", () => {
  usage(["--iterations"], `Missing value of --iterations: it takes an integer from 1 to 2^32 - 1`);
  usage(
    ["-s", "--eval"],
    `Missing value of --source_path: it takes a path; write a value that begins with a dash as --source_path=--eval`,
  );
  usage(
    ["--test_iterations"],
    `Missing value of --test_iterations: it takes one or more integers, each 1 or more, or -1`,
  );
});

Deno.test("parse() rejects options of missing features with the reason", () => {
  const rejected: [string[], string][] = [
    [["--debug"], "--debug: every native call is checked"],
    [["--debug_from", "3"], `"3" as --debug_from: every native call is checked`],
    [["--convert_SHs_python"], "--convert_SHs_python: spherical harmonics"],
    [["--compute_cov3D_python"], "--compute_cov3D_python: covariances"],
    [["--detect_anomaly"], "--detect_anomaly: gradients"],
    [["--benchmark_dir", "t"], `"t" as --benchmark_dir: timings`],
  ];
  for (const [argv, words] of rejected) {
    const error = assertThrows(() => parse(argv, TRAIN_OPTIONS), UsageError);
    assertEquals(error.message.startsWith(`Cannot use ${words}`), true, error.message);
  }
  assertEquals(parse(["--debug=false"], TRAIN_OPTIONS).values.debug, false);
});

Deno.test("parse() accepts options without an effect", () => {
  const argv = "--ho_iteration 15000 --cams 10 --separate_sh --optimizer_type default " +
    "--checkpoint_iterations -1 --debug_from -1 --position_lr_delay_mult 0.01";
  const { values } = parse(argv.split(" "), TRAIN_OPTIONS);
  assertEquals(values.position_lr_delay_mult, 0.01);
  assertEquals(values.checkpoint_iterations, [-1]);
});
