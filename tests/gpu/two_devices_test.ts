// Two GPUs in one process: calls on one, and the disposal of its objects, while the other was used last.
import { assertEquals, assertGreater } from "@std/assert";
import { type Device, listDevices } from "../../ffi/device.ts";
import { Gaussians } from "../../ffi/gaussians.ts";
import { Control, type Step, StepPlan, Trainer } from "../../ffi/trainer.ts";
import type { Residency, Views } from "../../ffi/views.ts";
import { openGpu, pairMissing, selfTest } from "./devices.ts";
import { makeViews, planOf, type Problem, runProblem, trainingProblem } from "./training.ts";

const STEPS = 12;
/** In calls of 3 steps each, so that the devices take turns. */
const TURN = 3;
/** Gaussians that take 236 MB. */
const LARGE = 1_000_000;

const missing = pairMissing ?? await secondMissing();

async function secondMissing(): Promise<string | undefined> {
  if (selfTest) return undefined;
  const reports = await listDevices();
  const gpus = reports.find(({ backend }) => backend === "cuda")?.devices.length ?? 0;
  return gpus < 2 ? `${gpus} GPU, two are needed` : undefined;
}

/** Registers a test with two devices; the CPU is both of them in a self test. */
function twoDevicesTest(name: string, body: (devices: [Device, Device]) => void | Promise<void>): void {
  Deno.test({
    name: missing === undefined ? name : `${name} [skipped: ${missing}]`,
    ignore: missing !== undefined,
    async fn() {
      using first = await openGpu({ index: 0 });
      using second = await openGpu({ index: selfTest ? 0 : 1 });
      await body([first, second]);
    },
  });
}

twoDevicesTest("runs that take turns on two devices give the bits of runs on one", async (devices) => {
  const problem = trainingProblem();
  const planned: Step[] = [];
  planOf(STEPS, { views: problem.photos.length, alter: (step) => (planned.push(step), step) });
  for (const residency of ["device", "pinned", "host"] as const) {
    const expected = await runProblem(devices[0], problem, { steps: STEPS, residency });
    const runs = devices.map((device) => new Turns(device, problem, residency));
    for (let first = 0; first < STEPS; first += TURN) {
      for (const run of runs) await run.take(planned.slice(first, first + TURN));
    }
    // The first run ends while the second device was used last, and the other way round.
    for (const run of runs) {
      assertEquals(run.losses, [...expected.losses], residency);
      assertEquals(run.gaussians.toArrays(), expected.splats, residency);
    }
    for (const run of runs) run[Symbol.dispose]();
  }
});

twoDevicesTest("runs at the same time on two devices give the bits of runs on one", async (devices) => {
  const problem = trainingProblem();
  const expected = await runProblem(devices[0], problem, { steps: STEPS });
  const both = await Promise.all(devices.map((device) => runProblem(device, problem, { steps: STEPS })));
  for (const outcome of both) assertEquals(outcome, expected);
});

twoDevicesTest("objects of one device are freed there while the other was used last", async ([first, second]) => {
  const { splats, photos } = trainingProblem();
  for (const [device, other] of [[first, second], [second, first]]) {
    const before = device.memory();
    const gaussians = Gaussians.create(device, { capacity: LARGE, shDegree: 3, count: LARGE });
    const views = makeViews(device, photos, "pinned");
    const held = await device.freeMemory();
    using kept = Gaussians.fromArrays(other, splats);
    for (const object of [views, gaussians]) {
      other.synchronize();
      object[Symbol.dispose]();
    }
    const { live, host } = device.memory();
    assertEquals([live, host.live], [before.live, before.host.live]);
    assertEquals(kept.toArrays().means, splats.means);
    if (!selfTest) assertGreater(await device.freeMemory(), held + LARGE * 59 * 4 * 0.9); // 59 floats each
  }
});

/** A run that trains a few steps at a time. */
class Turns implements Disposable {
  readonly gaussians: Gaussians;
  readonly losses: number[] = [];
  readonly #views: Views;
  readonly #trainer: Trainer;

  constructor(device: Device, { splats, photos }: Problem, residency: Residency) {
    this.gaussians = Gaussians.fromArrays(device, splats);
    this.#views = makeViews(device, photos, residency);
    this.#trainer = Trainer.create(this.gaussians, this.#views, { shAccumulation: true });
  }

  async take(steps: readonly Step[]): Promise<void> {
    const plan = new StepPlan(steps.length);
    for (const step of steps) plan.push(step);
    const control = new Control(steps.length);
    await this.#trainer.run(plan, control);
    this.losses.push(...control.losses());
  }

  [Symbol.dispose](): void {
    for (const part of [this.#trainer, this.#views, this.gaussians]) part[Symbol.dispose]();
  }
}
