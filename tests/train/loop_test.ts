// The training loop on a small synthetic scene: what it learns, the order of its events, and that its result depends
// only on its inputs.
import { assert, assertEquals, assertGreater, assertLess, assertNotEquals, assertRejects } from "@std/assert";
import { TameError } from "../../ffi/errors.ts";
import { Gaussians } from "../../ffi/gaussians.ts";
import { render } from "../../ffi/rasterizer.ts";
import type { DoneEvent, EvaluateEvent, StepEvent, ViewEvent } from "../../train/events.ts";
import { train } from "../../train/loop.ts";
import type { TrainOptions } from "../../train/options.ts";
import { deviceTest, libraryMissing, testDevice } from "../support/device.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";
import { rows, trained } from "../support/train_run.ts";

/** No evaluations, no densification, and no warning about that. */
const QUIET: TrainOptions = { testIterations: [-1], densifyUntilIter: 0, budget: 1 };

/** Replaces a method of one object until it is disposed, and counts its calls. */
function stub<T, Name extends keyof T>(object: T, name: Name, method: T[Name] & (() => unknown)) {
  const counter = { calls: 0, [Symbol.dispose]: () => void delete object[name] };
  object[name] = (() => {
    counter.calls++;
    return method();
  }) as T[Name];
  return counter;
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

deviceTest("train() lowers the loss of a synthetic scene", async (device) => {
  const scene = await syntheticScene(device);
  const { losses, result } = await trained(device, scene, { ...QUIET, iterations: 300 });
  assertEquals(losses.length, 300);
  assertEquals(result.iteration, 300);
  assertEquals(result.count, scene.points.count);
  assertLess(mean(losses.slice(-6)), 0.35 * mean(losses.slice(0, 6)));
});

deviceTest(
  "train() yields plan, steps in order, saves and evaluations before the update, save and done",
  async (device) => {
    const scene = await syntheticScene(device);
    const options = { ...QUIET, iterations: 20, testIterations: [10, 20], saveIterations: [1, 10] };
    const { events, result } = await trained(device, scene, options);
    const rest = events.filter(({ type }) => type !== "step" && type !== "photo" && type !== "view");
    assertEquals(
      rest.map((event) => `${event.type} ${event.iteration}`),
      ["plan 0", "save 1", "save 10", "evaluate 10", "evaluate 10", "save 20", "evaluate 20", "evaluate 20", "done 20"],
    );
    const sets = rest.filter((event) => event.type === "evaluate").map((event) => `${event.set} ${event.views}`);
    assertEquals(sets, ["test 2", "train 5", "test 2", "train 5"]);
    const steps = events.filter((event): event is StepEvent => event.type === "step");
    let next = 1;
    for (const step of steps) {
      assertEquals(step.first, next);
      assertEquals(step.losses.length, step.iteration - step.first + 1);
      next = step.iteration + 1;
    }
    assertEquals(next, 21);
    assert(steps.findIndex((step) => step.iteration === 9) >= 0); // a batch ends before the pause at 10
    let average = NaN;
    for (const loss of steps.flatMap((step) => [...step.losses])) {
      average = Number.isNaN(average) ? loss : 0.4 * loss + 0.6 * average;
    }
    assert(Math.abs(average - result.loss) < 1e-6);
  },
);

deviceTest("train() reports the photos that are loaded, and each view that it evaluates", async (device) => {
  const scene = await syntheticScene(device);
  const { events } = await trained(device, scene, { ...QUIET, iterations: 20, testIterations: [10] });
  const photos = events.filter((event) => event.type === "photo");
  assertEquals(photos.at(-1)?.loaded, scene.train.length);
  assert(photos.every(({ loaded, total }, i) => loaded > (photos[i - 1]?.loaded ?? 0) && total === scene.train.length));
  for (const set of ["test", "train"] as const) {
    const views = events.filter((event) => event.type === "view" && event.set === set) as ViewEvent[];
    const names = scene[set].map(({ name }) => name);
    assertEquals(set === "test" ? views.map(({ name }) => name) : views.length, set === "test" ? names : 5);
    const summary = events.find((event) => event.type === "evaluate" && event.set === set) as EvaluateEvent;
    assertEquals(summary.psnr, mean(views.map(({ psnr }) => psnr)));
    assertEquals(summary.ssim, mean(views.map(({ ssim }) => ssim)));
    assert(events.indexOf(views.at(-1)!) < events.indexOf(summary));
  }
});

deviceTest(
  "train() saves the state before an iteration's own update, and updates nothing at the last",
  async (device) => {
    const scene = await syntheticScene(device);
    const constant = { ...QUIET, parity: ["rates"] } as const; // their final decay depends on the run's length
    const saved = new Map<number, Float32Array>();
    for await (const event of train(device, scene, { ...constant, iterations: 12, saveIterations: [1, 2, 11] })) {
      if (event.type === "plan") saved.set(0, rows(event.gaussians));
      if (event.type === "save") saved.set(event.iteration, rows(event.gaussians));
      if (event.type === "done") event.gaussians[Symbol.dispose]();
    }
    assertEquals(saved.get(1), saved.get(0));
    assertNotEquals(saved.get(2), saved.get(1));
    const { rows: eleven } = await trained(device, scene, { ...constant, iterations: 11 }); // ends with 10 updates
    assertEquals(eleven, saved.get(11));
  },
);

deviceTest("train() gives the same bits for any batches of steps", async (device) => {
  const scene = await syntheticScene(device);
  const options = { ...QUIET, iterations: 60, randomBackground: true, shLower: true };
  const whole = await trained(device, scene, options);
  const saveIterations = Array.from({ length: 59 }, (_, i) => i + 1);
  const single = await trained(device, scene, { ...options, saveIterations });
  assert(single.events.every((event) => event.type !== "step" || event.losses.length <= 2));
  assert(whole.events.some((event) => event.type === "step" && event.losses.length > 2));
  assertEquals(single.losses, whole.losses);
  assertEquals(single.rows, whole.rows);
});

Deno.test({
  name: "train() gives the same bits on 1, 2 and 3 threads, and others with another seed",
  ignore: libraryMissing !== undefined,
  async fn() {
    const runs: Float32Array[] = [];
    for (const [threads, seed] of [[1, 0], [2, 0], [3, 0], [2, 1]]) {
      using device = await testDevice({ threads, seed });
      runs.push((await trained(device, await syntheticScene(device), { ...QUIET, iterations: 40 })).rows);
    }
    assertEquals(runs[1], runs[0]);
    assertEquals(runs[2], runs[0]);
    assertNotEquals(runs[3], runs[0]);
  },
});

deviceTest("train() lowers opacities at a reset and continues", async (device) => {
  const scene = await syntheticScene(device);
  const highest: number[] = [];
  const options = {
    testIterations: [-1],
    budget: 1,
    densificationInterval: 1000,
    iterations: 30,
    opacityResetInterval: 20,
    saveIterations: [20, 21],
  };
  for await (const event of train(device, scene, options)) {
    if (event.type === "save") highest.push(Math.max(...event.gaussians.download("opacities")));
    if (event.type === "done") event.gaussians[Symbol.dispose]();
  }
  const reset = Math.log(0.01 / 0.99);
  assertGreater(highest[0], reset);
  assert(highest[1] <= Math.fround(reset) + 1e-5, `opacity logit ${highest[1]} after the reset`);
  assertGreater(highest[2], highest[1]);
});

deviceTest("train() ends with done when its signal fires", async (device) => {
  const scene = await syntheticScene(device);
  for (const moment of ["before", "plan", "step", "evaluate"] as const) {
    const controller = new AbortController();
    if (moment === "before") controller.abort();
    const types: string[] = [];
    let result: DoneEvent["result"] | undefined;
    const options = { ...QUIET, iterations: 5000, testIterations: [30], signal: controller.signal };
    for await (const event of train(device, scene, options)) {
      types.push(event.type);
      if (event.type === moment) controller.abort();
      if (event.type === "done") {
        result = event.result;
        assertEquals((await render(event.gaussians, scene.test[0].camera)).width, scene.test[0].camera.width);
        event.gaussians[Symbol.dispose]();
      }
    }
    assertEquals(types.at(-1), "done");
    assertEquals(types.slice(-3, -1).join() === "save,checkpoint", result!.iteration > 0);
    assertEquals(result?.aborted, true);
    assertEquals(result!.iteration > 0, moment === "step" || moment === "evaluate");
    assertLess(result!.iteration, 5000);
  }
});

deviceTest("train() counts as aborted when its signal fires during the last evaluation", async (device) => {
  const scene = await syntheticScene(device);
  const controller = new AbortController();
  const [first, ...rest] = scene.test;
  const photo = async () => {
    controller.abort(); // while the first of the test views is evaluated
    return await first.photo();
  };
  const interrupted = { ...scene, test: [{ ...first, photo }, ...rest] };
  const options = { ...QUIET, iterations: 5, testIterations: [5], signal: controller.signal };
  const { events, result } = await trained(device, interrupted, options);
  assertEquals([result.aborted, result.iteration], [true, 5]);
  const ends = events.filter(({ type }) => type !== "step" && type !== "photo");
  assertEquals(ends.map(({ type, iteration }) => `${type} ${iteration}`), [
    "plan 0",
    "save 5",
    "checkpoint 5",
    "done 5",
  ]);
});

deviceTest("train() saves an iteration again when it is aborted there", async (device) => {
  const scene = await syntheticScene(device);
  const controller = new AbortController();
  const saves: [number, Float32Array][] = [];
  const options = { ...QUIET, iterations: 100, saveIterations: [10, 11], signal: controller.signal };
  for await (const event of train(device, scene, options)) {
    if (event.type === "save") saves.push([event.iteration, rows(event.gaussians)]);
    if (event.type === "step" && event.iteration === 10) controller.abort();
    if (event.type === "done") event.gaussians[Symbol.dispose]();
  }
  const [before, ...after] = saves;
  assertEquals([before[0], ...after.map(([iteration]) => iteration)], [10, 11, 10]);
  assertNotEquals(after[1][1], before[1]);
  assertEquals(after[1][1], after[0][1]);
});

deviceTest("train() compares its plan with the memory that is free when it starts", async (device) => {
  const scene = await syntheticScene(device);
  using free = stub(device, "freeMemory", () => Promise.resolve(1000));
  const error = await assertRejects(() => train(device, scene, QUIET).next(), TameError, "1000 B are available");
  assertEquals([error.bytesFree, free.calls], [1000, 1]);
});

deviceTest("train() reports the peak memory of its own run only", async (device) => {
  const scene = await syntheticScene(device);
  Gaussians.create(device, { capacity: 100_000, shDegree: 3 })[Symbol.dispose]();
  const before = device.memory().peak;
  const { result } = await trained(device, scene, { ...QUIET, iterations: 2 });
  assertLess(result.peakMemory, before);
});

deviceTest("train() stops a native call in progress when its signal fires", async (device) => {
  const scene = await syntheticScene(device);
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 60);
  const { result } = await trained(device, scene, { ...QUIET, iterations: 1_000_000, signal: controller.signal });
  assertEquals(result.aborted, true);
});

