// The model folder as it is written: the bytes of its PLY, cameras.json, train.csv, config.json.
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { camerasJson, savePointCloud, startModelFolder, writeRunConfig } from "../../export/model_folder.ts";
import { TrainLog } from "../../export/train_log.ts";
import { Gaussians } from "../../ffi/gaussians.ts";
import { readExposures } from "../../load/exposures.ts";
import { MODEL_FILES, pointCloudPath, readCfgArgs } from "../../load/model_folder.ts";
import { newRun, readRunConfig } from "../../load/run_config.ts";
import type { DensifyEvent, EvaluateEvent, SaveEvent, StepEvent } from "../../train/events.ts";
import { deviceTest } from "../support/device.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";

async function inTempFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

deviceTest("savePointCloud() writes 62 floats a Gaussian in the order that viewers read", async (device) => {
  await inTempFolder(async (folder) => {
    const count = 20_000; // more than one piece
    using gaussians = Gaussians.create(device, { capacity: count, shDegree: 3, count });
    const last = count - 1;
    gaussians.upload("means", new Float32Array([1, 2, 3]), last);
    gaussians.upload("sh", Float32Array.from({ length: 48 }, (_, i) => 100 + i), last);
    gaussians.upload("opacities", new Float32Array([4]), last);
    gaussians.upload("logScales", new Float32Array([5, 6, 7]), last);
    gaussians.upload("quats", new Float32Array([8, 9, 10, 11]), last);
    const path = await savePointCloud(gaussians, folder, 500);
    assertEquals(path, pointCloudPath(folder, 500));
    const bytes = await Deno.readFile(path);
    const end = "end_header\n";
    const header = new TextDecoder("latin1").decode(bytes.subarray(0, 4000)).split(end)[0] + end;
    assertEquals(bytes.length, header.length + 248 * count);
    const lines = header.split("\n");
    assertEquals(lines.slice(0, 2), ["ply", "format binary_little_endian 1.0"]);
    assert(lines.includes("comment iteration 500") && lines.includes("comment opacity logit"), header);
    assert(lines.some((line) => /^comment tame \d+\.\d+\.\d+$/.test(line)), header);
    assertEquals(lines.filter((line) => line.startsWith("property")).length, 62);
    const row = new Float32Array(bytes.slice(-248).buffer);
    assertEquals([...row.subarray(0, 9)], [1, 2, 3, 0, 0, 0, 100, 101, 102]);
    // f_rest is channel-major: red of coefficients 1 to 15 first.
    assertEquals([...row.subarray(9, 11), row[24], row[39]], [103, 106, 104, 105]);
    assertEquals([...row.subarray(54)], [4, 5, 6, 7, 8, 9, 10, 11]);
    assertEquals((await Array.fromAsync(Deno.readDir(`${folder}/point_cloud/iteration_500`))).length, 1);
  });
});

deviceTest("savePointCloud() writes exposures that read back, and removes those of an earlier save", async (device) => {
  await inTempFolder(async (folder) => {
    using gaussians = Gaussians.create(device, { capacity: 1, shDegree: 0, count: 1 });
    const views = {
      "left/a": [1.25, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0.1 + 0.2, 0],
      b: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
    };
    const exposures = { kind: "affine" as const, views };
    await savePointCloud(gaussians, folder, 500, exposures);
    assertEquals(await readExposures(folder, 500), exposures);
    assertEquals(await readExposures(folder, 7), undefined);
    await savePointCloud(gaussians, folder, 500);
    assertEquals(await readExposures(folder, 500), undefined);
  });
});

deviceTest("startModelFolder() writes cfg_args, cameras.json and input.ply that read back", async (device) => {
  const scene = await syntheticScene(device);
  await inTempFolder(async (parent) => {
    const folder = `${parent}/new/model`;
    await startModelFolder(folder, scene, { images: "images_8", eval: true });
    assertEquals(await readCfgArgs(folder), { images: "images_8", eval: true });
    const cameras = JSON.parse(await Deno.readTextFile(`${folder}/${MODEL_FILES.cameras}`));
    assertEquals(cameras.length, 8);
    const input = await Deno.readFile(`${folder}/${MODEL_FILES.input}`);
    assert(new TextDecoder("latin1").decode(input).includes(`element vertex ${scene.points.count}`));
  });
});

