// Damaged files of a scene: the benchmark reports them, and goes on with the other scenes.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parse } from "@std/csv";
import { join } from "@std/path";
import { collect } from "../../cli/full_eval/collect.ts";
import type { Job } from "../../cli/full_eval/jobs.ts";
import { readRecord, type SceneRecord, writeRecord } from "../../cli/full_eval/record.ts";
import { reportOf, writeReports } from "../../cli/full_eval/report.ts";
import { csvReport } from "../../cli/full_eval/report_csv.ts";
import { runJobs } from "../../cli/full_eval/runner.ts";
import { stageArguments } from "../../cli/full_eval/stages.ts";
import { writePng } from "../../eval/png.ts";
import { writeResults } from "../../eval/results.ts";
import { fileHash } from "../../load/file_hash.ts";
import { pointCloudPath } from "../../load/model_folder.ts";

const METHOD = "ours_4";
const SCENES = ["a", "broken", "c"];

/** A scene that was trained, rendered and scored, without any of it. */
async function writeScene(folder: string, scene: string): Promise<Job> {
  const model = join(folder, scene);
  const job: Job = { scene, dataset: "d", model, source: `/captures/${scene}`, flags: [], references: [] };
  const ply = pointCloudPath(model, 4);
  await Deno.mkdir(join(ply, ".."), { recursive: true });
  await Deno.writeTextFile(ply, `the Gaussians of ${scene}`);
  const config = {
    versions: { tame: "0.1.0" },
    run: { id: scene, started: "now", saved: [4] },
    device: { backend: "cpu", name: "a processor" },
    result: { iteration: 4, count: 9, seconds: 2, peakMemory: 2 ** 20 },
    seconds: { load: 1, train: 2, total: 3 },
  };
  await Deno.writeTextFile(join(model, "config.json"), JSON.stringify(config));
  await Deno.writeTextFile(join(model, "train.csv"), "iteration,loss,gaussians,seconds,psnr\n1,0.5,9,1,\n2,0.4,9,2,\n");
  for (const sub of ["renders", "gt"]) {
    await Deno.mkdir(join(model, "test", METHOD, sub), { recursive: true });
    const image = { width: 16, height: 16, channels: 3, data: new Uint8Array(3 * 256).fill(9) } as const;
    await writePng(join(model, "test", METHOD, sub, "00000.png"), image);
  }
  await writeResults(model, {
    means: { [METHOD]: { PSNR: 20, SSIM: 0.5 } },
    perView: { [METHOD]: { PSNR: { "00000.png": 20 }, SSIM: { "00000.png": 0.5 } } },
    scored: { [METHOD]: await fileHash(ply) },
  });
  const done = Object.fromEntries(
    (["train", "render", "metrics"] as const).map((stage) => [stage, {
      arguments: stageArguments(job, stage, {}),
      seconds: 5,
    }]),
  );
  await writeRecord(model, { done });
  return job;
}

