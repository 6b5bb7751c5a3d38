// Runs that diverge: how that is noticed, what is saved, and what the error says.
import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import type { Scene } from "../../base/scene.ts";
import { savePly } from "../../export/splats.ts";
import type { Device } from "../../ffi/device.ts";
import type { Gaussians } from "../../ffi/gaussians.ts";
import { loadPly } from "../../init/gaussians.ts";
import { evaluate } from "../../measure/evaluate.ts";
import { DivergenceError, likelyCause } from "../../train/divergence.ts";
import type { TrainEvent } from "../../train/events.ts";
import { train } from "../../train/loop.ts";
import { resolveTrainOptions, type TrainOptions } from "../../train/options.ts";
import { addLosses, lossLimit, newState } from "../../train/state.ts";
import { deviceTest } from "../support/device.ts";
import { spoiler } from "../support/spoiler.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";
import { trained } from "../support/train_run.ts";

const COUNT = 60;
const QUIET: TrainOptions = {
  iterations: 40,
  testIterations: [-1],
  saveIterations: [-1],
  budget: 1,
  checkpointSeconds: -1,
};
/** Three Gaussians are NaN after the event of iteration 5. */
const THREE = { column: "means.1", value: "0 / 0", rows: 3 };
/** The step after iteration 5 makes them NaN. */
const MOMENTS = { column: "means_m.1", value: "0 / 0", rows: 3 };

/** The events of a run that diverges, and its error. */
async function diverging(
  device: Device,
  scene: Scene,
  options: TrainOptions,
  onEvent?: (event: TrainEvent) => Promise<void>,
): Promise<{ events: TrainEvent[]; error: DivergenceError }> {
  const events: TrainEvent[] = [];
  let gaussians: Gaussians | undefined;
  try {
    for await (const event of train(device, scene, { ...QUIET, ...options })) {
      ({ gaussians } = event);
      events.push(event);
      await onEvent?.(event);
    }
  } catch (error) {
    assert(error instanceof DivergenceError, String(error));
    return { events, error };
  } finally {
    gaussians?.[Symbol.dispose]();
  }
  throw new Error("The run did not diverge");
}

async function inFile(body: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile({ suffix: ".ply" });
  try {
    await body(path);
  } finally {
    await Deno.remove(path);
  }
}

deviceTest("train() stops at an event when Gaussians are not finite, and saves the others", async (device) => {
  const scene = await syntheticScene(device);
  await inFile(async (path) => {
    const options = { strategy: spoiler(5, { ...THREE, densifies: true }), checkpointIterations: [3], scalingLr: 0.01 };
    const { events, error } = await diverging(device, scene, options, async (event) => {
      if (event.type === "save") assertEquals(await savePly(event.gaussians, path), { count: COUNT - 3, nonFinite: 3 });
    });
    const [densify, save] = events.slice(-2);
    assert(densify.type === "densify" && densify.nonFinite === 3);
    assert(save.type === "save" && save.ending === "diverged" && save.nonFinite === 3 && save.iteration === 5);
    assertEquals([error.iteration, error.checkpoint], [5, 3]);
    assertEquals(
      error.message,
      "The run has diverged. 3 of 60 Gaussians are not finite at iteration 5. scalingLr is 2 times the usual rate: try a " +
        "lower one. The last checkpoint is of iteration 3",
    );
    using loaded = await loadPly(device, path);
    assertEquals([loaded.count, await loaded.countNonFinite()], [COUNT - 3, 0]);
    assertStringIncludes(await Deno.readTextFile(path), "comment 3 Gaussians that are not finite are left out\n");
  });
});

const PLACES: Record<string, TrainOptions> = {
  "a save": { saveIterations: [8] },
  "an evaluation": { testIterations: [8] },
  "a checkpoint": { checkpointIterations: [7] },
};
for (const [place, options] of Object.entries(PLACES)) {
  deviceTest(`train() stops at ${place} when Gaussians are not finite`, async (device) => {
    const scene = await syntheticScene(device);
    const { events, error } = await diverging(device, scene, { ...options, strategy: spoiler(5, MOMENTS) });
    assertMatch(error.message, /3 of 60 Gaussians are not finite at iteration 7\./);
    assertMatch(error.message, /No learning rate is above the usual one.*No checkpoint was taken before$/);
    const told = events.filter(({ type }) => ["save", "evaluate", "checkpoint"].includes(type));
    assertEquals(told.map((event) => event.type === "save" && event.ending), ["diverged"]);
  });
}

deviceTest("train() takes no checkpoint while a value of the optimiser is not finite", async (device) => {
  const scene = await syntheticScene(device);
  // Infinite second moments stop a Gaussian without making it infinite.
  const strategy = spoiler(5, { column: "means_v.1", value: "1 / 0", rows: 2 });
  const options = { strategy, checkpointIterations: [4, 6] };
  const { events, error } = await diverging(device, scene, options);
  assertEquals(events.filter(({ type }) => type === "checkpoint").map(({ iteration }) => iteration), [4]);
  assertEquals([error.iteration, error.checkpoint], [6, 4]);
});

deviceTest("train() stops when the loss is not finite", async (device) => {
  const scene = await syntheticScene(device);
  const { events, error } = await diverging(device, scene, {
    strategy: spoiler(5, { column: "sh_dc.0", value: "1e30" }),
  });
  assertStringIncludes(error.message, "The loss is not a finite number from iteration 6 on");
  const losses = events.flatMap((event) => event.type === "step" ? [...event.losses] : []);
  assertEquals(losses.findIndex((loss) => !Number.isFinite(loss)), 5);
});

