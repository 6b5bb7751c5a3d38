// Options that are given, those that a preset sets, and the schedule of a run of which only the length is given: what
// the library receives, and what the record of the run has.

import { assertEquals, assertThrows } from "@std/assert";
import { OptionError } from "../../base/option.ts";
import { parseWithConfig } from "../../cli/config.ts";
import { settledValues, trainOptions } from "../../cli/train_options.ts";
import { PRESETS } from "../../train/presets.ts";

async function parsed(argv: string, config?: object) {
  const words = argv.split(" ").filter((word) => word !== "");
  if (config === undefined) return await parseWithConfig(words);
  const path = await Deno.makeTempFile({ suffix: ".json" });
  await Deno.writeTextFile(path, JSON.stringify({ options: config }));
  try {
    return await parseWithConfig([...words, "--config", path]);
  } finally {
    await Deno.remove(path);
  }
}

/** The values of a run, as its record has them. */
async function recorded(argv: string, config?: object) {
  return settledValues(await parsed(argv, config));
}

/** What a preset sets, and its name. */
async function setting(argv: string, config?: object): Promise<unknown[]> {
  const { preset, mode, budget, densification_interval, sh_lower } = await recorded(argv, config);
  return [preset, mode, budget, densification_interval, sh_lower];
}

Deno.test("explicit options override a preset in any order", async () => {
  assertEquals(await setting(""), [undefined, "multiplier", 20, 100, false]);
  assertEquals(await setting("--preset budget"), ["budget", "multiplier", 5, 500, true]);
  assertEquals(await setting("--budget 15 --preset budget"), ["budget", "multiplier", 15, 500, true]);
  assertEquals(await setting("--preset big --budget 9000 --sh_lower=false"), ["big", "final_count", 9000, 100, false]);
});

Deno.test("a preset of the command line overrides the file, and options of either override the file's preset", async () => {
  const file = { preset: "budget", densification_interval: 250 };
  assertEquals(await setting("", file), ["budget", "multiplier", 5, 250, true]);
  assertEquals(await setting("--budget 2", file), ["budget", "multiplier", 2, 250, true]);
  assertEquals(await setting("--preset big --budget 9000", file), ["big", "final_count", 9000, 100, true]);
  assertEquals(await setting("", { preset: null, budget: 3 }), [undefined, "multiplier", 3, 100, false]);
  const whole = await recorded("--iterations 7000 --densify_from_iter 9");
  const { iterations, densify_from_iter } = await recorded("--preset fast", whole);
  assertEquals([iterations, densify_from_iter], [PRESETS.fast.iterations, PRESETS.fast.densifyFromIter]);
});

Deno.test("a strategy of the command line has its own defaults, whatever strategy the file has", async () => {
  const names = ["densification_interval", "densify_until_iter", "ho_iteration", "position_lr_final"] as const;
  const defaults = async (argv: string, config?: object) => {
    const values = await recorded(argv, config);
    return names.map((name) => values[name]);
  };
  const strategies = ["taming", "absgrad", "mcmc", "adc"];
  for (const before of strategies) {
    const record = await recorded(`--strategy ${before}`);
    for (const after of strategies) {
      assertEquals(
        await defaults(`--strategy ${after}`, record),
        await defaults(`--strategy ${after}`),
        `${before}, ${after}`,
      );
    }
    assertEquals(await defaults("--preset fast", record), await defaults("--preset fast"));
    assertEquals(await defaults("--budget 2", record), await defaults(`--strategy ${before}`));
  }
});

Deno.test("trainOptions() throws when a preset without a budget is given without one", async () => {
  for (const argv of ["--preset big", "--preset big --mode final_count"]) {
    const line = await parsed(argv);
    const error = assertThrows(() => trainOptions(line), OptionError, "Missing budget: preset big");
    assertEquals(error.spelled((name) => `--${name}`).slice(0, 32), "Missing --budget: --preset big t");
  }
  for (const argv of ["--preset big --budget 9", "--preset budget", "--preset fast", ""]) {
    trainOptions(await parsed(argv));
  }
});

Deno.test("trainOptions() has the options that were given and no others", async () => {
  const none = { parity: undefined };
  assertEquals(trainOptions(await parsed("-s capture --eval --seed 3")), none);
  assertEquals(trainOptions(await parsed("--iterations 70 --sh_lower=false")), {
    ...none,
    iterations: 70,
    shLower: false,
  });
  assertEquals(trainOptions(await parsed("--parity none", { cams: 3 })), { cams: 3, parity: [] });
});

Deno.test("--iterations alone scales the schedule, on the command line or in a file, and is recorded as scaled", async () => {
  for (const [argv, file] of [["--iterations 15000"], ["", { iterations: 15_000 }]] as const) {
    const values = await recorded(argv, file);
    const { densification_interval, densify_until_iter, sh_degree_interval, opacity_reset_interval } = values;
    assertEquals([densification_interval, densify_until_iter], [50, 7500]);
    assertEquals([sh_degree_interval, opacity_reset_interval], [500, 1500]);
    const record = { ...values, config: undefined };
    assertEquals({ ...await recorded("", record), config: undefined }, record); // the file repeats the run
  }
  for (const argv of ["--parity rates", "--sh_degree_interval 1000", "--ho_iteration 15000"]) {
    assertEquals((await recorded(`--iterations 15000 ${argv}`)).densify_until_iter, 15_000);
  }
});

Deno.test("the record of a run has the iterations to evaluate at only if they were given", async () => {
  for (const [argv, expected] of [["", undefined], ["--test_iterations 40 30000", [40, 30_000]]] as const) {
    assertEquals((await recorded(`--iterations 9000 --eval ${argv}`)).test_iterations, expected && [...expected]);
  }
});