async function withScenes(body: (jobs: Job[], folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(await Promise.all(SCENES.map((scene) => writeScene(folder, scene))), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function recordsOf(jobs: Job[]): Promise<Map<Job, SceneRecord>> {
  return new Map(await Promise.all(jobs.map(async (job) => [job, await readRecord(job.model)] as const)));
}

const DEEP = "[".repeat(100_000);
const perView = (names: object) => JSON.stringify({ [METHOD]: { PSNR: names } });

/** What is written into a file of the scene, and what is said: in the report, or about its figures. */
const DAMAGE: [file: string, content: string, problem?: string, figures?: string][] = [
  ["config.json", "{", "File is not JSON; remove the file, or train the model again"],
  ["config.json", DEEP, "JSON is nested too deeply"],
  ["config.json", '{"versions":{"tame":"1"},"device":[]}', "device is []: expected an object"],
  [
    "config.json",
    '{"versions":{"tame":"1"},"device":{"backend":"cpu","name":"x"},"result":{"iteration":"../../../other"}}',
    'result.iteration is "../../../other": expected an integer',
  ],
  ["config.json", "{}", "no record of its training"],
  ["results.json", "[]", "File is not a JSON object; compute the metrics again"],
  ["results.json", `{"${METHOD}":{"PSNR":"20"}}`, 'ours_4.PSNR is "20": expected a number'],
  ["results.json", `{"${METHOD}":{"PSNR":20}}`, "no PSNR or no SSIM"],
  ["results.json", `{"../x":{}}`, 'a name in the file is "../x": expected the name of a file'],
  ["results.json", `{"${METHOD}":{"PSNR":1e999,"SSIM":1}}`, "ours_4.PSNR is Infinity: expected a number"],
  ["scored.json", `{"${METHOD}":7}`, "ours_4 is 7: expected a string"],
  ["scored.json", "{}", "not of the Gaussians that it has now"],
  ["point_cloud/iteration_4/point_cloud.ply", "of a later run", "not of the Gaussians that it has now"],
  ["full_eval.json", '{"done":{"train":{"arguments":5,"seconds":1}}}', "done.train.arguments is 5: expected a list"],
  ["full_eval.json", '{"done":{},"failure":{"stage":"../x","code":1,"message":""}}', 'failure.stage is "../x"'],
  ["per_view.json", "nonsense", undefined, "File is not JSON"],
  ["per_view.json", perView({ "../../../../secret.png": 1 }), undefined, 'is "../../../../secret.png": expected'],
  ["per_view.json", perView({ "00001.png": 1 }), undefined, "00001.png"],
  ["train.csv", 'iteration,loss\n"1,2', undefined, "train.csv"],
  ["train.csv", "iteration,loss,gaussians,seconds\n1,0.5,9,one\n", undefined, "Column seconds has no number"],
];

for (const [file, content, problem, figures] of DAMAGE) {
  Deno.test(`a report has the other scenes when ${file} of one is ${content.slice(0, 60)}`, async () => {
    await withScenes(async (jobs, folder) => {
      await Deno.writeTextFile(join(folder, "broken", file), content);
      const datasets = await collect(jobs, await recordsOf(jobs), "big");
      const [{ rows, complete, means }] = datasets;
      assertEquals(rows.map((row) => row.problem === undefined), [true, problem === undefined, true]);
      assertEquals([complete, means.psnr, means.gaussians], [problem === undefined ? 3 : 2, 20, 9]);
      if (problem !== undefined) assertStringIncludes(rows[1].problem!, problem);
      const missing: string[] = [];
      await writeReports(join(folder, "out"), reportOf("r", datasets), (scene, reason) => {
        missing.push(`${scene}: ${reason}`);
      });
      assertEquals(missing.length, figures === undefined ? 0 : 1, missing.join());
      assertStringIncludes(missing.join(), figures === undefined ? "" : "broken: ");
      assertStringIncludes(missing.join(), figures ?? "");
      const markdown = await Deno.readTextFile(join(folder, "out", "report.md"));
      for (const scene of SCENES) assertStringIncludes(markdown, `| ${scene} | tame |`);
      assertStringIncludes(markdown, "a_worst1.jpg");
    });
  });
}

Deno.test("runJobs() runs a scene with a damaged record again, and says why", async () => {
  await withScenes(async (jobs, folder) => {
    const ran: string[] = [];
    const told: string[] = [];
    const run = () =>
      runJobs(jobs, {
        stages: ["train", "render", "metrics"],
        resume: true,
        gpus: [0],
        deviceArguments: () => [],
        log: () => "",
        signal: new AbortController().signal,
        run([stage, ...rest]) {
          ran.push(`${stage} ${rest[rest.indexOf("-m") + 1].slice(folder.length + 1)}`);
          return Promise.resolve({ code: 0, seconds: 1, message: "" });
        },
        onState: () => {},
        onDamage: ({ scene }, reason) => void told.push(`${scene}: ${reason}`),
      });
    await Deno.writeTextFile(join(folder, "broken", "full_eval.json"), '{"done": {"train": {"arguments": "all"}}}');
    await run();
    assertEquals(ran, ["train broken", "render broken", "metrics broken"]);
    assertEquals(told.length, 1);
    assertStringIncludes(told[0], 'broken: done.train.arguments is "all": expected a list; run the scene again');
    await run();
    assertEquals([ran.length, told.length], [3, 1]);
  });
});

Deno.test("csvReport() has no cell that a spreadsheet runs, and leaves numbers as they are", () => {
  const attacks = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0"];
  const rows = attacks.map((scene) => ({
    scene,
    model: "",
    problem: scene,
    measures: { psnr: -1.5 },
    references: [{ method: scene, source: scene, measures: { gaussians: 7 } }],
  }));
  const datasets = [{ title: "=title", rows, means: {}, complete: 0, references: [] }];
  const text = csvReport({ title: "", date: "", versions: { tame: "1", deno: "2" }, datasets });
  const lines = parse(text, { skipFirstRow: true });
  assertEquals(lines.length, 2 * attacks.length + 1);
  for (const [i, attack] of attacks.entries()) {
    const [own, reference] = lines.slice(2 * i, 2 * i + 2);
    assertEquals([own.dataset, own.scene, own.problem], ["'=title", `'${attack}`, `'${attack}`]);
    assertEquals([own.psnr, reference.gaussians], ["-1.5", "7"]);
    assertEquals([reference.method, reference.source], [`'${attack}`, `'${attack}`]);
    assert(Object.values(lines[2 * i]).every((cell) => cell === "-1.5" || !/^[=+\-@\t\r]/.test(cell!)));
  }
});