deviceTest("train() stops when the loss stays far above its start", async (device) => {
  const scene = await syntheticScene(device);
  const options = { iterations: 2000, strategy: spoiler(5, { column: "sh_dc.0", value: "1000" }), featureLr: 0 };
  const { events, error } = await diverging(device, scene, options);
  assertMatch(error.message, /The loss is far above its start at iteration \d+: .* above 1, and 0\.\d+ in the first\./);
  const losses = events.flatMap((event) => event.type === "step" ? [...event.losses] : []);
  assert(losses.every(Number.isFinite) && losses.length < 500);
});

deviceTest("train() continues with one warning for each sign when onDivergence is continue", async (device) => {
  const scene = await syntheticScene(device);
  const { events, result } = await inContinue(device, scene, spoiler(5, MOMENTS));
  assertEquals(result.iteration, 40);
  const warnings = events.filter((event) => event.type === "warning");
  assertEquals(warnings.map(({ iteration, message }) => [iteration, message]), [
    [
      9,
      "3 of 60 Gaussians are not finite at iteration 9. No learning rate is above the usual one: look at the capture's " +
      "photos, masks and poses",
    ],
  ]);
  const counts = events.flatMap((event) =>
    event.type === "save" || event.type === "evaluate" ? [`${event.type} ${event.iteration}: ${event.nonFinite}`] : []
  );
  assertEquals(counts, [10, 40].flatMap((t) => [`save ${t}: 3`, `evaluate ${t}: 3`, `evaluate ${t}: 3`]));
  assertEquals(events.filter(({ type }) => type === "checkpoint").map(({ iteration }) => iteration), [4]);

  const lost = await inContinue(device, scene, spoiler(5, { column: "sh_dc.0", value: "1e30" }));
  const messages = lost.events.flatMap((event) => event.type === "warning" ? [event.message] : []);
  assertMatch(messages[0], /^The loss is not a finite number from iteration 6 on\./);
  assert(messages.length <= 2, messages.join("\n")); // and the Gaussians that it makes NaN
  assertEquals(lost.result.iteration, 40);
});

function inContinue(device: Device, scene: Scene, strategy: TrainOptions["strategy"]) {
  const places = { saveIterations: [10], testIterations: [10, 40], checkpointIterations: [4, 20] };
  return trained(device, scene, { ...QUIET, ...places, strategy, onDivergence: "continue" });
}

for (const strategy of ["taming", "absgrad", "mcmc", "adc"] as const) {
  deviceTest(`a healthy run of ${strategy} shows no sign of divergence, whatever its events do`, async (device) => {
    const scene = await syntheticScene(device);
    const { events, losses } = await trained(device, scene, {
      ...{ strategy, iterations: 400, testIterations: [200, 400], budget: 2 },
      ...{ densifyFromIter: 20, densificationInterval: 40, densifyUntilIter: 300, opacityResetInterval: 60 },
    });
    const counts = events.flatMap((event) => "nonFinite" in event ? [event.nonFinite] : []);
    assert(counts.length > 8 && counts.every((count) => count === 0), counts.join());
    assert(losses.every((loss) => loss < lossLimit(losses[0])));
  });
}

Deno.test("addLosses() finds a loss that stays far above its start, and no single step", () => {
  const after = (first: number, then: number[]): number | null => {
    const state = newState(0, { start: 1, target: 1 });
    addLosses(state, Float32Array.of(first, ...then));
    return state.highAt;
  };
  const times = (n: number, loss: number): number[] => Array(n).fill(loss);
  assertEquals(after(0.3, times(10_000, 0.99)), null); // an image of one colour
  assertEquals(after(0.02, times(10_000, 0.99)), null);
  assertEquals(after(0.8, times(10_000, 1.59)), null);
  assertEquals(after(0.3, [...times(20, 1e30), ...times(1000, 0.2)]), null);
  const found = after(0.3, times(200, 2))!;
  assert(found > 40 && found < 80, String(found));
  assert(after(0.8, times(300, 2)) !== null);
});

Deno.test("likelyCause() names the learning rate that is largest compared with the usual one", () => {
  const cause = (options: TrainOptions) => likelyCause(resolveTrainOptions(options));
  assertMatch(cause({ featureLr: 0.25, scalingLr: 0.01 }), /^featureLr is 100 times/);
  assertMatch(cause({ positionLrInit: 0.16, positionLrFinal: 0.16 }), /^positionLrInit is 1000 times/);
  assertMatch(cause({ positionLrFinal: 0.016 }), /^positionLrFinal is 100 times/);
  for (const strategy of ["taming", "absgrad", "mcmc"] as const) assertMatch(cause({ strategy }), /^No learning rate/);
});

deviceTest("savePly() leaves an earlier file as it is when no Gaussian is finite", async (device) => {
  const scene = await syntheticScene(device);
  const { error } = await diverging(
    device,
    scene,
    { strategy: spoiler(5, { ...THREE, rows: undefined }) },
    async (event) => {
      if (event.type !== "save") return;
      await inFile(async (path) => {
        await Deno.writeTextFile(path, "a good one");
        await assertRejects(
          () => savePly(event.gaussians, path),
          Error,
          "none of the 60 Gaussians has finite numbers only",
        );
        assertEquals(await Deno.readTextFile(path), "a good one");
      });
    },
  );
  assertMatch(error.message, /60 of 60 Gaussians are not finite/);
});

deviceTest("evaluate() counts the Gaussians that are not finite", async (device) => {
  const scene = await syntheticScene(device);
  await diverging(device, scene, { strategy: spoiler(5, THREE) }, async (event) => {
    if (event.type === "save") assertEquals((await evaluate(event.gaussians, scene.test)).nonFinite, 3);
  });
});