deviceTest(
  "train() stops after a maxSeconds too short to plan, and yields a last save and a checkpoint",
  async (device) => {
    const scene = await syntheticScene(device);
    const { events, result } = await trained(device, scene, { ...QUIET, iterations: 1_000_000, maxSeconds: 1e-6 });
    assertEquals([result.timedOut, result.aborted], [true, false]);
    assertEquals(
      events.slice(-3).map((event) => `${event.type} ${event.iteration}`),
      ["save", "checkpoint", "done"].map((type) => `${type} ${result.iteration}`),
    );
  },
);

deviceTest("train() warns when it has no densification events to reach its budget, and only then", async (device) => {
  const scene = await syntheticScene(device);
  const messages = async (options: TrainOptions): Promise<string[]> =>
    (await trained(device, scene, options)).events.flatMap((event) => event.type === "warning" ? [event.message] : []);
  assertEquals(await messages({ iterations: 4, budget: 3 }), [
    "This run has no densification events: the count stays 60 and ignores the budget of 180",
  ]);
  assertEquals(await messages({ iterations: 4, budget: 1 }), []);
  assertEquals(await messages({ iterations: 4, budget: 3, densifyFromIter: 1, densificationInterval: 2 }), []);
});

deviceTest(
  "train() lets its loop's body render, and frees all but the Gaussians when the body breaks out",
  async (device) => {
    const scene = await syntheticScene(device);
    let gaussians: Gaussians | undefined;
    for await (const event of train(device, scene, { ...QUIET, iterations: 1000 })) {
      if (event.type !== "step") continue;
      gaussians = event.gaussians;
      await render(gaussians, scene.train[0].camera);
      break;
    }
    const { byPurpose } = device.memory();
    assertEquals([byPurpose.photos.live, byPurpose.optimizer.live], [0, 0]);
    assertGreater(byPurpose.parameters.live, 0);
    gaussians![Symbol.dispose]();
  },
);

