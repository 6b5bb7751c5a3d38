// The parts of the benchmark: jobs, dataset files, tables, board, runner.

import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import type { Image8 } from "../../base/scene.ts";
import { parse } from "../../cli/argv.ts";
import { UsageError } from "../../cli/errors.ts";
import { Board } from "../../cli/full_eval/board.ts";
import type { DatasetReport } from "../../cli/full_eval/collect.ts";
import { worstSquare } from "../../cli/full_eval/crops.ts";
import { parseDatasetFile } from "../../cli/full_eval/dataset_file.ts";
import { type Job, jobsOf, largestFirst, withAbsoluteInit } from "../../cli/full_eval/jobs.ts";
import { meanMeasures, measureText } from "../../cli/full_eval/measures.ts";
import { errorLine } from "../../cli/full_eval/process.ts";
import { publishedMeans, publishedScene } from "../../cli/full_eval/published.ts";
import { timingText } from "../../cli/full_eval/report.ts";
import { htmlReport } from "../../cli/full_eval/report_html.ts";
import { markdownReport } from "../../cli/full_eval/report_markdown.ts";
import { runJobs } from "../../cli/full_eval/runner.ts";
import { stageArguments } from "../../cli/full_eval/stages.ts";
import { FULL_EVAL_OPTIONS } from "../../cli/options.ts";
import { userPath } from "../../cli/paths.ts";
import { Recorder } from "../support/recorder.ts";
import { writeTinyCapture } from "../support/tiny_capture.ts";

function jobs(line: string, trainFlags: string[] = []): Promise<Job[]> {
  return jobsOf(parse(line.split(" "), FULL_EVAL_OPTIONS).values, trainFlags);
}

/** A job with only a name. */
function job(scene: string, flags: string[] = []): Job {
  return { scene, dataset: "d", model: `/nowhere/${scene}`, source: `/captures/${scene}`, flags, references: [] };
}

Deno.test("jobsOf() has the train flags of the paper's script in both settings", async () => {
  const [bicycle] = await jobs("-m360 /data/360 --output_path /out --mode budget --sh_lower");
  assertEquals(
    stageArguments(bicycle, "train", {}).join(" "),
    "train -s /data/360/bicycle -m /out/bicycle_budget -i images_4 --quiet --eval --test_iterations -1 " +
      "--optimizer_type default --sh_lower --budget 15 --densification_interval 500 --mode multiplier",
  );
  const [truck] = await jobs("-tat /data/tandt --output_path /out --optimizer_type sparse_adam --scenes truck", [
    "-r",
    "2",
  ]);
  assertEquals(
    stageArguments(truck, "train", {}).join(" "),
    "train -s /data/tandt/truck -m /out/truck_big --quiet --eval --test_iterations -1 --optimizer_type sparse_adam " +
      "--budget 2584171 --densification_interval 100 --mode final_count -r 2",
  );
  assertEquals(stageArguments(truck, "render", {}), ["render", "-m", "/out/truck_big", "--skip_train"]);
  assertEquals(stageArguments(truck, "metrics", { lpips: "w" }), ["metrics", "-m", "/out/truck_big", "--lpips", "w"]);
});

Deno.test("jobsOf() has the scenes of the given folders, and all if nothing is trained or rendered", async () => {
  assertEquals((await jobs("-m360 a -tat b -db c")).length, 13);
  assertEquals((await jobs("-db c")).map(({ scene }) => scene), ["drjohnson", "playroom"]);
  assertEquals((await jobs("--skip_training --skip_rendering")).length, 13);
  assertEquals((await jobs("--collect --scenes train")).map(({ source }) => source), [undefined]);
  await assertRejects(() => jobs("--mode big"), UsageError, "No scenes");
  await assertRejects(() => jobs("-m360 a --scenes gardn"), UsageError, 'did you mean "garden"?');
  await assertRejects(() => jobs("-m360 a", ["--iteratons", "3"]), UsageError, "--iterations");
  await assertRejects(() => jobs("-m360 a", ["-m", "b"]), UsageError, "--model_path");
});

