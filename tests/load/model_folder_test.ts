// load/model_folder.ts: which iterations a model folder has, and how it was trained.
import { assertEquals, assertRejects } from "@std/assert";
import { DataError } from "../../base/errors.ts";
import { savePointCloud } from "../../export/model_folder.ts";
import { Gaussians } from "../../ffi/gaussians.ts";
import { lastIteration, MODEL_FILES, readCfgArgs, savedIterations } from "../../load/model_folder.ts";
import { deviceTest } from "../support/device.ts";
import { withFolder } from "./fixtures.ts";

deviceTest("savedIterations() finds the saved PLYs in order", async (device) => {
  await withFolder(async (folder) => {
    await assertRejects(() => savedIterations(folder), DataError, "No saved Gaussians");
    using gaussians = Gaussians.create(device, { capacity: 1, shDegree: 0, count: 1 });
    for (const iteration of [7000, 500, 30000]) await savePointCloud(gaussians, folder, iteration);
    await Deno.mkdir(`${folder}/point_cloud/other`);
    await Deno.mkdir(`${folder}/point_cloud/iteration_40000`); // a run that ended before its PLY was whole
    assertEquals(await savedIterations(folder), [500, 7000, 30000]);
  });
});

deviceTest("lastIteration() prefers what config.json states, where it has a PLY", async (device) => {
  await withFolder(async (folder) => {
    using gaussians = Gaussians.create(device, { capacity: 1, shDegree: 0, count: 1 });
    for (const iteration of [500, 30000]) await savePointCloud(gaussians, folder, iteration);
    assertEquals(await lastIteration(folder), 30000);
    for (const [text, expected] of [['{"result":{"iteration":500}}', 500], ['{"result":{"iteration":7}}', 30000]]) {
      await Deno.writeTextFile(`${folder}/${MODEL_FILES.config}`, text as string);
      assertEquals(await lastIteration(folder), expected);
    }
    for (const text of ["not JSON", "null", "{}"]) {
      await Deno.writeTextFile(`${folder}/${MODEL_FILES.config}`, text);
      assertEquals(await lastIteration(folder), 30000);
    }
  });
});

Deno.test("readCfgArgs() throws when a folder stands where cfg_args belongs", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/cfg_args`);
    await assertRejects(() => readCfgArgs(folder), DataError, "Expected a file, found a folder");
  });
});

Deno.test("readCfgArgs() throws when the folder holds no model", async () => {
  await withFolder(async (folder) => {
    await assertRejects(() => readCfgArgs(folder), DataError, "Not a model folder");
  });
});
