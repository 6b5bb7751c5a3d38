// The files of checkpoints: damaged ones, failed writes, and which are kept.
import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import type { DataError } from "../../base/errors.ts";
import { CheckpointFile } from "../../train/checkpoint/file.ts";
import { latestCheckpoint } from "../../train/checkpoint/latest.ts";
import { CheckpointFolder } from "../../export/checkpoints.ts";
import type { Snapshot } from "../../train/checkpoint/snapshot.ts";
import { train } from "../../train/loop.ts";
import { rejectsFile, SHORT, stopAt, temporaryFolder } from "../support/checkpoints.ts";
import { deviceTest, testDevice } from "../support/device.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";

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
