// Runs with maxSeconds: their plan, the bits of its number of iterations, the hard stop, and resuming. Their clock is
// the work that they have done, so that the plan does not depend on what else the machine does.
import { assert, assertAlmostEquals, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { OptionError } from "../../base/option.ts";
import type { Device } from "../../ffi/device.ts";
import { CheckpointFile } from "../../train/checkpoint/file.ts";
import type { IterationsEvent, PlanEvent } from "../../train/events.ts";
import type { StrategyContext, TrainOptions } from "../../train/options.ts";
import type { Strategy } from "../../train/strategies/strategy.ts";
import type { TimePlan } from "../../train/time_plan.ts";
import { stopAt, temporaryFolder } from "../support/checkpoints.ts";
import { deviceTest } from "../support/device.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";
import { type Trained, trained } from "../support/train_run.ts";

const MOST = 1_000_000;
const RUN: TrainOptions = { iterations: MOST, budget: 3, testIterations: [-1] };

/**
 * Work of a Gaussian in a step, in pixels that one covers: about four times as many as they do. So few Gaussians change
 * their size much as they learn, by which the time of a step would vary more than in a real run.
 */
const PIXELS_PER_GAUSSIAN = 1000;

/** A clock of work, which may become slower. */
interface WorkClock extends Disposable {
  /** From now on, work takes so many times as long. */
  slowDown(times: number): void;
}

/** Replaces the clock by one second for each million of pixels that Gaussians cover in steps, and of their own work. */
function workClock(device: Device): WorkClock {
  const { now } = performance;
  device.profile("start");
  const work = () => {
    const { gaussians, evaluated } = device.profile("read");
    return (PIXELS_PER_GAUSSIAN * gaussians + evaluated) / 1000;
  };
  let [from, times, before] = [0, 1, 0];
  performance.now = () => before + times * (work() - from);
  return {
    slowDown: (factor) => [from, times, before] = [work(), factor, performance.now()],
    [Symbol.dispose]: () => {
      performance.now = now;
      device.profile("stop");
    },
  };
}

/** The seconds of the first steps of a run. */
async function secondsOfSteps(device: Device, iterations: number): Promise<number> {
  const scene = await syntheticScene(device);
  return (await trained(device, scene, { ...RUN, iterations })).result.seconds;
}

function decisionOf({ events }: Pick<Trained, "events">): IterationsEvent {
  const [decision, ...others] = events.filter((event) => event.type === "iterations");
  assertEquals(others, []);
  return decision;
}

function planOf({ events }: Pick<Trained, "events">): TimePlan | null {
  return (events.find(({ type }) => type === "plan") as PlanEvent).timePlan;
}

deviceTest("train() fills maxSeconds, and the iterations of its plan give the same bits", async (device) => {
  using _ = workClock(device);
  const scene = await syntheticScene(device);
  for (const options of [RUN, { ...RUN, preset: "fast", dataDevice: "disk" }, { ...RUN, strategy: "adc" }] as const) {
    const maxSeconds = await secondsOfSteps(device, 500);
    const run = await trained(device, scene, { ...options, maxSeconds });
    const plan = planOf(run)!;
    const { iterations, schedule, timePlan } = decisionOf(run);
    assertEquals([run.result.iteration, run.result.timedOut], [iterations, false]);
    assertEquals([plan.maxSeconds, plan.most, plan.decided], [maxSeconds, MOST, false]);
    assertEquals(timePlan, { ...plan, iterations, decided: true });
    assert(iterations > 50 && iterations < 5000, `${iterations}`);
    assertAlmostEquals(run.result.seconds / maxSeconds, 0.98, 0.05);
    const [first] = run.events.filter((event) => event.type === "step");
    assert(first.seconds > plan.rehearsalSeconds && plan.rehearsalSeconds > 0);
    const same = await trained(device, scene, { ...options, ...schedule, iterations });
    assertEquals(run.rows, same.rows);
    assertEquals(run.losses, same.losses);
    assertEquals(planOf(same), null);
  }
  const { byPurpose } = device.memory();
  assertEquals([byPurpose.parameters.live, byPurpose.photos.live], [0, 0], "nothing is left of the rehearsals");
});

deviceTest("train() decides the iterations by its own pace, and evaluates at the last one", async (device) => {
  using clock = workClock(device);
  const scene = await syntheticScene(device);
  const held = { ...scene, test: scene.train.slice(0, 1) };
  const seconds = await secondsOfSteps(device, 400);
  for (const times of [2, 0.5]) {
    clock.slowDown(1);
    const options = { ...RUN, testIterations: undefined, maxSeconds: seconds };
    const run = await trained(device, held, options, (event) => {
      if (event.type === "densify") clock.slowDown(times);
    });
    const { iterations, schedule } = decisionOf(run);
    const planned = planOf(run)!.iterations;
    assert(times > 1 ? iterations < 0.9 * planned : iterations > 1.1 * planned, `${iterations} instead of ${planned}`);
    assertEquals([run.result.iteration, run.result.timedOut], [iterations, false]);
    assertAlmostEquals(run.result.seconds / seconds, 0.98, 0.05);
    const evaluated = run.events.filter(({ type }) => type === "evaluate").map(({ iteration }) => iteration);
    assertEquals(evaluated.at(-1), iterations);
    const same = await trained(device, held, { ...RUN, ...schedule, iterations });
    assertEquals(run.rows, same.rows);
  }
});

deviceTest("train() keeps the planned iterations for a strategy whose events depend on them", async (device) => {
  using clock = workClock(device);
  const scene = await syntheticScene(device);
  const maxSeconds = await secondsOfSteps(device, 300);
  for (const densifies of [true, false]) {
    const strategy = ({ options: { iterations } }: StrategyContext): Strategy => {
      const middle = Math.floor(iterations / 2);
      return {
        name: "middle",
        densification: densifies ? [middle] : [],
        isEvent: (iteration) => iteration === middle,
        views: () => [],
        stepTerms: () => ({ flags: 0, frozen: 0 }),
        apply: () => Promise.resolve(clock.slowDown(2)).then(() => undefined),
      };
    };
    clock.slowDown(1);
    const run = await trained(device, scene, { ...RUN, strategy, maxSeconds });
    assertEquals(decisionOf(run).iterations, planOf(run)!.iterations);
  }
});

deviceTest("the plan of maxSeconds is part of the checkpoint, and a run that goes on keeps it", async (device) => {
  using _ = workClock(device);
  await using folder = await temporaryFolder();
  const scene = await syntheticScene(device);
  const options = { ...RUN, maxSeconds: await secondsOfSteps(device, 200) };
  const whole = await trained(device, scene, options);
  const plan = planOf(whole)!;
  const startCheckpoint = await stopAt({ device, scene, options, folder: folder.path }, 20);
  const { manifest: { state, options: stored } } = await CheckpointFile.open(startCheckpoint);
  assertEquals([state.timePlan?.iterations, stored.iterations], [plan.iterations, plan.iterations]);
  for (const iterations of [undefined, MOST, plan.iterations]) {
    const rest = await trained(device, scene, { startCheckpoint, iterations });
    assertEquals([planOf(rest), rest.result.timedOut], [state.timePlan, false]);
    assertEquals(rest.rows, whole.rows);
  }
  const error = await assertRejects(() => trained(device, scene, { startCheckpoint, iterations: 30 }), OptionError);
  assertStringIncludes(error.message, `with 30 as iterations: its run has ${plan.iterations}`);
});

deviceTest("train() stops a run 5 % behind maxSeconds, and more seconds complete what was decided", async (device) => {
  using clock = workClock(device);
  await using folder = await temporaryFolder();
  const scene = await syntheticScene(device);
  const options = { ...RUN, maxSeconds: await secondsOfSteps(device, 200) };
  const whole = await trained(device, scene, options);
  const { iteration, iterations } = decisionOf(whole);
  const startCheckpoint = await stopAt({ device, scene, options, folder: folder.path }, iteration + 1);
  const { manifest: { state, options: stored } } = await CheckpointFile.open(startCheckpoint);
  assertEquals([state.timePlan?.iterations, state.timePlan?.decided, stored.iterations], [
    iterations,
    true,
    iterations,
  ]);
  clock.slowDown(5);
  const stopped = await trained(device, scene, { startCheckpoint });
  assertEquals(stopped.result.timedOut, true);
  assert(stopped.result.iteration < iterations);
  assertAlmostEquals(stopped.result.seconds / options.maxSeconds, 1.05, 0.04);
  assertEquals(stopped.events.slice(-3).map(({ type }) => type), ["save", "checkpoint", "done"]);
  const rest = await trained(device, scene, { startCheckpoint, maxSeconds: 5 * options.maxSeconds });
  assertEquals(rest.result.timedOut, false);
  assertEquals(rest.rows, whole.rows);
});

deviceTest(
  "train() warns of a maxSeconds that is too short to plan, and a stop ends its rehearsals",
  async (device) => {
    const scene = await syntheticScene(device);
    const messages = async (options: TrainOptions) =>
      (await trained(device, scene, { ...RUN, ...options })).events.flatMap((event) =>
        event.type === "warning" ? [event.message] : []
      );
    assertEquals(await messages({ maxSeconds: 1e-6 }), [
      "0.000001 s are too short to plan this run: it stops there, before the end of its schedule for 1000000 iterations",
    ]);
    assertEquals(await messages({ maxSeconds: 1e6, iterations: 8, budget: 1 }), []);
    const controller = new AbortController();
    const [first, ...others] = scene.train;
    const photo = () => (controller.abort(), first.photo());
    const stopping = { ...scene, train: [{ ...first, photo }, ...others] };
    const { result, events } = await trained(device, stopping, { ...RUN, maxSeconds: 60, signal: controller.signal });
    assertEquals([result.aborted, result.iteration], [true, 0]);
    assertEquals(events.map(({ type }) => type), ["plan", "done"]);
  },
);
