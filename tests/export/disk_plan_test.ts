// What a run writes, compared with the free disk space before it begins.

import { assertEquals, assertGreater, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { checkDisk, planDisk, type PlannedRun } from "../../export/disk_plan.ts";
import { savePly } from "../../export/splats.ts";
import { Gaussians } from "../../ffi/gaussians.ts";
import { temporaryFolder } from "../support/checkpoints.ts";
import { deviceTest } from "../support/device.ts";

const RUN: PlannedRun = {
  scene: { train: [], test: [], points: { count: 10, positions: new Float32Array(30), colors: new Uint8Array(30) } },
  count: 1000,
  shDegree: 3,
  saves: 2,
  iterations: 100,
};

deviceTest("planDisk() counts one PLY more than saves, and three checkpoints", async (device) => {
  await using folder = await temporaryFolder();
  using gaussians = Gaussians.create(device, { capacity: RUN.count, count: RUN.count, shDegree: RUN.shDegree });
  const path = join(folder.path, "splats.ply");
  await savePly(gaussians, path);
  const { size } = await Deno.stat(path);
  const [splats, rest] = planDisk(RUN);
  assertEquals(splats.output, "3 PLY files of 1000 Gaussians");
  assertGreater(splats.bytes + 3 * 4096, 3 * size); // without the header
  assertGreater(3 * size, splats.bytes - 1);
  assertEquals(planDisk({ ...RUN, checkpointBytes: 5000 }), [
    splats,
    rest,
    { output: "3 checkpoints", bytes: 15_000 },
  ]);
});

Deno.test("checkDisk() rejects a plan that exceeds the free bytes, also for a folder that does not exist", async () => {
  await using folder = await temporaryFolder();
  const model = join(folder.path, "not", "yet");
  await checkDisk(model, planDisk(RUN));
  const error = await assertRejects(() => checkDisk(model, planDisk({ ...RUN, checkpointBytes: 2 ** 60 })), Error);
  assertEquals(error.message.startsWith(`Too little disk space for ${model}: this run writes up to `), true);
  assertEquals(error.message.includes("3 checkpoints 3145728.0 TiB"), true, error.message);
});
