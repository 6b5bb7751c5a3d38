// load/model_folder.ts: which iterations a model folder has, and how it was trained.
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
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
    const write = (more: object) =>
      Deno.writeTextFile(
        `${folder}/${MODEL_FILES.config}`,
        JSON.stringify({ versions: { tame: "0.1.0" }, device: { backend: "cpu", name: "a" }, ...more }),
      );
    const result = (iteration: number) => ({ result: { iteration, count: 1, seconds: 1, peakMemory: 1 } });
    const run = (...saved: number[]) => ({ run: { id: "a", started: "now", saved } });
    const cases: [object, number][] = [
      [result(500), 500],
      [result(7), 30000],
      [{ ...run(500, 30000), ...result(500) }, 500],
      [run(500), 500], // not ended
      [run(), 30000],
      [{}, 30000],
    ];
    for (const [more, expected] of cases) {
      await write(more);
      assertEquals(await lastIteration(folder), expected);
    }
    await Deno.writeTextFile(`${folder}/${MODEL_FILES.config}`, '{"result": "of another program"}');
    assertEquals(await lastIteration(folder), 30000);
  });
});

deviceTest("lastIteration() throws when config.json is damaged, and names the field", async (device) => {
  await withFolder(async (folder) => {
    using gaussians = Gaussians.create(device, { capacity: 1, shDegree: 0, count: 1 });
    await savePointCloud(gaussians, folder, 500);
    const own = { versions: { tame: "0.1.0" }, device: { backend: "cpu", name: "a" } };
    const result = { iteration: 500, count: 1, seconds: 1, peakMemory: 1 };
    const damaged: [unknown, string][] = [
      ["not JSON", "File is not JSON"],
      ["null", "File is not a JSON object"],
      [
        { ...own, result: { ...result, iteration: "../../500" } },
        'result.iteration is "../../500": expected an integer',
      ],
      [{ ...own, result: { ...result, iteration: -1 } }, "result.iteration is -1"],
      [{ ...own, result: { ...result, count: 1e300 } }, "result.count is 1e+300"],
      [{ ...own, result: { iteration: 500 } }, "result.count is missing"],
      [{ ...own, run: { id: "a", started: "now", saved: [500, ".."] } }, 'run.saved[1] is ".."'],
    ];
    for (const [content, message] of damaged) {
      const text = typeof content === "string" ? content : JSON.stringify(content);
      await Deno.writeTextFile(`${folder}/${MODEL_FILES.config}`, text);
      const error = await assertRejects(() => lastIteration(folder), DataError, message);
      assertStringIncludes(error.message, "remove the file");
      assertStringIncludes(error.message, `${folder}/${MODEL_FILES.config}`);
    }
  });
});

Deno.test("readCfgArgs() returns what render reads, and names a value that cannot be used", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/cfg_args`;
    await Deno.writeTextFile(path, "Namespace(images='a', resolution=-1, eval=True, sh_degree=3, near=None)");
    assertEquals(await readCfgArgs(folder), { images: "a", resolution: -1, eval: true });
    const wrong = ["resolution='wide'", "resolution=0.5", "eval=1", "source_path=7", "near=-1", "coverage='all'"];
    for (const text of wrong) {
      await Deno.writeTextFile(path, `Namespace(${text})`);
      const error = await assertRejects(() => readCfgArgs(folder), DataError, `${text.split("=")[0]} is `);
      assertStringIncludes(error.message, path);
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
