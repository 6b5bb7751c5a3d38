// The schedule of a run of which only the number of iterations is given, and when it is not scaled.
import { assert, assertEquals } from "@std/assert";
import { apiName, type OptionRow } from "../../base/option.ts";
import { TRAIN_ROWS } from "../../train/option_table.ts";
import { type ResolvedTrainOptions, resolveTrainOptions, type TrainOptions } from "../../train/options.ts";
import { PARITY_PARTS } from "../../train/parity.ts";
import { PRESETS } from "../../train/presets.ts";
import { scaledSchedule } from "../../train/scaled_schedule.ts";
import { tamingStrategy } from "../../train/strategies/taming.ts";
import { deviceTest } from "../support/device.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";
import { trained } from "../support/train_run.ts";

/** Names of the options of the schedule. */
const SCHEDULE = TRAIN_ROWS.filter((row: OptionRow) => row.scaledMinimum !== undefined).map(apiName);

/** The schedule of 30 000 iterations. */
const USUAL = {
  opacityResetInterval: 3000,
  shDegreeInterval: 1000,
  hoIteration: 15_000,
  densificationInterval: 100,
  densifyFromIter: 500,
  densifyUntilIter: 15_000,
  positionLrMaxSteps: 30_000,
};

/** The options of the schedule after defaults are filled in. */
function scheduleOf(options: TrainOptions): Record<string, unknown> {
  const resolved: ResolvedTrainOptions & Record<string, unknown> = { ...resolveTrainOptions(options) };
  return Object.fromEntries(SCHEDULE.map((name) => [name, resolved[name]]));
}

Deno.test("resolveTrainOptions() scales the schedule to iterations that are given alone", () => {
  assertEquals(scheduleOf({}), USUAL);
  assertEquals(scheduleOf({ iterations: 15_000 }), {
    opacityResetInterval: 1500,
    shDegreeInterval: 500,
    hoIteration: 7500,
    densificationInterval: 50,
    densifyFromIter: 250,
    densifyUntilIter: 7500,
    positionLrMaxSteps: 30_000,
  });
  assertEquals(scheduleOf({ iterations: 7000, budget: 5, shLower: true, seed: undefined } as TrainOptions), {
    opacityResetInterval: 1000,
    shDegreeInterval: 233,
    hoIteration: 3500,
    densificationInterval: 50,
    densifyFromIter: 117,
    densifyUntilIter: 3500,
    positionLrMaxSteps: 30_000,
  });
  for (const [name, value] of Object.entries(scheduleOf({ iterations: 60_000 }))) {
    assertEquals(value, 2 * USUAL[name as keyof typeof USUAL], name);
  }
});

Deno.test("resolveTrainOptions() keeps scaled intervals long enough in the shortest run", () => {
  assertEquals(scheduleOf({ iterations: 1 }), {
    opacityResetInterval: 1000,
    shDegreeInterval: 1,
    hoIteration: 1,
    densificationInterval: 50,
    densifyFromIter: 0,
    densifyUntilIter: 1,
    positionLrMaxSteps: 30_000,
  });
});

Deno.test("resolveTrainOptions() scales nothing if an option of the schedule is given, even its default", () => {
  for (const [name, value] of Object.entries(USUAL)) {
    assertEquals(scheduleOf({ iterations: 7000, [name]: value }), USUAL, name);
    assertEquals(scaledSchedule({ iterations: 7000, [name]: value }), undefined, name);
  }
  assertEquals(SCHEDULE.toSorted(), Object.keys(USUAL).toSorted());
});

Deno.test("resolveTrainOptions() scales nothing with parity", () => {
  for (const parity of ["reference", [...PARITY_PARTS], ...PARITY_PARTS.map((part) => [part])] as const) {
    assertEquals(scheduleOf({ iterations: 7000, parity }), USUAL);
  }
  for (const parity of ["none", []] as const) {
    assertEquals(scheduleOf({ iterations: 15_000, parity }).densifyUntilIter, 7500);
  }
});

Deno.test("scaledSchedule() is undefined in a run of the usual length, also if it is given", () => {
  for (const options of [{}, { iterations: 30_000 }, { preset: "budget" }, { preset: "fast" }]) {
    assertEquals(scaledSchedule(options), undefined);
  }
  assertEquals(scaledSchedule({ preset: "fast", iterations: PRESETS.fast.iterations }), undefined);
});

Deno.test("resolveTrainOptions() scales the schedule of a preset, from the preset's own iterations", () => {
  const budget = scheduleOf({ preset: "budget", iterations: 6000 });
  assertEquals([budget.densificationInterval, budget.densifyUntilIter], [100, 3000]);
  const { iterations: usual, ...fast } = PRESETS.fast;
  const twice = scheduleOf({ preset: "fast", iterations: 2 * Number(usual) });
  for (const name of SCHEDULE) assertEquals(twice[name], 2 * Number(fast[name]), name);
  assertEquals(scheduleOf({ preset: "fast", iterations: 5000, densifyFromIter: 7 }), {
    ...scheduleOf({ preset: "fast" }),
    densifyFromIter: 7,
  });
});

Deno.test("resolveTrainOptions() accepts a scaled schedule with highOpacity at every length", () => {
  for (const preset of [undefined, "fast"] as const) {
    for (let iterations = 1; iterations < 400; iterations++) {
      resolveTrainOptions({ iterations, highOpacity: true, preset });
    }
  }
});

deviceTest("train() reports a scaled schedule in its plan, and passes it to the strategy", async (device) => {
  const scene = await syntheticScene(device);
  const run = async (options: TrainOptions) => {
    let seen: ResolvedTrainOptions | undefined;
    const strategy: TrainOptions["strategy"] = (context) => {
      seen = context.options;
      return tamingStrategy(context);
    };
    const { events } = await trained(device, scene, { budget: 2, testIterations: [-1], strategy, ...options });
    assert(events[0].type === "plan" && seen !== undefined);
    return { plan: events[0], seen };
  };
  const { plan, seen } = await run({ iterations: 240 });
  assertEquals(plan.scaled, scheduleOf({ iterations: 240 }));
  assertEquals(plan.densification, [50, 100]);
  assertEquals([seen.densifyUntilIter, seen.shDegreeInterval], [120, 8]);
  const own = await run({ iterations: 20, densificationInterval: 100 });
  assertEquals([own.plan.scaled, own.seen.densifyUntilIter], [undefined, 15_000]);
});
