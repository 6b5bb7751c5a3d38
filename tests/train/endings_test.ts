// However a run ends after its first step, it yields a last save before anything else can fail.
import { assert, assertEquals, assertGreater, assertRejects, assertStringIncludes } from "@std/assert";
import { DataError } from "../../base/errors.ts";
import type { Scene, View } from "../../base/scene.ts";
import type { Device } from "../../ffi/device.ts";
import { TameError } from "../../ffi/errors.ts";
import type { Gaussians } from "../../ffi/gaussians.ts";
import type { SaveEvent, TrainEvent } from "../../train/events.ts";
import { train } from "../../train/loop.ts";
import type { TrainOptions } from "../../train/options.ts";
import type { Strategy } from "../../train/strategies/strategy.ts";
import { deviceTest } from "../support/device.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";
import { rows, trained } from "../support/train_run.ts";

const QUIET: TrainOptions = { testIterations: [-1], densifyUntilIter: 0, budget: 1 };

/** A view whose photo cannot be read from some call on. */
function unreadable(view: View, { fromCall = 0 } = {}): View {
  let calls = 0;
  const photo = () =>
    calls++ < fromCall ? view.photo() : Promise.reject(new DataError("Photo cannot be read", { path: view.path }));
  return { ...view, photo };
}

/** The events of a run that throws, with the rows of its last save. */
async function failing(
  device: Device,
  scene: Scene,
  options: TrainOptions,
): Promise<{ events: TrainEvent[]; saved?: Float32Array; error: unknown }> {
  const events: TrainEvent[] = [];
  let gaussians: Gaussians | undefined;
  let saved: Float32Array | undefined;
  try {
    for await (const event of train(device, scene, options)) {
      events.push(event);
      ({ gaussians } = event);
      if (event.type === "save") saved = rows(event.gaussians);
    }
  } catch (error) {
    return { events, saved, error };
  } finally {
    gaussians?.[Symbol.dispose]();
  }
  throw new Error("The run did not fail");
}

const savesOf = (events: TrainEvent[]): SaveEvent[] => events.filter((event) => event.type === "save");

deviceTest("train() says which save is the last one of a run, and why", async (device) => {
  const scene = await syntheticScene(device);
  const endings = async (options: TrainOptions) => {
    const { events } = await trained(device, scene, { ...QUIET, ...options });
    return savesOf(events).map(({ ending }) => ending);
  };
  assertEquals(await endings({ iterations: 8, saveIterations: [4] }), [undefined, "finished"]);
  assertEquals(await endings({ iterations: 1_000_000, maxSeconds: 1e-6 }), ["timedOut"]);
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 60);
  assertEquals(await endings({ iterations: 1_000_000, signal: controller.signal }), ["aborted"]);
});

deviceTest("train() yields a save before it throws the error of a photo that has gone", async (device) => {
  const scene = await syntheticScene(device);
  // Each photo is read once, and not again: the cache holds only a few.
  const gone = { ...scene, train: scene.train.map((view) => unreadable(view, { fromCall: 1 })) };
  const bytes = 3 * scene.train[0].camera.width * scene.train[0].camera.height;
  const disk = { ...QUIET, iterations: 1000, dataDevice: "disk", photoCache: 4 * bytes } as const;
  const { events, saved, error } = await failing(device, gone, disk);
  assert(error instanceof DataError);
  const last = events.at(-1)!;
  assert(last.type === "save" && last.ending === "failed" && last.iteration > 0, JSON.stringify(last.type));
  // What is saved is the state after the last finished step.
  const { iteration } = last;
  const options = { ...disk, saveIterations: [iteration + 1] };
  let whole: Float32Array | undefined;
  for await (const event of train(device, scene, options)) {
    if (event.type === "save" && event.iteration === iteration + 1) whole = rows(event.gaussians);
    if (whole !== undefined) {
      event.gaussians[Symbol.dispose]();
      break;
    }
  }
  assertEquals(saved, whole);
});

deviceTest("train() yields a save when densification runs out of memory", async (device) => {
  const scene = await syntheticScene(device);
  const full: Strategy = {
    name: "full",
    densification: [5],
    isEvent: (iteration) => iteration === 5,
    views: () => [],
    stepTerms: () => ({ flags: 0, frozen: 0 }),
    apply: () => Promise.reject(new TameError("out of memory", "Out of memory for Gaussians")),
  };
  const { events, error } = await failing(device, scene, {
    iterations: 20,
    testIterations: [-1],
    strategy: () => full,
  });
  assert(error instanceof TameError && error.status === "out of memory", String(error));
  assertEquals(savesOf(events).map(({ iteration, ending }) => [iteration, ending]), [[5, "failed"]]);
});

deviceTest("train() throws without a save when it fails before its first step", async (device) => {
  const scene = await syntheticScene(device);
  const none = { ...scene, train: scene.train.map((view) => unreadable(view)) };
  const { events, error } = await failing(device, none, { ...QUIET, iterations: 20 });
  assert(error instanceof DataError);
  assertEquals(savesOf(events), []);
});

deviceTest("train() warns of an evaluation that fails, continues, and evaluates again", async (device) => {
  const scene = await syntheticScene(device);
  const [first, ...rest] = scene.test;
  const damaged = { ...scene, test: [unreadable(first), ...rest] };
  const options = { ...QUIET, iterations: 20, testIterations: [10, 20] };
  const { events, rows: learnt, result } = await trained(device, damaged, options);
  assertEquals([result.iteration, result.aborted], [20, false]);
  const order = events.filter(({ type }) => ["save", "evaluate", "warning"].includes(type));
  assertEquals(order.map(({ type, iteration }) => `${type} ${iteration}`), [
    ...["warning 10", "evaluate 10"],
    ...["save 20", "warning 20", "evaluate 20"],
  ]);
  const [warning] = events.filter((event) => event.type === "warning");
  assertStringIncludes(
    warning.message,
    "The evaluation of the test views at iteration 10 failed: Photo cannot be read",
  );
  assertEquals(learnt, (await trained(device, scene, options)).rows);
});

deviceTest("train() passes an error of its loop's body on without another save", async (device) => {
  const scene = await syntheticScene(device);
  let saves = 0;
  let gaussians: Gaussians | undefined;
  await assertRejects(
    async () => {
      for await (const event of train(device, scene, { ...QUIET, iterations: 100 })) {
        ({ gaussians } = event);
        if (event.type === "save") saves++;
        if (event.type === "step") throw new Error("full disk");
      }
    },
    Error,
    "full disk",
  );
  assertEquals(saves, 0);
  assertGreater(gaussians!.count, 0); // they are the caller's, who may save them
  gaussians![Symbol.dispose]();
});
