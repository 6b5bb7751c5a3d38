// Opacities that are trained directly, from hoIteration on.
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLessOrEqual,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import { batchEnd } from "../../train/batch.ts";
import { resolveTrainOptions, type TrainOptions } from "../../train/options.ts";
import { switchesOpacity } from "../../train/strategies/opacity.ts";
import { deviceTest, libraryMissing, testDevice } from "../support/device.ts";
import { strategyFor } from "../support/strategy.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";
import { trained } from "../support/train_run.ts";

/** Two events, 10 and 20, then the switch. */
const OPTIONS: TrainOptions = {
  testIterations: [-1],
  iterations: 60,
  densifyFromIter: 5,
  densifyUntilIter: 25,
  densificationInterval: 10,
  budget: 2,
  highOpacity: true,
  hoIteration: 30,
};

Deno.test("switchesOpacity() is true at hoIteration, with highOpacity, if a step follows", () => {
  const at = (options: TrainOptions) => {
    const resolved = resolveTrainOptions({ ...OPTIONS, ...options });
    return Array.from({ length: 70 }, (_, i) => i).filter((t) => switchesOpacity(t, resolved));
  };
  assertEquals([at({}), at({ highOpacity: false }), at({ hoIteration: 60 }), at({ hoIteration: 59 })], [[30], [], [], [
    59,
  ]]);
  assertEquals(batchEnd(21, 256, resolveTrainOptions(OPTIONS), strategyFor(OPTIONS)), 30);
});

Deno.test("resolveTrainOptions() rejects highOpacity where events or resets would follow it, and with parity", () => {
  const cases: [TrainOptions, string][] = [
    [{ hoIteration: 24 }, "24 as hoIteration: it must be at least densifyUntilIter, 25"],
    [{ highOpacity: true, parity: "reference" }, "highOpacity with parity"],
    [{ hoIteration: -1 }, "-1 as hoIteration"],
  ];
  for (const [options, words] of cases) {
    assertThrows(() => resolveTrainOptions({ ...OPTIONS, ...options }), RangeError, words);
  }
  resolveTrainOptions({ ...OPTIONS, highOpacity: false, hoIteration: 0 });
});

deviceTest("train() with highOpacity has the same losses up to hoIteration, and others after it", async (device) => {
  const scene = await syntheticScene(device);
  const usual = await trained(device, scene, { ...OPTIONS, highOpacity: false });
  const high = await trained(device, scene, OPTIONS);
  assertEquals(high.losses.slice(0, 30), usual.losses.slice(0, 30));
  assertAlmostEquals(high.losses[30], usual.losses[30], 1e-6); // the same opacities in another parametrisation
  assertNotEquals(high.losses.slice(31), usual.losses.slice(31));
  assertNotEquals(high.rows, usual.rows);
  assertEquals(high.result.count, usual.result.count);
});

deviceTest(
  "train() with highOpacity reaches opacity 1, and saves the logits of the rendered opacities",
  async (device) => {
    const scene = await syntheticScene(device);
    const largest: number[] = [];
    for (const highOpacity of [false, true]) {
      await trained(device, scene, { ...OPTIONS, iterations: 160, highOpacity }, (event) => {
        if (event.type === "done") largest.push(Math.max(...event.gaussians.download("opacities")));
      });
    }
    const atOne = Math.log((1 - 1e-6) / 1e-6);
    assertGreater(largest[1], atOne - 0.1);
    assertLessOrEqual(largest[1], atOne + 0.1);
    assertGreater(atOne - 5, largest[0]);
  },
);

Deno.test({
  name: "train() with highOpacity gives the same bits on 1, 2 and 3 threads, and for any batches of steps",
  ignore: libraryMissing !== undefined,
  async fn() {
    const runs: Float32Array[] = [];
    const single = Array.from({ length: 59 }, (_, i) => i + 1);
    for (const [threads, saveIterations] of [[1, []], [2, []], [3, []], [1, single]] as const) {
      using device = await testDevice({ threads });
      const scene = await syntheticScene(device, { count: 700 }); // more than a thread's share of work
      runs.push((await trained(device, scene, { ...OPTIONS, saveIterations: [...saveIterations] })).rows);
    }
    for (const rows of runs.slice(1)) assertEquals(rows, runs[0]);
  },
});

deviceTest("train() warns when the run ends before hoIteration, and only then", async (device) => {
  const scene = await syntheticScene(device);
  for (const [hoIteration, said] of [[60, true], [59, false]] as const) {
    const { events } = await trained(device, scene, { ...OPTIONS, hoIteration });
    const messages = events.flatMap((event) => event.type === "warning" ? [event.message] : []);
    assertEquals(messages.length, said ? 1 : 0);
    assert(!said || messages[0].includes("the run ends before iteration 60"));
  }
});