Deno.test("withAbsoluteInit() appends a relative --init once, resolved against the user's folder", () => {
  const placed = ["--iterations", "6", "--init", "a.ply", `--init=${userPath("a.ply")}`];
  assertEquals(withAbsoluteInit(placed.slice(0, 4)), placed);
  assertEquals(withAbsoluteInit(placed), placed);
  assertEquals(withAbsoluteInit(["--iterations", "6"]), ["--iterations", "6"]);
});

Deno.test("largestFirst() orders by budget, and multiples by the points of the capture", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await writeTinyCapture(join(folder, "small"), { across: 3 });
    const multiple = { ...job("small", ["--budget=100"]), source: join(folder, "small") };
    const absent = job("absent", ["--budget=100"]);
    const fixed = job("fixed", ["--mode=final_count", "--budget=1000"]);
    const order = await largestFirst([absent, multiple, fixed]);
    assertEquals(order.map(({ scene }) => scene), ["fixed", "small", "absent"]);
    assertEquals(
      (await largestFirst([{ ...fixed, flags: ["--mode=final_count", "--budget=899"] }, multiple]))[0],
      multiple,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("parseDatasetFile() reads scenes, flags and references", () => {
  const text = JSON.stringify({
    name: "Mine",
    flags: { images: "images_2" },
    scenes: [{
      name: "fox-B",
      source: "../fox",
      flags: { init: "../fox.ply", sh_lower: true, budget: 3, test_iterations: [7, 9], eval: false },
      references: [{ method: "Taming 3DGS", source: "one GPU", psnr: 32.29, peakMemoryMiB: 2507 }],
    }],
  });
  const { title, scenes } = parseDatasetFile(text, "/data/sets/mine.json");
  assertEquals(title, "Mine");
  assertEquals(scenes, [{
    name: "fox-B",
    source: "/data/fox",
    flags: [
      ...["--quiet", "--eval", "--test_iterations=-1", "--images=images_2"],
      ...["--init=/data/fox.ply", "--sh_lower=true", "--budget=3", "--test_iterations=7,9", "--eval=false"],
    ],
    references: [{ method: "Taming 3DGS", source: "one GPU", measures: { psnr: 32.29, peakMemoryMiB: 2507 } }],
  }]);
});

Deno.test("parseDatasetFile() names the scene and the key when a file is invalid", () => {
  const scene = { name: "a", source: "a" };
  const wrong: [unknown, string][] = [
    ["{", "File is not JSON"],
    [[], "File is not a JSON object"],
    [{ scenes: [scene] }, '"name" is missing'],
    [{ name: "x", scenes: [] }, '"scenes" is missing or empty'],
    [{ name: "x", scene: [] }, '"scene" in the file is unknown'],
    [{ name: "x", scenes: [{ ...scene, name: "../up" }] }, 'scene 0 has no "name" of letters'],
    [{ name: "x", scenes: [{ name: "a" }] }, 'scene "a" has no "source"'],
    [{ name: "x", scenes: [scene, scene] }, 'two scenes are called "a"'],
    [
      { name: "x", scenes: [{ ...scene, flags: { iterations: "many" } }] },
      'Cannot use "many" as "iterations" in /mine.json',
    ],
    [{ name: "x", scenes: [{ ...scene, flags: { model_path: "y" } }] }, 'Unknown option "model_path"'],
    [{ name: "x", scenes: [{ ...scene, references: [{ method: "m" }] }] }, 'has no "source"'],
    [
      { name: "x", scenes: [{ ...scene, references: [{ method: "m", source: "s", pnsr: 3 }] }] },
      '"pnsr" in a reference',
    ],
    [{ name: "x", scenes: [{ ...scene, references: [{ method: "m", source: "s", psnr: "3" }] }] }, "is not a number"],
  ];
  for (const [value, message] of wrong) {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    const error = assertThrows(() => parseDatasetFile(text, "/mine.json"), DataError, message);
    assertStringIncludes(error.message, "/mine.json");
  }
});

Deno.test("runJobs() runs one scene at a time on each GPU, and continues after a failure", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const all = ["a", "b", "c", "d", "e"].map((scene) => ({ ...job(scene), model: join(folder, scene) }));
    const busy = new Set<string>();
    const told: string[] = [];
    const records = await runJobs(all, {
      stages: ["train", "render"],
      resume: false,
      gpus: [0, 3],
      deviceArguments: (gpu) => [`--device=${gpu}`],
      log: () => "",
      signal: new AbortController().signal,
      async run(args) {
        const gpu = args[args.length - 1];
        assert(!busy.has(gpu), "two processes on one GPU");
        busy.add(gpu);
        await new Promise((resolve) => setTimeout(resolve, 2));
        busy.delete(gpu);
        told.push(`${args[0]} ${gpu}`);
        const failed = args[0] === "train" && args.includes("/captures/b");
        return { code: failed ? 4 : 0, seconds: 1, message: failed ? "out of memory" : "" };
      },
      onState: () => {},
      onDamage: () => {},
    });
    assertEquals(told.length, 9, "b is not rendered");
    assertEquals(new Set(told).size, 4, "both GPUs train and render");
    assertEquals(records.get(all[1])!.failure, { stage: "train", code: 4, message: "out of memory" });
    for (const other of all.filter(({ scene }) => scene !== "b")) {
      assertEquals(Object.keys(records.get(other)!.done), ["train", "render"]);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("runJobs() resumes: it skips finished stages, and repeats those after a repeated one", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const one = { ...job("a"), model: folder };
    const run = async (resume: boolean, flags: string[] = [], lpips?: string): Promise<string[]> => {
      const ran: string[] = [];
      await runJobs([{ ...one, flags }], {
        stages: ["train", "render", "metrics"],
        resume,
        gpus: [0],
        lpips,
        deviceArguments: () => [],
        log: () => "",
        signal: new AbortController().signal,
        run: ([verb]) => Promise.resolve((ran.push(verb), { code: 0, seconds: 1, message: "" })),
        onState: () => {},
        onDamage: () => {},
      });
      return ran;
    };
    assertEquals(await run(true), ["train", "render", "metrics"]);
    assertEquals(await run(true), []);
    assertEquals(await run(true, [], "weights"), ["metrics"]);
    assertEquals(await run(true, ["-r=2"], "weights"), ["train", "render", "metrics"]);
    assertEquals(await run(false, ["-r=2"]), ["train", "render", "metrics"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("runJobs() resumes a training that did not end, from its checkpoints if its arguments are the same", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const run = async (
      { resume, flags, code, foreign = false }: { resume: boolean; flags: string[]; code: number; foreign?: boolean },
    ) => {
      const ran: string[][] = [];
      await runJobs([{ ...job("a"), model: folder, flags }], {
        stages: ["train"],
        resume,
        gpus: [0],
        deviceArguments: () => ["--device=0"],
        log: () => "",
        signal: new AbortController().signal,
        run: (args) => {
          ran.push([...args]);
          return Promise.resolve({ code: foreign && args.includes("--resume") ? 2 : code, seconds: 1, message: "" });
        },
        onState: () => {},
        onDamage: () => {},
      });
      return ran.map((args) => args.includes("--resume"));
    };
    assertEquals(await run({ resume: true, flags: [], code: 4 }), [false], "nothing to resume");
    assertEquals(await run({ resume: true, flags: ["-r=2"], code: 4 }), [false], "another run");
    assertEquals(await run({ resume: true, flags: ["-r=2"], code: 4 }), [true]);
    assertEquals(await run({ resume: false, flags: ["-r=2"], code: 4 }), [false], "not asked for");
    assertEquals(await run({ resume: true, flags: ["-r=2"], code: 4, foreign: true }), [true, false]);
    assertEquals(await run({ resume: true, flags: ["-r=2"], code: 0 }), [true]);
    assertEquals(await run({ resume: true, flags: ["-r=2"], code: 0 }), [], "done");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("Board redraws its table on a terminal, and writes a line for each change elsewhere", () => {
  const all = ["a", "long"].map((scene) => job(scene));
  const record = { done: { train: { arguments: [], seconds: 2 } } };
  const failure = { stage: "render", code: 3, message: "no PLY" } as const;
  for (const terminal of [true, false]) {
    const streams = new Recorder(terminal);
    const board = new Board(all, { streams, quiet: false, gpus: 2 });
    board.set(all[0], { state: "running", stage: "train", gpu: 1 });
    streams.time = 1000;
    board.set(all[0], { state: "running", stage: "train", gpu: 1, progress: "iteration 7" });
    board.set(all[0], { state: "done", record });
    board.set(all[1], { state: "failed", record: { done: {}, failure } });
    if (terminal) {
      assertStringIncludes(
        streams.errors,
        "a     training on GPU 1, 1.00 s: iteration 7\nlong  waiting\n\x1b[2A\x1b[J",
      );
      assertMatch(streams.errors, /a {5}done: train 2\.00 s\nlong {2}failed in render with exit code 3: no PLY\n$/);
    } else {
      const line = "long  failed in render with exit code 3: no PLY\n";
      assertEquals(streams.errors, `a     training on GPU 1\na     done: train 2.00 s\n${line}`);
    }
  }
});

Deno.test("published rows have the numbers of their sources", () => {
  assertEquals(publishedScene("garden", "budget").map(({ measures }) => measures.psnr), [27.45, 27.42]);
  assertEquals(publishedScene("truck", "budget"), []);
  assertEquals(publishedScene("garden", "big"), []);
  const [, , taming] = publishedMeans("m360", "budget");
  assertEquals(taming.measures, { psnr: 27.48, ssim: 0.794, lpips: 0.261, gaussians: 680_000, trainSeconds: 321.6 });
  const scenes = ["bicycle", "flowers", "garden", "stump", "treehill", "room", "counter", "kitchen", "bonsai"];
  for (const source of [0, 1]) { // the means that the sources state are those of their scenes
    const rows = scenes.map((scene) => publishedScene(scene, "budget")[source].measures);
    assert(Math.abs(meanMeasures(rows).psnr! - publishedMeans("m360", "budget")[source].measures.psnr!) < 0.012);
  }
});

Deno.test("meanMeasures() and measureText() leave out measures that some rows lack", () => {
  assertEquals(meanMeasures([{ psnr: 20, ssim: 0.5 }, { psnr: 30 }]), { psnr: 25 });
  assertEquals(meanMeasures([]), {});
  assertEquals(["psnr", "gaussians"].map((key) => measureText(key as "psnr", 12345.678)), ["12345.68", "12 346"]);
  assertEquals([measureText("lpips", undefined), measureText("psnr", Infinity)], ["–", "∞"]);
});

Deno.test("timingText() sums the training of each of the paper's datasets in minutes", () => {
  const done = (seconds: number) => ({ done: { train: { arguments: [], seconds } } });
  const [a, b, c] = (["m360", "m360", "db"] as const).map((group, i) => ({ ...job(`${i}`), group }));
  assertEquals(
    timingText([a, b, c], new Map([[a, done(60)], [b, done(30)], [c, done(6)]])),
    "m360: 1.5 minutes \n tandt: 0 minutes \n db: 0.1 minutes\n",
  );
});

Deno.test("worstSquare() finds the square with the largest difference, also at the edges", () => {
  const image = (spot?: [number, number]): Image8 => {
    const data = new Uint8Array(3 * 50 * 30);
    if (spot !== undefined) data.fill(255, 3 * (spot[1] * 50 + spot[0]), 3 * (spot[1] * 50 + spot[0]) + 3);
    return { width: 50, height: 30, channels: 3, data };
  };
  assertEquals(worstSquare(image(), image([48, 28]), 20), { left: 30, top: 10, width: 20, height: 20 });
  assertEquals(worstSquare(image(), image(), 100), { left: 0, top: 0, width: 50, height: 30 });
});

Deno.test("errorLine() finds the error in a program's output", () => {
  assertEquals(errorLine("Memory: 3\nError: No photo: a\n\nOptions: deno task\n"), "No photo: a");
  assertEquals(errorLine("killed\n"), "killed");
});

Deno.test("reports escape names", () => {
  const row = { scene: "<b>|x", model: "", measures: {}, references: [], problem: "bad | <i>" };
  const datasets: DatasetReport[] = [{ title: "A & B", rows: [row], means: {}, complete: 0, references: [] }];
  const report = { title: "<script>", date: "2026-01-02T03:04:05Z", versions: { tame: "1", deno: "2" }, datasets };
  const html = htmlReport(report, []);
  assert(!html.includes("<script>") && html.includes("A &amp; B") && html.includes("&lt;b&gt;|x"));
  assertStringIncludes(markdownReport(report, []), "| \\<b\\>\\|x | tame | – |");
});
