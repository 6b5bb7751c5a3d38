// Checkpoints: when they are due, their files, and what does not go together with them.
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { OptionError } from "../../base/option.ts";
import type { Scene } from "../../base/scene.ts";
import { CheckpointCadence } from "../../train/checkpoint/cadence.ts";
import { CheckpointFile } from "../../train/checkpoint/file.ts";
import { latestCheckpoint } from "../../train/checkpoint/latest.ts";
import { CheckpointFolder } from "../../export/checkpoints.ts";
import type { Snapshot } from "../../train/checkpoint/snapshot.ts";
import { TrainController } from "../../train/controller.ts";
import type { CheckpointEvent, TrainEvent } from "../../train/events.ts";
import { train } from "../../train/loop.ts";
import type { TrainOptions } from "../../train/options.ts";
import { stopAt, temporaryFolder } from "../support/checkpoints.ts";
import { deviceTest, testDevice } from "../support/device.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";
import { trained } from "../support/train_run.ts";

const SHORT: TrainOptions = {
  iterations: 30,
  testIterations: [-1],
  budget: 2,
  densifyFromIter: 5,
  densificationInterval: 10,
  densifyUntilIter: 25,
};

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

deviceTest("snapshot() copies the state only until the run goes on", async (device) => {
  const scene = await syntheticScene(device, { count: 40 });
  let kept: CheckpointEvent | undefined;
  for await (const event of train(device, scene, { ...SHORT, checkpointIterations: [7] })) {
    if (event.type === "checkpoint") kept = event;
    if (event.type === "step" && kept !== undefined) {
      assertThrows(() => kept!.snapshot(), Error, "the run has continued");
    }
    if (event.type === "done") event.gaussians[Symbol.dispose]();
  }
  assert(kept !== undefined);
});

/** Fails unless an action throws a DataError that names the file. */
async function rejectsFile(action: () => Promise<unknown>, path: string, words: string): Promise<void> {
  const error = await assertRejects(action, DataError);
  assertStringIncludes(error.message, words);
  assertEquals(error.path, path);
}

deviceTest("a checkpoint that is cut off, changed, or no checkpoint is rejected with its path", async (device) => {
  await using folder = await temporaryFolder();
  const scene = await syntheticScene(device, { count: 40 });
  const path = await stopAt({ device, scene, options: SHORT, folder: folder.path }, 12);
  const bytes = await Deno.readFile(path);
  const read = async () => await (await CheckpointFile.open(path)).verify();
  await read();
  for (const length of [0, 7, 15, 16, 500, 5000, bytes.length / 2, bytes.length - 5, bytes.length - 1]) {
    await Deno.writeFile(path, bytes.subarray(0, length));
    await rejectsFile(read, path, "Checkpoint is damaged: it ");
  }
  await Deno.writeFile(path, new Uint8Array([...bytes, 0]));
  await rejectsFile(read, path, `it has ${bytes.length + 1} bytes, its manifest states ${bytes.length}`);
  const flip = async (offset: number, bit = 1) => {
    const changed = bytes.slice();
    changed[offset] ^= bit;
    await Deno.writeFile(path, changed);
  };
  const manifestBytes = new DataView(bytes.buffer).getUint32(12, true);
  const sections = 16 + manifestBytes + 4;
  for (
    const offset of [12, 14, 16, 400, 16 + manifestBytes, sections - 1, sections, sections + 1000, bytes.length - 1]
  ) {
    for (const bit of [1, 128]) {
      await flip(offset, bit);
      await rejectsFile(read, path, "Checkpoint is damaged: ");
    }
  }
  await flip(0);
  await rejectsFile(read, path, "Not a checkpoint of tame");
  await flip(8, 2);
  await rejectsFile(read, path, "Checkpoint has version 3 of the format, this tame reads 1");
  await Deno.remove(path);
  await rejectsFile(read, path, "Checkpoint is missing");
});

deviceTest("train() rejects a checkpoint of another capture, seed, or with other options", async (device) => {
  await using folder = await temporaryFolder();
  const scene = await syntheticScene(device, { count: 40 });
  const startCheckpoint = await stopAt({ device, scene, options: { ...SHORT, shDegree: 2 }, folder: folder.path }, 12);
  const resume = (scene: Scene, options: TrainOptions = {}) => () =>
    trained(device, scene, { startCheckpoint, ...options });
  const [first, ...others] = scene.train;
  const moved = { ...first, camera: { ...first.camera, translation: [0, 0, 4.001] } };
  await rejectsFile(resume({ ...scene, train: others }), startCheckpoint, "it had 6 training views, this one has 5");
  await rejectsFile(resume({ ...scene, test: [] }), startCheckpoint, "it had 2 held-out views, this one has 0");
  await rejectsFile(resume({ ...scene, train: [moved, ...others] }), startCheckpoint, "cameras or sizes of its views");
  for (const options of [{ shDegree: 3 }, { iterations: 60 }, { strategy: "adc" }, { parity: "reference" }] as const) {
    const error = await assertRejects(resume(scene, options), OptionError);
    assertStringIncludes(error.message, `Cannot resume ${startCheckpoint} with `);
    assertStringIncludes(error.message, ` as ${Object.keys(options)[0]}: its run has `);
  }
  using other = await testDevice({ seed: 5 });
  const error = await assertRejects(() => trained(other, scene, { startCheckpoint }), OptionError);
  assertStringIncludes(error.message, "with 5 as seed: its run has 0");
  assertEquals(device.memory().byPurpose.parameters.live, 0, "nothing is left");

  // The same options, and those that cannot change the result.
  const same = { shDegree: 2, iterations: 30, parity: "none", strategy: "taming", budget: 2 } as const;
  const free = { testIterations: [20], saveIterations: [25], maxSeconds: 1e6, dataDevice: "cpu" } as const;
  const { events } = await resume(scene, { ...same, ...free })();
  assertEquals(events.filter(({ type }) => type === "save").map(({ iteration }) => iteration), [25, 30]);
  assert(events.some(({ type, iteration }) => type === "evaluate" && iteration === 20));
});

