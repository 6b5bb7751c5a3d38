// The whole benchmark on the CPU: thirteen tiny scenes in both settings, a scene that fails, a run that is killed.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parse } from "@std/csv";
import { existsSync } from "@std/fs";
import { join } from "@std/path";
import { PAPER_SCENES } from "../../cli/full_eval/scenes.ts";
import { encodeLpips } from "../../eval/lpips/weights_file.ts";
import { ABI } from "../../ffi/abi.ts";
import { testBackend } from "../support/device.ts";
import { ended } from "../support/process.ts";
import { BROKEN, POINTS, start, treeOptions, treeTest, withoutTimes } from "./tree.ts";

const SHORT = "--iterations 20 --densify_from_iter 5 --densification_interval 5 --densify_until_iter 16".split(" ");

/** A row of report.json. */
interface SceneJson {
  scene: string;
  problem?: string;
  measures: Record<string, number>;
  references: { method: string; measures: Record<string, number> }[];
}

interface ReportJson {
  datasets: { title: string; scenes: SceneJson[]; means: Record<string, number>; complete: number }[];
}

async function readReport(folder: string): Promise<ReportJson> {
  return JSON.parse(await Deno.readTextFile(join(folder, "report.json")));
}

const allScenes = ({ datasets }: ReportJson): SceneJson[] => datasets.flatMap(({ scenes }) => scenes);

treeTest(
  "full_eval runs thirteen scenes in the budget setting, and one that fails does not stop the others",
  async (folder) => {
    const args = [...treeOptions(folder), "--mode", "budget", "--sh_lower", "--output_path", "out", "--", ...SHORT];
    const { code, stdout, stderr } = await ended(start(args, folder));
    assertEquals(code, 1, stderr);
    const out = join(folder, "out");
    const report = await readReport(out);
    assertEquals(report.datasets.map(({ title, complete }) => [title, complete]), [
      ["Mip-NeRF 360", 8],
      ["Tanks and Temples", 2],
      ["Deep Blending", 2],
    ]);
    const rows = allScenes(report);
    assertEquals(rows.map(({ scene }) => scene), PAPER_SCENES.map(({ name }) => name));
    for (const { scene, problem, measures } of rows) {
      if (scene === BROKEN) {
        assertMatch(problem!, /^train failed with exit code 3: .*cameras\.bin/);
        assertEquals(measures, {});
        continue;
      }
      assertEquals(problem, undefined);
      const { multiplier } = PAPER_SCENES.find(({ name }) => name === scene)!;
      assertEquals(measures.gaussians, multiplier * POINTS);
      for (
        const key of [
          "psnr",
          "ssim",
          "psnrCorrected",
          "ssimCorrected",
          "trainSeconds",
          "totalSeconds",
          "iterationsPerSecond",
          "peakMemoryMiB",
          "plyMiB",
        ]
      ) {
        assert(Number.isFinite(measures[key]), `${scene} has no ${key}`);
      }
      assert(measures.totalSeconds > measures.trainSeconds);
    }
    const [m360] = report.datasets;
    const complete = m360.scenes.filter(({ problem }) => problem === undefined);
    assertEquals(m360.means.psnr, complete.reduce((sum, { measures }) => sum + measures.psnr, 0) / 8);

    const csv = parse(await Deno.readTextFile(join(out, "report.csv")), { skipFirstRow: true });
    assertEquals(csv.filter(({ method, scene }) => method === "tame" && scene !== "mean").length, 13);
    assertEquals(Number(csv.find(({ scene }) => scene === "garden")!.psnr), rows[2].measures.psnr);
    const markdown = await Deno.readTextFile(join(out, "report.md"));
    for (const { name } of PAPER_SCENES) assertStringIncludes(markdown, `| ${name} | tame |`);
    assertStringIncludes(markdown, "| garden | Taming 3DGS (paper) | 27.45 |");
    assertEquals(markdown.match(/no weights: see docs\/lpips.md/g)?.length, 1);
    assertStringIncludes(markdown, "Every scene was trained with --eval");
    assertStringIncludes(stdout, "| mean of 8 of 9 | tame |");
    const html = await Deno.readTextFile(join(out, "report.html"));
    assertEquals(html.match(/<svg /g)?.length, 2 * 12, "loss and Gaussians");
    assertEquals(html.match(/data:image\/jpeg;base64,/g)?.length, 24);
    assert(existsSync(join(out, "report", "garden.svg")) && existsSync(join(out, "report", "garden_worst1.jpg")));
    assertMatch(
      await Deno.readTextFile(join(out, "timing.txt")),
      /^m360: [\d.]+ minutes \n tandt: [\d.]+ minutes \n db: [\d.]+ minutes\n$/,
    );
    assertStringIncludes(await Deno.readTextFile(join(out, "logs", `${BROKEN}_budget.log`)), "cameras.bin");
    const sets = ["test", "train"].map((set) => existsSync(join(out, "garden_budget", set, "ours_20", "renders")));
    assertEquals(sets, [true, false], "nothing is rendered that no report needs");
  },
);

