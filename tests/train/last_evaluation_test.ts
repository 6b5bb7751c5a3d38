// The evaluation at the end of a run, unless iterations to evaluate at are given.
import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { resolveTrainOptions, type TrainOptions } from "../../train/options.ts";
import { deviceTest } from "../support/device.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";
import { trained } from "../support/train_run.ts";

const RUN: TrainOptions = { iterations: 20, densifyUntilIter: 0, budget: 1 };

/** A scene with a held-out view, and one without; resolving looks no further. */
const HOLDING = { test: [{}] } as unknown as Parameters<typeof resolveTrainOptions>[1];

Deno.test("resolveTrainOptions() adds the last iteration to those that evaluate if the scene holds out views", () => {
  const evaluations = (options: TrainOptions, scene = HOLDING) => resolveTrainOptions(options, scene).testIterations;
  assertEquals([evaluations({}), evaluations({}, { test: [] })], [[7000, 30_000], [7000, 30_000]]);
  assertEquals(evaluations({ iterations: 9000 }), [7000, 9000]);
  assertEquals(evaluations({ iterations: 9000 }, { test: [] }), [7000]);
  assertEquals(evaluations({ iterations: 20 }), [20]);
  assertEquals(evaluations({ preset: "fast" }), [7000, 10_000]);
  for (const testIterations of [[], [-1], [30]]) assertEquals(evaluations({ iterations: 20, testIterations }), []);
});

deviceTest("train() evaluates at the end when views are held out, and only then", async (device) => {
  const scene = await syntheticScene(device);
  const evaluated = async (options: TrainOptions, { test } = scene) => {
    const { events } = await trained(device, { ...scene, test }, { ...RUN, ...options });
    return events.flatMap((event) => event.type === "evaluate" ? [`${event.set} ${event.iteration}`] : []);
  };
  assertEquals(await evaluated({}), ["test 20", "train 20"]);
  assertEquals(await evaluated({ testIterations: [10] }), ["test 10", "train 10"]);
  assertEquals(await evaluated({ testIterations: [-1] }), []);
  assertEquals(await evaluated({}, { ...scene, test: [] }), []);
});

deviceTest("train() makes the evaluation of the last iteration also when maxSeconds ends the run", async (device) => {
  const scene = await syntheticScene(device);
  for (const [testIterations, sets] of [[undefined, ["test", "train"]], [[-1], []]] as const) {
    const options = { ...RUN, iterations: 1_000_000, maxSeconds: 1e-6, testIterations };
    const { events, result } = await trained(device, scene, options);
    assertEquals(result.timedOut, true);
    const evaluations = events.filter((event) => event.type === "evaluate");
    assertEquals(evaluations.map(({ set }) => set), [...sets]);
    assertEquals(evaluations.filter(({ iteration }) => iteration !== result.iteration), []);
    const saved = events.findIndex(({ type }) => type === "save");
    assertEquals(events.slice(0, saved).filter(({ type }) => type === "evaluate" || type === "view"), []);
    assertEquals(events.slice(-2).map(({ type }) => type), ["checkpoint", "done"]);
    assertLess(result.iteration, 1_000_000);
    assertGreater(result.iteration, 0);
  }
});
