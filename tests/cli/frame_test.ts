// A capture far from its origin, or of another size, from info to metrics: the model folder is in the scene's frame.

import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { CAPTURE_FRAME, type Frame } from "../../base/frame.ts";
import { EXIT } from "../../cli/exit.ts";
import { savePly } from "../../export/splats.ts";
import { loadPly } from "../../init/gaussians.ts";
import { readSplats } from "../../load/splats.ts";
import { testDevice } from "../support/device.ts";
import { type Ended, ended } from "../support/process.ts";
import { writeTinyCapture } from "../support/tiny_capture.ts";
import { start, workflowTest } from "../support/workflow.ts";

const RUN = "--backend cpu --eval --iterations 40 --budget 2 --densify_from_iter 5 --densification_interval 10 " +
  "--densify_until_iter 35";
const PLY = join("point_cloud", "iteration_40", "point_cloud.ply");

/** Runs verbs in a folder, all of which must succeed. */
function commands(folder: string): (args: string) => Promise<Ended> {
  return async (args) => {
    const run = await ended(start(args.split(" "), folder));
    assertEquals(run.code, EXIT.done, run.stderr);
    return run;
  };
}

/** The Gaussians of a PLY, without its comments. */
async function splatsOf(path: string) {
  const { comments: _, ...splats } = await readSplats(path);
  return splats;
}

async function meansOf(model: string): Promise<Record<string, number>> {
  const results = JSON.parse(await Deno.readTextFile(join(model, "results.json")));
  return results.ours_40;
}

workflowTest(
  "a capture that is smaller by 2^13 trains and renders to the same bits, in its own units",
  async (folder) => {
    const tame = commands(folder);
    await writeTinyCapture(join(folder, "small"), { frame: { origin: [0, 0, 0], scale: 1 / 8192 } });
    for (const [name, scale] of [["capture", 1], ["small", 1 / 8192]] as const) {
      const keyframes = [[0, 0, 0], [0.25, 0, 0.5]].map((position) => ({
        position: position.map((value) => value * scale),
        look_at: [0, 0, 4 * scale],
      }));
      await Deno.writeTextFile(join(folder, `${name}.json`), JSON.stringify({ keyframes }));
      await tame(`train -s ${name} -m out_${name} ${RUN}`);
      const render = `render -m out_${name} --backend cpu --depth --depth_scale`;
      await tame(`${render} ${1000 / scale}`);
      await tame(`${render} ${1000 / scale} --path ${name}.json --frames 3`);
      await tame(`metrics -m out_${name} --backend cpu`);
    }
    const out = (name: string, ...parts: string[]) => join(folder, `out_${name}`, ...parts);
    assertEquals(await splatsOf(out("small", PLY)), await splatsOf(out("capture", PLY)));
    for (const kind of ["renders", "depth"]) {
      for (const folderOf of [() => ["test"], (name: string) => ["paths", name]]) {
        const [small, clean] = ["small", "capture"].map((name) =>
          out(name, ...folderOf(name), "ours_40", kind, "00001.png")
        );
        assertEquals(await Deno.readFile(small), await Deno.readFile(clean), small);
      }
    }
    assertEquals(await meansOf(out("small")), await meansOf(out("capture")));
    const frame = async (name: string) => JSON.parse(await Deno.readTextFile(out(name, "frame.json")));
    assertEquals(await frame("capture"), { origin: [0, 0, 0], scale: 1 });
    assertEquals(await frame("small"), { origin: [0, 0, 0], scale: 1 / 8192 });
    const cfgArgs = async (name: string) => await Deno.readTextFile(out(name, "cfg_args"));
    assert(!(await cfgArgs("capture")).includes("near"));
    assertStringIncludes(await cfgArgs("small"), `near=${0.2 / 8192}`);

    // A PLY of the same Gaussians in the capture's coordinates renders in those.
    const before = await meansOf(out("small"));
    {
      using device = await testDevice();
      using gaussians = await loadPly(device, out("small", PLY));
      await savePly(gaussians, out("small", PLY), { frame: CAPTURE_FRAME });
    }
    assertEquals((await readSplats(out("small", PLY))).comments.filter((line) => line.includes("CaptureFrame")), []);
    await tame("render -m out_small --backend cpu --skip_train");
    await tame("metrics -m out_small --backend cpu");
    const again = await meansOf(out("small"));
    for (const name of ["PSNR", "PSNR_float", "SSIM"]) assertAlmostEquals(again[name], before[name], 1e-3, name);
  },
);

workflowTest("a capture in a national grid trains, resumes, renders and starts from its own models", async (folder) => {
  const tame = commands(folder);
  const frame: Frame = { origin: [500_123.25, 4_649_776.5, 245], scale: 1 };
  const local = [500_120, 4_649_776, 248]; // a multiple of 8 near the cameras
  await writeTinyCapture(join(folder, "grid"), { frame });
  const whole = await tame(`train -s grid -m out ${RUN} --checkpoint_iterations 20`);
  assertStringIncludes(whole.stdout, `the origin is (${local.join(", ")})`);
  assertEquals(JSON.parse(await Deno.readTextFile(join(folder, "out", "frame.json"))), { origin: local, scale: 1 });
  const { comments, means } = await readSplats(join(folder, "out", PLY));
  assertStringIncludes(comments.join("\n"), `CaptureFrame: origin ${local.join(" ")} scale 1`);
  assert(means.every((value) => Math.abs(value) < 50));

  const info = JSON.parse((await tame("info grid --json")).stdout);
  assertEquals(info.frame, { origin: local, scale: 1 });
  const ofPoints = (await tame("info out/input.ply")).stdout;
  assertStringIncludes(ofPoints, "CaptureFrame: origin");

  const bytes = await Deno.readFile(join(folder, "out", PLY));
  await Deno.remove(join(folder, "out", "point_cloud"), { recursive: true });
  await tame("train -m out --resume");
  assertEquals(await Deno.readFile(join(folder, "out", PLY)), bytes);

  await tame(`train -s capture -m clean ${RUN}`);
  for (const model of ["out", "clean"]) {
    await tame(`render -m ${model} --backend cpu --skip_train`);
    await tame(`metrics -m ${model} --backend cpu`);
  }
  const [moved, clean] = [await meansOf(join(folder, "out")), await meansOf(join(folder, "clean"))];
  assertStringIncludes(whole.stdout, `2 test views: PSNR ${moved.PSNR_float.toFixed(2)} dB`);
  assertAlmostEquals(moved.PSNR, moved.PSNR_float, 2e-3);
  assertAlmostEquals(moved.PSNR, clean.PSNR, 1e-2);

  await tame(`train -s grid -m again --init out/${PLY} --backend cpu --iterations 1 --budget 1 --near 50%`);
  assertStringIncludes(await Deno.readTextFile(join(folder, "again", "cfg_args")), "near=0.1)");
  const again = await readSplats(join(folder, "again", "point_cloud", "iteration_1", "point_cloud.ply"));
  assertEquals([again.count, again.means], [means.length / 3, means], "the last iteration updates nothing");
});
