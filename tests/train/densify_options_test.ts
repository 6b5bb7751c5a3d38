// The effects of the densification options, and what has no effect on the result.
import { assert, assertEquals, assertGreater, assertLess, assertNotEquals } from "@std/assert";
import type { Device } from "../../ffi/device.ts";
import { Trainer } from "../../ffi/trainer.ts";
import { background } from "../../train/batch.ts";
import { resolveTrainOptions, type TrainOptions } from "../../train/options.ts";
import { sampleViews } from "../../train/strategies/score.ts";
import { deviceTest, libraryMissing, testDevice } from "../support/device.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";
import { type Trained, trained } from "../support/train_run.ts";

/** Three events: 10, 20, 30. */
const SHORT: TrainOptions = {
  testIterations: [-1],
  iterations: 40,
  densifyFromIter: 5,
  densifyUntilIter: 35,
  densificationInterval: 10,
  budget: 2,
};

/** Sums of what the events did. */
function totals({ events }: Trained): { pruned: number; cloned: number; split: number; filled: number } {
  const sum = { pruned: 0, cloned: 0, split: 0, filled: 0 };
  for (const event of events) {
    if (event.type !== "densify") continue;
    for (const name of ["pruned", "cloned", "split", "filled"] as const) sum[name] += event[name];
  }
  return sum;
}

async function run(device: Device, options: TrainOptions = {}): Promise<Trained> {
  return await trained(device, await syntheticScene(device), { ...SHORT, ...options });
}

/** The arguments of every call of `Trainer.score` until it is disposed. */
function scoreCalls(): Disposable & { calls: { views: number[]; background: number[]; shDegree: number }[] } {
  const { score } = Trainer.prototype;
  const calls: { views: number[]; background: number[]; shDegree: number }[] = [];
  Trainer.prototype.score = async function (views, weights, options) {
    calls.push({ views: [...views], background: Array.from(options.background), shDegree: options.shDegree });
    await score.call(this, views, weights, options);
  };
  return { calls, [Symbol.dispose]: () => void (Trainer.prototype.score = score) };
}

deviceTest("train() densifies bit for bit the same again, and differently with another seed", async (device) => {
  const first = await run(device);
  assertEquals((await run(device)).rows, first.rows);
  using other = await testDevice({ seed: 1 });
  assertNotEquals((await run(other)).rows, first.rows);
});

deviceTest("train() densifies bit for bit the same for any batches of steps", async (device) => {
  const options = { randomBackground: true, shLower: true, shDegree: 1, budget: 3 };
  const whole = await run(device, options);
  const single = await run(device, { ...options, saveIterations: Array.from({ length: 39 }, (_, i) => i + 1) });
  assert(single.events.every((event) => event.type !== "step" || event.losses.length <= 2));
  assertEquals(single.losses, whole.losses);
  assertEquals(single.rows, whole.rows);
});

Deno.test({
  name: "train() densifies bit for bit the same on 1, 2 and 3 threads",
  ignore: libraryMissing !== undefined,
  async fn() {
    const runs: Float32Array[] = [];
    for (const threads of [1, 2, 3]) {
      using device = await testDevice({ threads });
      const scene = await syntheticScene(device, { count: 700 }); // more than a thread's share of work
      runs.push((await trained(device, scene, { ...SHORT, budget: 3 })).rows);
    }
    assertEquals(runs[1], runs[0]);
    assertEquals(runs[2], runs[0]);
  },
});

deviceTest("train() prunes Gaussians below minOpacity", async (device) => {
  const few = await run(device, { minOpacity: 0 });
  const many = await run(device, { minOpacity: 0.3 });
  assertEquals(totals(few).pruned, 0);
  assertGreater(totals(many).pruned, 10);
  assertEquals(many.result.count, few.result.count);
});

deviceTest("train() clones Gaussians up to percentDense scene extents and splits larger ones", async (device) => {
  const cloning = totals(await run(device, { percentDense: 1e6 }));
  const splitting = totals(await run(device, { percentDense: 0 }));
  assertEquals([cloning.split, splitting.cloned], [0, 0]);
  assertGreater(cloning.cloned, 0);
  assertGreater(splitting.split, 0);
});

deviceTest(
  "train() takes candidates from densifyGradThreshold on, and others if there are too few",
  async (device) => {
    const all = await run(device, { densifyGradThreshold: 0 });
    const none = await run(device, { densifyGradThreshold: 1e9 });
    assertEquals(totals(all).filled, 0);
    assertEquals(totals(none).filled, totals(none).cloned + totals(none).split);
    assertGreater(totals(none).filled, 0);
    assertEquals(none.result.count, all.result.count);
    assertNotEquals(none.rows, all.rows);
  },
);

deviceTest("train() scores the views that are sampled for the iteration, all with -1", async (device) => {
  const [one, all] = [{ cams: 1 }, { cams: -1 }];
  using spy = scoreCalls();
  const { rows } = await run(device, one);
  assertEquals(spy.calls.map(({ views }) => views), [10, 20, 30].map((t) => sampleViews(6, 1, device.seed, t)));
  spy.calls.length = 0;
  assertNotEquals((await run(device, all)).rows, rows);
  for (const { views } of spy.calls) assertEquals(views.toSorted(), [0, 1, 2, 3, 4, 5]);
});

deviceTest("train() scores over the background of the iteration", async (device) => {
  using spy = scoreCalls();
  for (const options of [{}, { whiteBackground: true }, { randomBackground: true }]) {
    spy.calls.length = 0;
    await run(device, options);
    const resolved = resolveTrainOptions({ ...SHORT, ...options });
    const expected = [10, 20, 30].map((t) => background(t, resolved, device.seed));
    assertEquals(spy.calls.map(({ background }) => background), expected);
    assertEquals(new Set(expected.map(String)).size, "randomBackground" in options ? 3 : 1);
  }
});

deviceTest("train() learns with sparse Adam, with another result than by default", async (device) => {
  const options = { iterations: 200, optimizerType: "sparse_adam" as const };
  const sparse = await run(device, options);
  const mean = (losses: number[]): number => losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  assertLess(mean(sparse.losses.slice(-6)), 0.5 * mean(sparse.losses.slice(0, 6)));
  assertEquals((await run(device, options)).rows, sparse.rows);
  assertNotEquals((await run(device, { iterations: 200 })).rows, sparse.rows);
  assertEquals((await run(device, { ...options, shLower: true })).rows, sparse.rows); // steps all in every iteration
});
