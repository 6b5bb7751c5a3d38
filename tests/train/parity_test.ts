// The differences of a run in parity with the reference.
import { assert, assertEquals, assertGreater, assertLess, assertNotEquals } from "@std/assert";
import type { Coverage } from "../../base/scene.ts";
import { GROUP, Trainer, type TrainerOptions } from "../../ffi/trainer.ts";
import { Views } from "../../ffi/views.ts";
import { evaluate } from "../../measure/evaluate.ts";
import { background } from "../../train/batch.ts";
import { eventTarget } from "../../train/budget.ts";
import type { DensifyEvent } from "../../train/events.ts";
import { train } from "../../train/loop.ts";
import { resolveTrainOptions, type TrainOptions } from "../../train/options.ts";
import { type ParityPart, referenceEventTarget } from "../../train/parity.ts";
import { updateMask } from "../../train/schedule.ts";
import { densificationEvents } from "../../train/strategies/periodic.ts";
import { deviceTest, libraryMissing, testDevice } from "../support/device.ts";
import { strategyFor } from "../support/strategy.ts";
import { syntheticScene, syntheticTruth } from "../support/synthetic_scene.ts";
import { rows, type Trained, trained } from "../support/train_run.ts";

const REFERENCE: TrainOptions = { parity: "reference" };
/** Five events: 6, 12, 18, 24, 30; opacities stay from 32 on. */
const SHORT: TrainOptions = {
  testIterations: [-1],
  iterations: 40,
  densifyFromIter: 5,
  densifyUntilIter: 31,
  densificationInterval: 6,
  hoIteration: 32,
  budget: 3,
};

function densifications({ events }: Trained): DensifyEvent[] {
  return events.filter((event): event is DensifyEvent => event.type === "densify");
}

Deno.test("referenceEventTarget() returns the published schedules", () => {
  const targets = (options: TrainOptions, target: number) => {
    const resolved = resolveTrainOptions({ ...REFERENCE, ...options });
    return densificationEvents(resolved).map((_, i) =>
      referenceEventTarget(i + 1, { start: 54_275, target }, resolved)
    );
  };
  const budget = targets({ densificationInterval: 500 }, 814_125);
  assertEquals([budget.length, budget[0], budget.at(-1)], [28, 105_774, 813_221]);
  const big = targets({ densificationInterval: 100 }, 5_987_095);
  assertEquals([big.length, big[0], big.at(-1)], [144, 135_824, 5_986_812]);
});

Deno.test("referenceEventTarget() stays in its range when there are more events than the curve has", () => {
  const resolved = resolveTrainOptions({
    ...REFERENCE,
    densifyFromIter: 550,
    densifyUntilIter: 2050,
    densificationInterval: 500,
  });
  const events = densificationEvents(resolved);
  assertEquals(events, [1000, 1500, 2000]); // apex 3
  const targets = events.map((_, i) => referenceEventTarget(i + 1, { start: 100, target: 190 }, resolved));
  assertEquals(targets, [150, 180, 180]);
  const narrow = resolveTrainOptions({
    ...REFERENCE,
    densifyFromIter: 550,
    densifyUntilIter: 700,
    densificationInterval: 200,
  });
  assertEquals(referenceEventTarget(1, { start: 100, target: 190 }, narrow), 100);
});

Deno.test("updateMask() freezes opacities from hoIteration on with parity, and only then", () => {
  for (const parity of ["none", "reference"] as const) {
    const options = resolveTrainOptions({ ...SHORT, parity });
    const strategy = strategyFor({ ...SHORT, parity });
    const steps = Array.from({ length: 39 }, (_, i) => i + 1).filter((t) =>
      updateMask(t, options, strategy.stepTerms(t).frozen) >> GROUP.opacities & 1
    );
    assertEquals(Math.max(...steps), parity === "reference" ? 31 : 39);
  }
});

Deno.test("background() is one random colour for the run with parity", () => {
  const colors = (options: TrainOptions, seed: number) => {
    const resolved = resolveTrainOptions({ randomBackground: true, ...options });
    return new Set([1, 2, 600].map((t) => String(background(t, resolved, seed))));
  };
  assertEquals([colors(REFERENCE, 0).size, colors({}, 0).size], [1, 3]);
  assertNotEquals(colors(REFERENCE, 0), colors(REFERENCE, 1));
});

deviceTest("train() grows candidates to the reference's counts with parity, and prunes afterwards", async (device) => {
  const scene = await syntheticScene(device);
  const options = { ...SHORT, ...REFERENCE, minOpacity: 0.12 }; // opacities start at 0.1
  const run = await trained(device, scene, options);
  const resolved = resolveTrainOptions(options);
  let before = 60;
  for (const [i, event] of densifications(run).entries()) {
    assertEquals(event.target, referenceEventTarget(i + 1, { start: 60, target: 180 }, resolved));
    assert(before + event.cloned + event.split <= Math.max(event.target, before));
    assertEquals(event.count, before + event.cloned + event.split - event.pruned);
    before = event.count;
  }
  assertGreater(densifications(run).reduce((sum, { pruned }) => sum + pruned, 0), 0);
  assertLess(run.result.count, 180);
  assertGreater(run.result.count, 60);
  const none = await trained(device, scene, { ...options, densifyGradThreshold: 1e9 });
  assertLess(none.result.count, 60);
});