Deno.test({
  name: "train() throws with the numbers, before it allocates anything, when memory does not suffice",
  ignore: libraryMissing !== undefined,
  async fn() {
    using roomy = await testDevice();
    const scene = await syntheticScene(roomy);
    using device = await testDevice({ memoryLimit: 100_000 });
    const error = await assertRejects(() => train(device, scene, QUIET).next(), TameError, "97.7 KiB");
    assertEquals(error.status, "out of memory");
    assertGreater(error.bytesWanted, 100_000);
    assertEquals(device.memory().peak, 0);
  },
});

deviceTest("train() rejects scenes without training views", async (device) => {
  const scene = await syntheticScene(device);
  await assertRejects(() => train(device, { ...scene, train: [] }).next(), RangeError, "no training views");
});

deviceTest("train() needs the planned memory", async (device) => {
  const scene = await syntheticScene(device, { views: 12, count: 3000 });
  device.memory({ resetPeak: true });
  const { events } = await trained(device, scene, { ...QUIET, iterations: 20, shLower: true });
  const [plan] = events;
  assert(plan.type === "plan");
  const { byPurpose } = device.memory();
  for (const { purpose, bytes, exact } of plan.plan.items) {
    if (!exact) continue;
    const { peak } = byPurpose[purpose];
    assert(peak >= bytes && peak < 1.05 * bytes + 4096, `${purpose}: planned ${bytes}, took ${peak}`);
  }
});
