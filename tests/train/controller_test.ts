// The controller: its requests are served between two steps, and do not change the result.
import { assert, assertEquals, assertGreater, assertLess, assertThrows } from "@std/assert";
import type { Scene } from "../../base/scene.ts";
import type { Device } from "../../ffi/device.ts";
import { TrainController } from "../../train/controller.ts";
import type { TrainEvent } from "../../train/events.ts";
import type { TrainOptions } from "../../train/options.ts";
import { deviceTest } from "../support/device.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";
import { type Trained, trained } from "../support/train_run.ts";

/** Three densification events: 10, 20, 30. */
const OPTIONS: TrainOptions = {
  iterations: 60,
  testIterations: [-1],
  densifyFromIter: 5,
  densifyUntilIter: 35,
  densificationInterval: 10,
  budget: 2,
  randomBackground: true,
};

/** Trains with a controller that acts at the first `step` event from an iteration on, and again after a pause. */
async function steered(
  device: Device,
  scene: Scene,
  act: (controller: TrainController) => void,
  { paused, ...options }: TrainOptions & { paused?: (controller: TrainController) => void } = {},
): Promise<Trained> {
  const controller = new TrainController();
  let acted = false;
  return await trained(device, scene, { ...OPTIONS, ...options, controller }, (event) => {
    if (event.type === "pause") setTimeout(() => paused?.(controller), 2);
    if (acted || event.type !== "step" || event.iteration < 15) return;
    acted = true;
    act(controller);
  });
}

/** Tags and iterations of the events that come before the next step, after the one at which the controller acted. */
function answered({ events }: Trained): string[] {
  const acted = events.findIndex((event) => event.type === "step" && event.iteration >= 15);
  const rest = events.slice(acted + 1);
  const next = rest.findIndex(({ type }) => type === "step");
  const until = next < 0 ? rest : rest.slice(0, next);
  const { iteration } = events[acted];
  return until.filter(({ type }) => type !== "photo" && !type.startsWith("densify"))
    .map((event) => `${event.type} ${event.iteration - iteration}`);
}

deviceTest(
  "TrainController.save() and .evaluate() take effect before the next step, for the last finished one",
  async (device) => {
    const scene = await syntheticScene(device);
    assertEquals(answered(await steered(device, scene, (controller) => controller.save())), ["save 0"]);
    const views = [...new Array(2).fill("view 0"), "evaluate 0", ...new Array(5).fill("view 0"), "evaluate 0"];
    assertEquals(answered(await steered(device, scene, (controller) => controller.evaluate())), views);
    const both = await steered(device, scene, (controller) => {
      controller.save();
      controller.evaluate();
      controller.save();
    });
    assertEquals(answered(both), ["save 0", ...views]);
  },
);

deviceTest("TrainController.pause() yields pause and runs nothing until resume()", async (device) => {
  const scene = await syntheticScene(device);
  const run = await steered(device, scene, (controller) => controller.pause(), {
    paused(controller) {
      assert(controller.paused);
      controller.save(); // still works
      setTimeout(() => controller.resume(), 2);
    },
  });
  assertEquals(answered(run), ["pause 0", "save 0", "resume 0"]);
  assertEquals(run.result.iteration, 60);
});

deviceTest("TrainController.resume() at the pause event continues the run", async (device) => {
  const scene = await syntheticScene(device);
  const controller = new TrainController();
  controller.pause();
  const { events } = await trained(device, scene, { ...OPTIONS, controller }, ({ type }) => {
    if (type === "pause") controller.resume();
  });
  const told = events.filter(({ type }) => ["pause", "resume"].includes(type));
  assertEquals(told.map(({ type, iteration }) => `${type} ${iteration}`), ["pause 0", "resume 0"]);
});

deviceTest("TrainController.stop() ends the run with a save, also when it is paused", async (device) => {
  const scene = await syntheticScene(device);
  for (const pause of [false, true]) {
    const act = (controller: TrainController) => pause ? controller.pause() : controller.stop();
    const options = { iterations: 100_000, paused: (controller: TrainController) => controller.stop() };
    const { events, result } = await steered(device, scene, act, options);
    assertEquals([result.aborted, result.timedOut], [true, false]);
    assertLess(result.iteration, 100_000);
    const ends = result.iteration > 0 ? ["save", "checkpoint", "done"] : ["done"];
    assertEquals(
      events.slice(-ends.length).map(({ type, iteration }) => `${type} ${iteration}`),
      ends.map((type) => `${type} ${result.iteration}`),
    );
    assertEquals(events.some(({ type }) => type === "pause"), pause);
    assertEquals(events.some(({ type }) => type === "resume"), false);
  }
});

deviceTest("a paused run ends when options.signal fires", async (device) => {
  const scene = await syntheticScene(device);
  const [controller, abort] = [new TrainController(), new AbortController()];
  const options = { ...OPTIONS, controller, signal: abort.signal };
  const { result } = await trained(device, scene, options, ({ type, iteration }) => {
    if (type === "step" && iteration >= 15) controller.pause();
    if (type === "pause") setTimeout(() => abort.abort(), 2);
  });
  assert(result.aborted);
});

deviceTest("TrainController ends the native call in progress", async (device) => {
  const scene = await syntheticScene(device);
  const controller = new TrainController();
  controller.batchMilliseconds = Infinity; // batches of 256 steps
  const saves: number[] = [];
  let steps = 0;
  const options: TrainOptions = { ...OPTIONS, iterations: 1000, densifyUntilIter: 0, budget: 1, controller };
  await trained(device, scene, options, (event) => {
    if (event.type === "save") saves.push(event.iteration);
    if (event.type !== "step") return;
    steps++;
    setTimeout(() => controller.save(), 1);
  });
  assertGreater(saves.length, 1);
  assertGreater(steps, 1000 / 256 + 1);
});

deviceTest("the result of a run does not depend on its controller", async (device) => {
  const scene = await syntheticScene(device);
  const whole = await trained(device, scene, OPTIONS);
  const busy = new TrainController();
  const disturb = (event: TrainEvent): void => {
    if (event.type === "pause") setTimeout(() => busy.resume(), 1);
    if (event.type !== "step") return;
    busy.batchMilliseconds = event.iteration % 3 === 0 ? 1e-6 : 1000;
    if (event.iteration % 2 === 0) busy.save();
    if (event.iteration % 7 === 0) busy.evaluate();
    if (event.iteration % 5 === 0) busy.pause();
    else setTimeout(() => busy.save(), 0);
  };
  const disturbed = await trained(device, scene, { ...OPTIONS, controller: busy }, disturb);
  assertEquals(disturbed.losses, whole.losses);
  assertEquals(disturbed.rows, whole.rows);
});

deviceTest("batchMilliseconds determines the number of steps in a native call", async (device) => {
  const scene = await syntheticScene(device);
  const longest = async (milliseconds: number): Promise<number> => {
    const controller = new TrainController();
    controller.batchMilliseconds = milliseconds;
    const { events } = await trained(device, scene, { ...OPTIONS, iterations: 400, densifyUntilIter: 0, controller });
    return events.reduce((most, event) => event.type === "step" ? Math.max(most, event.losses.length) : most, 0);
  };
  assertEquals(await longest(1e-6), 1);
  assertEquals(await longest(Infinity), 256);
});

Deno.test("batchMilliseconds is 50 by default, and rejects values that are not positive", () => {
  const controller = new TrainController();
  assertEquals(controller.batchMilliseconds, 50);
  for (const milliseconds of [0, -1, NaN]) {
    assertThrows(() => controller.batchMilliseconds = milliseconds, RangeError, "greater than 0");
  }
});