deviceTest("train() follows the reference only in the named part", async (device) => {
  const scene = await syntheticScene(device);
  const resolved = resolveTrainOptions({ ...SHORT, ...REFERENCE });
  const exact = [1, 2, 3, 4, 5].map((event) => eventTarget(event, 5, 60, 180));
  const published = exact.map((_, i) => referenceEventTarget(i + 1, { start: 60, target: 180 }, resolved));
  const options = { ...SHORT, minOpacity: 0.12 }; // opacities start at 0.1: events find weak ones
  const run = (parity: ParityPart) => trained(device, scene, { ...options, parity: [parity] });
  const curve = densifications(await run("curve"));
  assertEquals(curve.map(({ count }) => count), published);
  const selection = densifications(await run("selection"));
  assertEquals(selection.map(({ target }) => target), exact);
  assertLess(selection.at(-1)!.count, 180); // pruned after growth
  const usual = await trained(device, scene, options);
  for (const part of ["opacity", "gradient"] as const) {
    const { rows, events } = await run(part);
    assertEquals(densifications({ events } as Trained).map(({ count }) => count), exact);
    // Nothing here is opaque enough for the clamp.
    assertEquals(String(rows) === String(usual.rows), part === "gradient");
  }
});

deviceTest("train() keeps opacities unchanged from hoIteration on with parity", async (device) => {
  const scene = await syntheticScene(device);
  for (const parity of ["none", "reference"] as const) {
    const saved: Float32Array[] = [];
    await trained(device, scene, { ...SHORT, parity, saveIterations: [32, 40] }, (event) => {
      if (event.type === "save") saved.push(event.gaussians.download("opacities"));
    });
    assertEquals(saved[0].length, saved[1].length);
    assertEquals(saved[0].every((value, i) => value === saved[1][i]), parity === "reference");
  }
});

deviceTest("train() changes gradients near a camera and at alpha's clamp with parity", async (device) => {
  const scene = await syntheticScene(device);
  const { createAsync } = Trainer;
  const chosen: TrainerOptions[] = [];
  Trainer.createAsync = (gaussians, views, options: TrainerOptions = {}) => {
    chosen.push(options);
    return createAsync.call(Trainer, gaussians, views, options);
  };
  try {
    for (const parity of ["none", "reference"] as const) {
      await trained(device, scene, { ...SHORT, iterations: 2, densifyUntilIter: 0, budget: 1, parity });
    }
  } finally {
    Trainer.createAsync = createAsync;
  }
  assertEquals(chosen.map(({ passClampedGradient }) => passClampedGradient), [false, true]);
  assertEquals(chosen.map(({ fullGradientDepth }) => fullGradientDepth), [0.37 * scene.extent, 0]);
});

deviceTest("train() draws and evaluates in the 3 sigma rectangle with parity in coverage", async (device) => {
  // Opaque Gaussians: those of an initial opacity of 0.1 end within 3 sigma.
  using truth = syntheticTruth(device, 60).truth;
  const arrays = truth.toArrays();
  const splats = { ...arrays, opacities: new Float32Array(60).fill(5), count: 60, comments: [] };
  const scene = { ...await syntheticScene(device), splats };
  const coverages: (Coverage | undefined)[] = [];
  const { setAsync } = Views.prototype;
  Views.prototype.setAsync = function (index, camera, photo) {
    coverages.push(camera.coverage);
    return setAsync.call(this, index, camera, photo);
  };
  try {
    const runs: Float32Array[] = [];
    for (const coverage of ["alpha", "rectangle"] as const) {
      const options = { ...SHORT, iterations: 10, densifyUntilIter: 0, budget: 1, testIterations: [10] };
      const parity: ParityPart[] = coverage === "alpha" ? [] : ["coverage"];
      for await (const event of train(device, scene, { ...options, parity })) {
        if (event.type !== "done") {
          if (event.type !== "evaluate" || event.set !== "test") continue;
          const views = (drawn: Coverage) =>
            scene.test.map((view) => ({ ...view, camera: { ...view.camera, coverage: drawn } }));
          assertEquals(event.psnr, (await evaluate(event.gaussians, views(coverage))).psnr);
          const other = coverage === "alpha" ? "rectangle" : "alpha";
          assertNotEquals(event.psnr, (await evaluate(event.gaussians, views(other))).psnr);
          continue;
        }
        using gaussians = event.gaussians;
        runs.push(rows(gaussians));
      }
    }
    assertNotEquals(runs[0], runs[1]);
  } finally {
    Views.prototype.setAsync = setAsync;
  }
  assertEquals(coverages, [...Array(6).fill(undefined), ...Array(6).fill("rectangle")]);
});

Deno.test({
  name: "train() gives the same bits on 1, 2 and 3 threads with parity",
  ignore: libraryMissing !== undefined,
  async fn() {
    const runs: Trained[] = [];
    for (const threads of [1, 2, 3]) {
      using device = await testDevice({ threads });
      const scene = await syntheticScene(device, { count: 700 });
      runs.push(await trained(device, scene, { ...SHORT, ...REFERENCE, minOpacity: 0.12 }));
    }
    for (const { rows } of runs.slice(1)) assertEquals(rows, runs[0].rows);
  },
});
