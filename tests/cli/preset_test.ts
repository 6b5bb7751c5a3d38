// Presets on the command line: explicit options override those of the preset.

import { assertEquals, assertThrows } from "@std/assert";
import { OptionError } from "../../base/option.ts";
import { parseWithConfig } from "../../cli/config.ts";
import { TRAIN_OPTIONS } from "../../cli/options.ts";
import { checkPreset } from "../../cli/preset.ts";

async function parsed(argv: string, config?: object) {
  const words = argv.split(" ").filter((word) => word !== "");
  if (config === undefined) return await parseWithConfig(words, TRAIN_OPTIONS);
  const path = await Deno.makeTempFile({ suffix: ".json" });
  await Deno.writeTextFile(path, JSON.stringify({ options: config }));
  try {
    return await parseWithConfig([...words, "--config", path], TRAIN_OPTIONS);
  } finally {
    await Deno.remove(path);
  }
}

/** What a preset sets, and its name. */
async function setting(argv: string, config?: object): Promise<unknown[]> {
  const { values } = await parsed(argv, config);
  return [values.preset, values.mode, values.budget, values.densification_interval, values.sh_lower];
}

Deno.test("parseWithConfig() expands a preset, and explicit options override it in any order", async () => {
  assertEquals(await setting(""), [undefined, "multiplier", 20, 100, false]);
  assertEquals(await setting("--preset budget"), ["budget", "multiplier", 5, 500, true]);
  assertEquals(await setting("--budget 15 --preset budget"), ["budget", "multiplier", 15, 500, true]);
  assertEquals(await setting("--preset big --budget 9000 --sh_lower=false"), ["big", "final_count", 9000, 100, false]);
});

Deno.test("parseWithConfig() expands presets of the file and of the command line before their options", async () => {
  const file = { preset: "budget", densification_interval: 250 };
  assertEquals(await setting("", file), ["budget", "multiplier", 5, 250, true]);
  assertEquals(await setting("--budget 2", file), ["budget", "multiplier", 2, 250, true]);
  assertEquals(await setting("--preset big --budget 9000", file), ["big", "final_count", 9000, 100, true]);
  assertEquals(await setting("", { preset: null, budget: 3 }), [undefined, "multiplier", 3, 100, false]);
});

Deno.test("checkPreset() throws when a preset without a budget is given without one", async () => {
  for (
    const [argv, fails] of [["--preset big", true], ["--preset big --budget 9", false], ["--preset budget", false], [
      "",
      false,
    ]] as const
  ) {
    const { values, given } = await parsed(argv);
    if (fails) assertThrows(() => checkPreset(values.preset, given), OptionError, "Missing budget: preset big");
    else checkPreset(values.preset, given);
  }
});