deviceTest("a caller's own strategy is given again to a resumed run", async (device) => {
  await using folder = await temporaryFolder();
  const scene = await syntheticScene(device, { count: 40 });
  const strategy: TrainOptions["strategy"] = () => ({
    name: "still",
    densification: [],
    isEvent: () => false,
    views: () => [],
    stepTerms: () => ({ flags: 0, frozen: 0 }),
    apply: () => Promise.resolve(undefined),
  });
  const options: TrainOptions = { ...SHORT, strategy };
  const whole = await trained(device, scene, options);
  const startCheckpoint = await stopAt({ device, scene, options, folder: folder.path }, 9);
  assertEquals((await trained(device, scene, { startCheckpoint, strategy })).rows, whole.rows);
  const error = await assertRejects(() => trained(device, scene, { startCheckpoint }), OptionError);
  assertStringIncludes(error.message, `has the strategy "still" of its caller`);
});

/** Snapshots of one run, at some iterations. */
async function snapshots(options: { folder: string; iterations: number[] }): Promise<Snapshot[]> {
  using device = await testDevice();
  const scene = await syntheticScene(device, { count: 40 });
  const taken: Snapshot[] = [];
  for await (const event of train(device, scene, { ...SHORT, checkpointIterations: options.iterations })) {
    if (event.type === "checkpoint") taken.push(await event.snapshot());
    if (event.type === "done") event.gaussians[Symbol.dispose]();
  }
  return taken;
}

deviceTest("CheckpointFolder keeps the last two of its run, and removes all others", async () => {
  await using folder = await temporaryFolder();
  const inside = join(folder.path, "checkpoints");
  const names = () => [...Deno.readDirSync(inside)].map(({ name }) => name).sort();
  const [a, b, c, d] = await snapshots({ folder: folder.path, iterations: [3, 6, 9, 12] });
  const earlier = new CheckpointFolder(folder.path);
  for (const snapshot of [c, d]) await earlier.save(snapshot);
  await Deno.writeTextFile(join(inside, `iteration_6.tame.${crypto.randomUUID()}.tmp`), "half of one");
  await Deno.writeTextFile(join(inside, "notes.txt"), "mine");

  const run = new CheckpointFolder(folder.path);
  await run.save(a);
  assertEquals(names(), ["iteration_3.tame", "notes.txt"]);
  for (const snapshot of [b, c]) await run.save(snapshot);
  assertEquals(names(), ["iteration_6.tame", "iteration_9.tame", "notes.txt"]);
  const resumed = new CheckpointFolder(folder.path, join(inside, "iteration_9.tame"));
  assertEquals(await resumed.save(d), join(inside, "iteration_12.tame"));
  assertEquals(names(), ["iteration_12.tame", "iteration_9.tame", "notes.txt"]);
});

deviceTest("a write that fails leaves the checkpoints before it", async () => {
  await using folder = await temporaryFolder();
  const inside = join(folder.path, "checkpoints");
  const [a, b, c] = await snapshots({ folder: folder.path, iterations: [3, 6, 9] });
  const run = new CheckpointFolder(folder.path);
  for (const snapshot of [a, b]) await run.save(snapshot);
  const { write } = Deno.FsFile.prototype;
  let written = 0;
  Deno.FsFile.prototype.write = function (bytes) {
    if (++written > 5) return Promise.reject(new Error("No space left on device (os error 28)"));
    return write.call(this, bytes);
  };
  try {
    await assertRejects(() => run.save(c), Error, "No space left");
  } finally {
    Deno.FsFile.prototype.write = write;
  }
  assertEquals([...Deno.readDirSync(inside)].map(({ name }) => name).sort(), ["iteration_3.tame", "iteration_6.tame"]);
  assertEquals((await latestCheckpoint(folder.path))?.manifest.state.iteration, 6);
});

deviceTest("latestCheckpoint() takes the last one written, or the one before it if that is damaged", async () => {
  await using folder = await temporaryFolder();
  assertEquals(await latestCheckpoint(folder.path), undefined);
  const [a, b] = await snapshots({ folder: folder.path, iterations: [3, 12] });
  const inside = join(folder.path, "checkpoints");
  await Deno.mkdir(inside);
  const [later, sooner] = ["iteration_3.tame", "iteration_12.tame"].map((name) => join(inside, name));
  await b.write(sooner); // by an earlier run, which is about to be removed
  await new Promise((resolve) => setTimeout(resolve, 5));
  await a.write(later);
  assertEquals((await latestCheckpoint(folder.path))?.path, later);
  const bytes = await Deno.readFile(later);
  bytes[bytes.length - 10] ^= 4;
  await Deno.writeFile(later, bytes);
  const damaged: string[] = [];
  const onDamaged = (error: DataError) => void damaged.push(error.path);
  assertEquals((await latestCheckpoint(folder.path, { onDamaged }))?.path, sooner);
  assertEquals(damaged, [later]);
  await Deno.truncate(sooner, 100);
  await rejectsFile(() => latestCheckpoint(folder.path), folder.path, "No checkpoint of this model folder can be read");
});
