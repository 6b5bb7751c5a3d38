// Checkpoints: when they are due, and what they hold.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { CheckpointCadence } from "../../train/checkpoint/cadence.ts";
import { TrainController } from "../../train/controller.ts";
import type { StateChunk } from "../../ffi/trainer.ts";
import { CheckpointFile } from "../../train/checkpoint/file.ts";
import type { Snapshot } from "../../train/checkpoint/snapshot.ts";
import type { CheckpointEvent, TrainEvent } from "../../train/events.ts";
import { train } from "../../train/loop.ts";
import { SHORT, stopAt, temporaryFolder } from "../support/checkpoints.ts";
import { deviceTest } from "../support/device.ts";
import { spoiler } from "../support/spoiler.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";
import { trained } from "../support/train_run.ts";

Deno.test("CheckpointCadence is due after its time, and later where a checkpoint takes more than 3 % of it", () => {
  let now = 100;
  const cadence = new CheckpointCadence(60, 0, () => now);
  assertEquals(cadence.due, false);
  now = 160;
  assertEquals(cadence.due, true);
  assertEquals([cadence.took(7, 1), cadence.last, cadence.due], [undefined, 7, false]);
  now = 220;
  assertEquals(cadence.due, true);
  assertEquals(cadence.took(8, 3), 100); // 3 s are 3 % of 100 s
  now = 319;
  assertEquals(cadence.due, false);
  now = 320;
  assertEquals(cadence.due, true);
  assertEquals(cadence.took(9, 6), undefined, "it is said once");
  now = 1e9;
  assertEquals(new CheckpointCadence(-1, 0, () => now).due, false);
});

deviceTest("train() offers checkpoints after the event and before the evaluation of their place", async (device) => {
  const scene = await syntheticScene(device, { count: 40 });
  const options = { ...SHORT, checkpointIterations: [10, 20, 30], checkpointSeconds: -1, saveIterations: [11] };
  const { events } = await trained(device, scene, { ...options, testIterations: [21] });
  const places = events.map(({ type, iteration }) => `${type} ${iteration}`).filter((text) =>
    !/step|photo|view/.test(text)
  );
  assertEquals(places.filter((text) => !text.startsWith("densifying")), [
    ...["plan 0", "densify 10", "checkpoint 10", "save 11"],
    ...["densify 20", "checkpoint 20", "evaluate 21", "evaluate 21"],
    ...["checkpoint 30", "save 30", "done 30"],
  ]);
});

deviceTest("train() offers a checkpoint by the clock, and where it is stopped", async (device) => {
  const scene = await syntheticScene(device, { count: 40 });
  const often = await trained(device, scene, { ...SHORT, checkpointSeconds: 0 });
  assert(often.events.filter(({ type }) => type === "checkpoint").length >= 3);
  const never = await trained(device, scene, { ...SHORT, checkpointSeconds: -1 });
  assert(never.events.every(({ type }) => type !== "checkpoint"));
  assertEquals(often.rows, never.rows);

  const controller = new TrainController();
  const { events } = await trained(device, scene, { ...SHORT, controller }, ({ type }) => {
    if (type === "densify") controller.stop();
  });
  assertEquals(events.slice(-3).map(({ type }) => type), ["save", "checkpoint", "done"]);
});

deviceTest("a run that is stopped at any place goes on bit for bit", async (device) => {
  await using folder = await temporaryFolder();
  const scene = await syntheticScene(device, { count: 40 });
  const options = { ...SHORT, testIterations: [10, 21], saveIterations: [8] };
  const whole = await trained(device, scene, options);
  for (const type of ["densifying", "densify", "view", "evaluate", "save"] as const) {
    const path = join(folder.path, `${type}.tame`);
    const controller = new TrainController();
    for await (const event of train(device, scene, { ...options, controller })) {
      if (event.type === type) controller.stop();
      if (event.type === "checkpoint") await (await event.snapshot()).write(path);
      if (event.type === "done") event.gaussians[Symbol.dispose]();
    }
    const rest = await trained(device, scene, { startCheckpoint: path });
    assertEquals(rest.rows, whole.rows, `stopped at ${type}`);
    const evaluated = (events: TrainEvent[]) => events.filter((event) => event.type === "evaluate").at(-1)?.psnr;
    assertEquals(evaluated(rest.events), evaluated(whole.events));
  }
});

deviceTest("snapshot() copies the state before the run goes on", async (device) => {
  const scene = await syntheticScene(device, { count: 40 });
  let kept: CheckpointEvent | undefined;
  const copies: Promise<Snapshot>[] = [];
  for await (const event of train(device, scene, { ...SHORT, checkpointIterations: [3, 7] })) {
    if (event.type === "checkpoint" && event.iteration === 7) kept = event;
    if (event.type === "checkpoint" && event.iteration === 3) copies.push(event.snapshot(), event.snapshot());
    if (event.type === "step" && kept !== undefined) {
      assertThrows(() => kept!.snapshot(), Error, "the run has continued");
    }
    if (event.type === "done") event.gaussians[Symbol.dispose]();
  }
  assert(kept !== undefined);
  const [copy, again] = await Promise.all(copies); // the run has waited for it
  assert(copy === again);
  await using folder = await temporaryFolder();
  const path = join(folder.path, "not_awaited.tame");
  await copy.write(path);
  const awaited = await stopAt({ device, scene, options: SHORT, folder: folder.path }, 3);
  assertEquals(await chunksOf(path), await chunksOf(awaited));
});

async function chunksOf(path: string): Promise<StateChunk[]> {
  return await Array.fromAsync((await CheckpointFile.open(path)).chunks());
}

deviceTest("a run without checkpoints takes none where it is stopped", async (device) => {
  const scene = await syntheticScene(device, { count: 40 });
  const options = { ...SHORT, iterations: 1_000_000, maxSeconds: 1e-6, checkpointSeconds: -1 };
  const { events } = await trained(device, scene, options);
  assertEquals(events.slice(-2).map(({ type }) => type), ["save", "done"]);
});

deviceTest("train() takes no checkpoint after a loss that is not finite", async (device) => {
  const scene = await syntheticScene(device, { count: 40 });
  const checkpointIterations = Array.from({ length: 40 }, (_, i) => i + 1);
  const strategy = spoiler(12, { column: "sh_dc.0", value: "1e30" });
  const options = { iterations: 40, budget: 1, strategy, onDivergence: "continue", checkpointIterations } as const;
  const { events } = await trained(device, scene, { ...options, testIterations: [-1] });
  const last = events.findLast(({ type }) => type === "checkpoint")!.iteration;
  const losses = events.flatMap((event) => event.type === "step" ? [...event.losses] : []);
  assertEquals(last, losses.findIndex((loss) => !Number.isFinite(loss)));
});