treeTest(
  "full_eval runs scenes in the big setting, too short for its densification",
  async (folder) => {
    const scenes = [BROKEN, "bicycle", "truck", "playroom"];
    const args = [...treeOptions(folder), "--scenes", ...scenes, "--output_path", "out", "--", "--iterations", "3"];
    const { code, stderr } = await ended(start(args, folder));
    assertEquals(code, 1, stderr);
    const rows = allScenes(await readReport(join(folder, "out")));
    assertEquals(rows.filter(({ problem }) => problem === undefined).length, 3);
    assertEquals(rows[0].measures.gaussians, POINTS);
    const config = JSON.parse(await Deno.readTextFile(join(folder, "out", "truck_big", "config.json")));
    assertEquals([config.options.budget, config.options.mode, config.options.densification_interval], [
      2_584_171,
      "final_count",
      100,
    ]);
  },
);

treeTest("full_eval --resume continues after a kill, repeats nothing, and writes the same report", async (folder) => {
  const scenes = ["bicycle", "garden", BROKEN, "truck"];
  const args = (
    out: string,
  ) => [...treeOptions(folder), "--mode", "budget", "--scenes", ...scenes, "--output_path", out];
  const whole = await ended(start([...args("whole"), "--", ...SHORT], folder));
  assertEquals(whole.code, 1, whole.stderr);

  const child = start([...args("cut"), "--", ...SHORT], folder);
  let told = "";
  for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
    told += text;
    if (/garden +rendering/.test(told)) break;
  }
  child.kill("SIGKILL");
  await child.stdout.cancel();
  assertEquals((await child.status).signal, "SIGKILL");
  assert(!existsSync(join(folder, "cut", "report.json")));

  const resumed = await ended(start([...args("cut"), "--resume", "--", ...SHORT], folder));
  assertEquals(resumed.code, 1, resumed.stderr);
  assert(!/bicycle +(training|rendering|scoring)/.test(resumed.stderr), resumed.stderr);
  assert(!/garden +training/.test(resumed.stderr), resumed.stderr);
  assertMatch(resumed.stderr, /garden +rendering/);
  assertEquals(
    withoutTimes(await readReport(join(folder, "cut"))),
    withoutTimes(await readReport(join(folder, "whole"))),
  );

  // With other options the stages of the earlier run do not count.
  const other = ["--resume", "--scenes", "bicycle", "--", ...SHORT, "--seed", "1"];
  const again = await ended(start([...args("cut"), ...other], folder));
  assertMatch(again.stderr, /bicycle +training/);
  assertEquals(again.code, 0, again.stderr);
});

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
  treeTest(
    `full_eval passes ${signal} on, waits until its trainer has saved, and exits with ${code}`,
    async (folder) => {
      const args = [...treeOptions(folder), "--mode", "budget", "--scenes", "room", "truck", "--output_path", "out"];
      const child = start([...args, "--json", "--", "--iterations", "1000000"], folder);
      const told = new Response(child.stderr).text();
      const output = new Response(child.stdout).text();
      const model = join(folder, "out", "room_budget");
      while (!existsSync(join(model, "cameras.json"))) await new Promise((resolve) => setTimeout(resolve, 20));
      child.kill(signal);
      assertEquals((await child.status).code, code, await told);
      assertStringIncludes(await told, "--resume continues");
      assertEquals(await output, "");
      // The trainer has written its last file: it had ended before full_eval did.
      const { result } = JSON.parse(await Deno.readTextFile(join(model, "config.json")));
      assertEquals(result.aborted, true);
      assert(existsSync(join(model, "point_cloud", `iteration_${result.iteration}`, "point_cloud.ply")));
      assert(!existsSync(join(folder, "out", "truck_budget")), "no other scene is begun");
      assert(!existsSync(join(folder, "out", "report.json")));
    },
  );
}

