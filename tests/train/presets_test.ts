// Presets: named option sets, which explicit options override.
import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { apiName, type OptionRow } from "../../base/option.ts";
import { TRAIN_ROWS } from "../../train/option_table.ts";
import { resolveTrainOptions, type TrainOptions } from "../../train/options.ts";
import { type Preset, PRESETS } from "../../train/presets.ts";
import { deviceTest } from "../support/device.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";
import { trained } from "../support/train_run.ts";

/** What a preset sets. */
function setting(options: TrainOptions): unknown[] {
  const { mode, budget, densificationInterval, shLower } = resolveTrainOptions(options);
  return [mode, budget, densificationInterval, shLower];
}

Deno.test("resolveTrainOptions() takes the options of a preset, and explicit options override them", () => {
  assertEquals(setting({}), ["multiplier", 20, 100, false]);
  assertEquals(setting({ preset: "budget" }), ["multiplier", 5, 500, true]);
  assertEquals(setting({ preset: "budget", budget: 15, shLower: false }), ["multiplier", 15, 500, false]);
  assertEquals(setting({ preset: "big", budget: 5_987_095 }), ["final_count", 5_987_095, 100, true]);
  assertEquals(setting({ preset: "big", budget: 2, mode: "multiplier" }), ["multiplier", 2, 100, true]);
});

Deno.test("every preset sets options that exist, and the whole schedule if it sets its length", () => {
  const schedule = TRAIN_ROWS.filter((row: OptionRow) => row.scaledMinimum !== undefined).map(apiName);
  for (const [preset, options] of Object.entries(PRESETS)) {
    const resolved: Record<string, unknown> = { ...resolveTrainOptions({ preset: preset as Preset, budget: 7 }) };
    for (const [name, value] of Object.entries(options)) {
      assert(TRAIN_ROWS.some((row) => apiName(row) === name), name);
      assertEquals(resolved[name], name === "budget" ? 7 : value, name);
    }
    if (options.iterations !== undefined) assertEquals(schedule.filter((name) => options[name] === undefined), []);
  }
});

Deno.test("resolveTrainOptions() trains fast for 10 000 iterations, to the usual budget before they end", () => {
  const { iterations, densifyUntilIter, mode, budget } = resolveTrainOptions({ preset: "fast" });
  assertEquals([iterations, mode, budget], [10_000, "multiplier", 20]);
  assertLess(densifyUntilIter, iterations);
});

Deno.test("resolveTrainOptions() rejects an unknown preset, and one that lacks its budget", () => {
  for (
    const [preset, words] of [["huge", '"budget", "big" or "fast"'], ["toString", '"budget"'], [
      "big",
      "Missing budget",
    ]]
  ) {
    assertThrows(() => resolveTrainOptions({ preset: preset as Preset }), RangeError, words);
  }
});

deviceTest("train() ends with the budget of its preset", async (device) => {
  const scene = await syntheticScene(device);
  const short = {
    testIterations: [-1],
    iterations: 20,
    densifyFromIter: 2,
    densifyUntilIter: 17,
    densificationInterval: 5,
  };
  const count = async (options: TrainOptions) => (await trained(device, scene, { ...short, ...options })).result.count;
  assertEquals(await count({ preset: "budget" }), 300);
  assertEquals(await count({ preset: "big", budget: 77 }), 77);
});