deviceTest("camerasJson() lists test views first, with the camera's place and its own size", async (device) => {
  const scene = await syntheticScene(device);
  const text = [...camerasJson(scene)].join("");
  assert(!text.includes("\n"));
  const cameras = JSON.parse(text);
  const keys = ["id", "img_name", "width", "height", "position", "rotation", "fy", "fx", "cx", "cy"];
  assertEquals(Object.keys(cameras[0]), keys);
  assertEquals(cameras.map((camera: { id: number }) => camera.id), [0, 1, 2, 3, 4, 5, 6, 7]);
  assertEquals(cameras.slice(0, 3).map((camera: { img_name: string }) => camera.img_name), [
    "photo_0",
    "photo_4",
    "photo_1",
  ]);
  const { width, height, fx, fy } = scene.train[0].original;
  const { width: w, height: h, fx: x, fy: y, position, rotation } = cameras[2];
  assertEquals([w, h, x, y], [width, height, fx, fy]);
  // The camera looks at the origin from 4 away: position = -4 times its forward axis, the third column.
  for (let axis = 0; axis < 3; axis++) assertAlmostEquals(position[axis], -4 * rotation[axis][2], 1e-12);
});

Deno.test("TrainLog.write() writes one row for each iteration, with what followed it", async () => {
  await inTempFolder(async (folder) => {
    const log = new TrainLog(`${folder}/train.csv`);
    const step = (first: number, losses: number[], seconds: number): StepEvent =>
      ({
        type: "step",
        first,
        losses: new Float32Array(losses),
        seconds,
        count: 7,
        memory: 64,
      }) as unknown as StepEvent;
    log.add(step(1, [0.5, 0.1], 1));
    log.densified({ type: "densify", pruned: 3, cloned: 5, split: 2, nonFinite: 0 } as unknown as DensifyEvent);
    log.add({ ...step(3, [0.25], 1.5), count: 11 });
    const evaluation = (set: string, psnr: number): EvaluateEvent =>
      ({ type: "evaluate", set, psnr, ssim: psnr / 40, nonFinite: 4 }) as EvaluateEvent;
    log.evaluated(evaluation("test", 31.25));
    log.evaluated(evaluation("train", 40));
    log.add({ ...step(4, [0.25], 2), count: 11 });
    log.saved({ type: "save", nonFinite: 5 } as SaveEvent);
    await log.write();
    const rows = [
      "iteration,loss,gaussians,seconds,memory,pruned,cloned,split,psnr,ssim,non_finite",
      "1,0.5,7,0.5000,64,,,,,,",
      "2,0.1,7,1.0000,64,3,5,2,,,0",
      "3,0.25,11,1.5000,64,,,,31.2500,0.781250,4",
      "4,0.25,11,2.0000,64,,,,,,5",
    ];
    assertEquals(await Deno.readTextFile(`${folder}/train.csv`), rows.join("\n") + "\n");
    const again = new TrainLog(`${folder}/train.csv`);
    await again.resume(3);
    await again.write();
    assertEquals(await Deno.readTextFile(`${folder}/train.csv`), rows.slice(0, 4).join("\n") + "\n");
  });
});

Deno.test("writeRunConfig() writes the run with the versions that made it", async () => {
  await inTempFolder(async (folder) => {
    const result = {
      iteration: 5,
      count: 1,
      loss: 0.5,
      seconds: 1,
      loadSeconds: 1,
      evaluationSeconds: 0,
      peakMemory: 9,
      peakHostMemory: 0,
      aborted: false,
      timedOut: false,
    };
    const run = newRun();
    await writeRunConfig(folder, {
      run,
      options: { iterations: 5 },
      device: { backend: "cpu", name: "a processor", reason: "asked for", seed: 0 },
      capture: { source: "/capture", train: 2, test: 0, points: 1, extent: 1 },
      result,
      seconds: { load: 1, train: 1, total: 3 },
    });
    const config = JSON.parse(await Deno.readTextFile(`${folder}/config.json`));
    assertEquals(config.versions.deno, Deno.version.deno);
    assertEquals(config.options, { iterations: 5 });
    assertEquals(config.result, result);
    assertEquals((await readRunConfig(folder))?.run, run);
  });
});