treeTest("a trainer saves and ends when its full_eval is killed", async (folder) => {
  const args = [...treeOptions(folder), "--mode", "budget", "--scenes", "room", "--output_path", "out"];
  const child = start([...args, "--", "--iterations", "1000000"], folder);
  const model = join(folder, "out", "room_budget");
  while (!existsSync(join(model, "config.json"))) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill("SIGKILL");
  await Promise.all([child.stdout.cancel(), child.stderr.cancel()]);
  assertEquals((await child.status).signal, "SIGKILL");
  // The lock is free, and removed, when the trainer has written its last file.
  while (existsSync(join(model, "train.lock"))) await new Promise((resolve) => setTimeout(resolve, 20));
  const { result } = JSON.parse(await Deno.readTextFile(join(model, "config.json")));
  assertEquals(result.aborted, true);
  assert(existsSync(join(model, "point_cloud", `iteration_${result.iteration}`, "point_cloud.ply")));
  assert(existsSync(join(model, "checkpoints", `iteration_${result.iteration}.tame`)));
});

treeTest(
  "full_eval --dataset trains scenes of a JSON file with their flags, and lists their references",
  async (folder) => {
    const dataset = {
      name: "Two captures",
      flags: { densify_until_iter: 0 },
      scenes: [
        {
          name: "all-photos",
          source: "m360/room",
          flags: { images: "images_2", iterations: 4, test_iterations: [2, 4], budget: 1 },
          references: [{ method: "another trainer", source: "one GPU", psnr: 32.29, gaussians: 112053 }],
        },
        { name: "densified", source: "db/playroom", flags: { budget: 2, densify_until_iter: 16 } },
      ],
    };
    await Deno.writeTextFile(join(folder, "mine.json"), JSON.stringify(dataset));
    const short = ["--", "--densify_from_iter", "5", "--densification_interval", "5"];
    const values = new Float32Array(ABI.LPIPS_ALEX_WEIGHTS).fill(1e-3);
    await Deno.writeFile(join(folder, "weights"), (await encodeLpips({ net: "alex", values })).bytes);
    const own = ["--dataset", "mine.json", "--output_path", "out", "--lpips", "weights", "--backend", testBackend];
    const args = [...own, ...short, "--iterations", "20"];
    const { code, stdout, stderr } = await ended(start(args, folder));
    assertEquals(code, 0, stderr);
    const { datasets: [{ title, scenes }] } = await readReport(join(folder, "out"));
    assertEquals(title, "Two captures");
    assertEquals(scenes.map(({ measures }) => measures.gaussians), [POINTS, 2 * POINTS]);
    assertEquals(scenes[0].references[0].measures, { psnr: 32.29, gaussians: 112053 });
    assert(scenes.every(({ measures }) => Number.isFinite(measures.lpips)), "scored with the weights that are named");
    const markdown = await Deno.readTextFile(join(folder, "out", "report.md"));
    assertStringIncludes(markdown, "LPIPS of our rows uses AlexNet");
    assert(!markdown.includes("no weights"));
    assertStringIncludes(stdout, "| all-photos | another trainer | 32.29 | – | – | – | – | 112 053 |");
    assertStringIncludes(
      await Deno.readTextFile(join(folder, "out", "report", "all-photos.svg")),
      "PSNR of held-out views",
    );
    assert(!existsSync(join(folder, "out", "timing.txt")), "timing.txt is of the paper's datasets");
  },
);
