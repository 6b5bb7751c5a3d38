// train, render, metrics and info as a user runs them on a tiny capture, with all files that a run writes.

import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { parse } from "@std/csv";
import { existsSync } from "@std/fs";
import { join } from "@std/path";
import { EXIT } from "../../cli/exit.ts";
import { LPIPS_ADVICE } from "../../cli/lpips_advice.ts";
import { writePng } from "../../eval/png.ts";
import { imageSize } from "../../load/images.ts";
import { image, model, writeCapture } from "../load/fixtures.ts";
import { eventsIn } from "../support/events.ts";
import { ended } from "../support/process.ts";
import { TINY_VIEWS as VIEWS } from "../support/tiny_capture.ts";
import { start, workflowTest } from "../support/workflow.ts";

workflowTest(
  "tame train, render and metrics write a complete folder, and --config repeats the run bit for bit",
  async (folder) => {
    const args = "-s capture -m out --eval --iterations 20 --save_iterations 10 --test_iterations 10 --budget 1".split(
      " ",
    );
    const trained = await ended(start(["train", ...args, "--backend", "cpu", "--threads", "2", "--json"], folder));
    assertEquals(trained.code, EXIT.done, trained.stderr);
    const events = eventsIn(trained.stdout);
    assertEquals([events[0].type, events[0].scaled.densifyUntilIter], ["plan", 10]);
    assertStringIncludes(
      trained.stderr,
      "The schedule is scaled to 20 iterations: --opacity_reset_interval 1000, --sh",
    );
    assertEquals(events.filter(({ type }) => type === "evaluate").map(({ set }) => set), ["test", "train"]);
    assertEquals(
      events.filter(({ type }) => type === "view").map(({ set }) => set).join().slice(0, 15),
      "test,test,train",
    );
    assertEquals(events.filter(({ type }) => type === "photo").at(-1).loaded, VIEWS - 2);
    assertEquals(events.filter(({ type }) => type === "save").map(({ iteration }) => iteration), [10, 20]);
    assertEquals(events.flatMap(({ type, losses }) => type === "step" ? losses : []).length, 20);
    assertEquals(events.at(-1).type, "done");
    assertEquals(events.at(-1).gaussians, 400);

    const out = join(folder, "out");
    for (const name of ["cfg_args", "cameras.json", "input.ply", "config.json", "train.csv"]) {
      assert(
        existsSync(join(out, name)),
        name,
      );
    }
    assertEquals(parse(await Deno.readTextFile(join(out, "train.csv")), { skipFirstRow: true }).length, 20);
    const config = JSON.parse(await Deno.readTextFile(join(out, "config.json")));
    assertEquals(config.options.source_path, join(folder, "capture"));
    assertEquals([config.options.densify_until_iter, config.options.sh_degree_interval], [10, 1]);
    assert(config.seconds.total >= config.seconds.load + config.seconds.train);

    const again = await ended(
      start(
        ["train", "--config", "out/config.json", "-m", "again", "--threads", "1", "--quiet", "--json=false"],
        folder,
      ),
    );
    assertEquals([again.code, again.stdout, again.stderr], [EXIT.done, "", ""]);
    const ply = join("point_cloud", "iteration_20", "point_cloud.ply");
    assertEquals(await Deno.readFile(join(folder, "again", ply)), await Deno.readFile(join(out, ply)));

    const rendered = await ended(start(["render", "-m", "out", "--backend", "cpu", "--iteration", "10"], folder));
    assertEquals(rendered.code, EXIT.done, rendered.stderr);
    for (const path of ["train/ours_10/gt/00006.png", "test/ours_10/renders/00001.png"]) {
      assert(
        existsSync(join(out, path)),
        path,
      );
    }
    const metrics = ["metrics", "-m", "out", "absent", "--backend", "cpu", "--json"];
    const scored = await ended(start(metrics, folder, { TAME_LPIPS: "" }));
    assertStringIncludes(scored.stderr, `LPIPS is not computed without weights. ${LPIPS_ADVICE}\n`);
    assertEquals(scored.code, EXIT.data);
    assertEquals(eventsIn(scored.stdout)[0].views, 2);
    assertStringIncludes(scored.stderr, "Unable to compute metrics for model " + join(folder, "absent"));
    assert(existsSync(join(out, "results.json")) && existsSync(join(out, "per_view.json")));

    const info = await ended(start(["info", join("out", ply), "--json"], folder));
    assertEquals(JSON.parse(info.stdout).properties, 62);
    const look = (args: string) => ended(start(["info", "capture", "--json", ...args.split(" ")], folder));
    for (const [args, target] of [["--budget 2", 800], ["--preset budget", 2000], ["--preset big --budget 7", 7]]) {
      const { code, stdout, stderr } = await look(`${args}`);
      assertEquals([code, code === 0 && JSON.parse(stdout).target], [EXIT.done, target], stderr);
    }
    const unsaid = await look("--preset big");
    assertEquals([unsaid.code, unsaid.stderr.includes("Missing --budget")], [EXIT.usage, true]);
  },
);

workflowTest("tame train densifies to its budget, and reports it in events, train.csv and lines", async (folder) => {
  const args = "train -s capture --backend cpu --iterations 20 --budget 2 --densify_from_iter 5 " +
    "--densification_interval 5 --densify_until_iter 16 --test_iterations -1 --min_opacity 0.2";
  const { code, stdout, stderr } = await ended(start([...args.split(" "), "-m", "out", "--json"], folder));
  assertEquals(code, EXIT.done, stderr);
  const events = eventsIn(stdout);
  assertEquals([events[0].target, events[0].densification], [800, [10, 15]]);
  const densified = events.filter(({ type }) => type === "densify");
  assertEquals(densified.map(({ iteration, target, count }) => [iteration, target, count]), [
    [10, 700, 700],
    [15, 800, 800],
  ]);
  assertEquals(densified.map(({ gaussians }) => gaussians), [700, 800]);
  assertEquals(events.at(-1).result.count, 800);

  const rows = parse(await Deno.readTextFile(join(folder, "out", "train.csv")), { skipFirstRow: true });
  assertEquals(rows.length, 20);
  for (const row of rows) {
    const event = densified.find(({ iteration }) => `${iteration}` === row.iteration);
    const expected = event === undefined ? ["", "", ""] : [event.pruned, event.cloned, event.split].map(String);
    assertEquals([row.pruned, row.cloned, row.split], expected);
  }
  const counts = [9, 10, 14, 15].map((index) => Number(rows[index].gaussians)); // an event's row has the old count
  assertEquals(counts, [400, 700, 700, 800]);

  const told = await ended(start([...args.split(" "), "-m", "told"], folder));
  assertEquals(told.code, EXIT.done, told.stderr);
  for (const { iteration, pruned, cloned, split } of densified) {
    const line = `Iteration ${iteration}: ${pruned} pruned, ${cloned} cloned, ${split} split`;
    assertStringIncludes(told.stdout + told.stderr, line);
  }
});

workflowTest("tame train learns exposures, which render and metrics use", async (folder) => {
  const args = "train -s capture -m out --backend cpu --eval --exposure gains --iterations 8 --test_iterations 8";
  const trained = await ended(start(args.split(" "), folder));
  assertEquals(trained.code, EXIT.done, trained.stderr);
  assertStringIncludes(trained.stdout + trained.stderr, "colour-corrected: PSNR");
  const saved = JSON.parse(await Deno.readTextFile(join(folder, "out/point_cloud/iteration_8/exposure.json")));
  assertEquals([saved.version, saved.kind, Object.keys(saved.views).length], [1, "gains", 9]);
  const images = join(folder, "out", "test", "ours_8");
  const recorded = async () => JSON.parse(await Deno.readTextFile(join(images, "render.json"))).exposure;
  for (const [more, exposure] of [["--no_exposure", undefined], ["--quiet", true]]) {
    const rendered = await ended(start(["render", "-m", "out", "--skip_train", "--backend", "cpu", `${more}`], folder));
    assertEquals([rendered.code, await recorded()], [EXIT.done, exposure], rendered.stderr);
  }
  const scored = await ended(start(["metrics", "-m", "out", "--backend", "cpu"], folder));
  assertEquals(scored.code, EXIT.done, scored.stderr);
  assertStringIncludes(scored.stdout + scored.stderr, "(colour-corrected ");
  const { ours_8: means } = JSON.parse(await Deno.readTextFile(join(folder, "out", "results.json")));
  assert(Math.abs(means.PSNR - means.PSNR_float) < 0.1 && "PSNR_cc" in means, JSON.stringify(means));
});

workflowTest("tame train marks an anti-aliased model, which render and metrics draw in that way", async (folder) => {
  const args = "train -s capture -m out --backend cpu --eval --antialiasing --iterations 8 --test_iterations 8 --json";
  const trained = await ended(start(args.split(" "), folder));
  assertEquals(trained.code, EXIT.done, trained.stderr);
  const { options } = JSON.parse(await Deno.readTextFile(join(folder, "out", "config.json")));
  assertEquals(options.antialiasing, true);
  const ply = await Deno.readFile(join(folder, "out", "point_cloud", "iteration_8", "point_cloud.ply"));
  assertStringIncludes(new TextDecoder().decode(ply.subarray(0, 200)), "comment SplatRenderMode: mip\n");
  for (const verb of ["render --skip_train", "metrics"]) {
    const { code, stderr } = await ended(start([...verb.split(" "), "-m", "out", "--backend", "cpu"], folder));
    assertEquals(code, EXIT.done, stderr);
  }
  // The run evaluated the same Gaussians, anti-aliased.
  const events = eventsIn(trained.stdout);
  const { psnr } = events.find(({ type, set }) => type === "evaluate" && set === "test");
  const results = JSON.parse(await Deno.readTextFile(join(folder, "out", "results.json")));
  assertAlmostEquals(results["ours_8"].PSNR_float, psnr, 1e-9);
});

workflowTest(
  "tame train records its preset and parity, and render reads the capture in the same way",
  async (folder) => {
    const args = "train -s capture -m out --backend cpu --eval --preset budget --parity reference --iterations 12 " +
      "--densify_from_iter 2 --densify_until_iter 9 --ho_iteration 9 --densification_interval 4 --test_iterations -1";
    const { code, stderr } = await ended(start(args.split(" "), folder));
    assertEquals(code, EXIT.done, stderr);
    const { options, result } = JSON.parse(await Deno.readTextFile(join(folder, "out", "config.json")));
    assertEquals([options.preset, options.parity, options.budget, options.sh_lower], ["budget", "reference", 5, true]);
    assertEquals(options.densification_interval, 4);
    assert(result.count <= 2000);
    assertStringIncludes(
      await Deno.readTextFile(join(folder, "out", "cfg_args")),
      "reference_cameras=True, coverage='rectangle'",
    );
    assertEquals(
      (await ended(start(["render", "-m", "out", "--backend", "cpu", "--skip_train"], folder))).code,
      EXIT.done,
    );
    // metrics renders again as the record says.
    const record = JSON.parse(await Deno.readTextFile(join(folder, "out", "test", "ours_12", "render.json")));
    assertEquals([record.referenceCameras, record.coverage], [true, "rectangle"]);
    const big = await ended(start("train -s capture -m big --preset big".split(" "), folder));
    assertEquals(big.code, EXIT.usage);
    assertStringIncludes(big.stderr, "Missing --budget");
  },
);

workflowTest(
  "tame train keeps the fold that it holds out in cfg_args, and render and metrics follow it",
  async (folder) => {
    const args =
      "train -s capture -m out --backend cpu --eval --test_every 3 --test_offset 1 --iterations 3 --budget 1 " +
      "--densify_until_iter 0 --test_iterations 3 --json";
    const { code, stdout, stderr } = await ended(start(args.split(" "), folder));
    assertEquals(code, EXIT.done, stderr);
    const views = eventsIn(stdout).filter(({ type }) => type === "view");
    const names = views.filter(({ set }) => set === "test").map(({ name }) => name);
    assertEquals(names, ["photo1", "photo4", "photo7"]);
    const out = join(folder, "out");
    assertStringIncludes(await Deno.readTextFile(join(out, "cfg_args")), "test_every=3, test_offset=1");
    const { options } = JSON.parse(await Deno.readTextFile(join(out, "config.json")));
    assertEquals([options.test_every, options.test_offset], [3, 1]);

    for (const verb of ["render", "metrics"]) {
      assertEquals((await ended(start([verb, "-m", "out", "--backend", "cpu"], folder))).code, EXIT.done);
    }
    const record = JSON.parse(await Deno.readTextFile(join(out, "test", "ours_3", "render.json")));
    assertEquals([record.testEvery, record.testOffset], [3, 1]);
    const scores = JSON.parse(await Deno.readTextFile(join(out, "per_view.json"))).ours_3;
    assertEquals(Object.values(scores.PSNR_float), views.slice(0, 3).map(({ psnr }) => psnr));

    const other = await ended(
      start("train -s capture -m other --eval --test_every 4 --test_offset 4".split(" "), folder),
    );
    assertEquals(other.code, EXIT.usage);
    assertStringIncludes(other.stderr, "Cannot use 4 as --test_offset: it takes an integer from 0 to 3");
  },
);

workflowTest("tame train keeps --missing and --undistort_fov, and render loads the same views", async (folder) => {
  await writeCapture(join(folder, "fisheye"), {
    model: model(
      { id: 1, model: "OPENCV_FISHEYE", width: 96, height: 64, params: [30, 30, 48, 32, 0, 0, 0, 0] },
      ["a.png", "b.png", "lost.png"].map((name, i) => image(i, name)),
    ),
    photos: ["images/a.png", "images/b.png"],
    ...{ width: 96, height: 64 },
  });
  const train = (...more: string[]) =>
    ended(
      start(
        ["train", "-s", "fisheye", "-m", "wide", "--backend", "cpu", "--iterations", "2", "--budget", "1", ...more],
        folder,
      ),
    );
  const refused = await train();
  assertEquals(refused.code, EXIT.data);
  assertStringIncludes(refused.stderr, "1 of 3 photos are missing, the first is lost.png. Add them, or train on");
  const { code, stdout, stderr } = await train("--missing", "skip", "--undistort_fov", "120", "--densify_until_iter=0");
  assertEquals(code, EXIT.done, stderr);
  assertStringIncludes(stdout + stderr, "1 of 3 photos are missing and left out, the first is lost.png");
  assertStringIncludes(stdout + stderr, "64 % of the field of view (119.1° of 183.3°) across");
  assertStringIncludes(
    await Deno.readTextFile(join(folder, "wide", "cfg_args")),
    "missing='skip', undistort_fov=120",
  );
  assertEquals((await ended(start(["render", "-m", "wide", "--backend", "cpu"], folder))).code, EXIT.done);
  const rendered = join(folder, "wide", "train", "ours_2");
  const record = JSON.parse(await Deno.readTextFile(join(rendered, "render.json")));
  assertEquals([record.missing, record.undistortFov], ["skip", 120]);
  const { width, height } = await imageSize(join(rendered, "renders", "00000.png"));
  assertEquals([width, height], [102, 102]);
});

workflowTest("tame info plans for the budget only if the run has densification events", async (folder) => {
  const planned = async (args: string): Promise<number> => {
    const { code, stdout, stderr } = await ended(
      start(["info", "capture", "--json", "--budget", "2", ...args.split(" ")], folder),
    );
    assertEquals(code, EXIT.done, stderr);
    return JSON.parse(stdout).gaussians;
  };
  assertEquals(await planned("--iterations 1000"), 800);
  assertEquals(await planned("--iterations 500"), 800); // the schedule is scaled
  assertEquals(await planned("--iterations 500 --densification_interval 100"), 400);
  assertEquals(await planned("--densify_until_iter 0"), 400);
});

workflowTest("tame info plans for the state of the strategy and of anti-aliasing", async (folder) => {
  const rows = async (args: string): Promise<Record<string, number>> => {
    const { code, stdout, stderr } = await ended(start(["info", "capture", "--json", ...args.split(" ")], folder));
    assertEquals(code, EXIT.done, stderr);
    const { items } = JSON.parse(stdout).memory as { items: { purpose: string; bytes: number }[] };
    return Object.fromEntries(items.map(({ purpose, bytes }) => [purpose, bytes]));
  };
  const taming = await rows("--budget 2");
  const absgrad = await rows("--budget 2 --strategy absgrad");
  assert(absgrad.statistics >= taming.statistics + 5 * 4 * 800, "five numbers for each of 800 Gaussians");
  assert((await rows("--budget 2 --antialiasing")).optimizer >= taming.optimizer + 4 * 800, "a bound for each");
});

workflowTest("tame info plans for the backend and for where photos are kept", async (folder) => {
  const planned = async (args: string) => {
    const { code, stdout, stderr } = await ended(start(["info", "capture", "--json", ...args.split(" ")], folder));
    assertEquals(code, EXIT.done, stderr);
    const { backend, items } = JSON.parse(stdout).memory;
    return { backend, photos: items.find(({ purpose }: { purpose: string }) => purpose === "photos").bytes };
  };
  const whole = await planned("--backend cpu");
  const cached = await planned(`--backend cpu --data_device disk --photo_cache ${whole.photos - 1}`);
  assertEquals([whole.backend, cached.backend], ["cpu", "cpu"]);
  assert(cached.photos < whole.photos, `${cached.photos} and ${whole.photos} bytes`);
});

workflowTest("tame train saves the Gaussians and exits with 130 when it is interrupted", async (folder) => {
  const args = "train -s capture -m out --iterations 1000000 --budget 1 --backend cpu --test_iterations -1 --json";
  const child = start(args.split(" "), folder);
  const lines = child.stdout.pipeThrough(new TextDecoderStream());
  let output = "";
  for await (const text of lines) {
    if (!output.includes(`"type":"step"`) && (output + text).includes(`"type":"step"`)) child.kill("SIGINT");
    output += text;
  }
  const errors = await new Response(child.stderr).text();
  assertEquals((await child.status).code, EXIT.interrupted, errors);
  const done = JSON.parse(output.trimEnd().split("\n").at(-1)!);
  assertEquals(done.type, "done");
  assertEquals(done.result.aborted, true);
  const saves = eventsIn(output).filter(({ type }) => type === "save");
  assertEquals(saves.map(({ iteration }) => iteration), [done.iteration]);
  assert(existsSync(join(folder, "out", "point_cloud", `iteration_${done.iteration}`, "point_cloud.ply")));
});

workflowTest("tame train exits with 4 and the numbers when the memory limit is too low", async (folder) => {
  const args = "train -s capture -m out --iterations 10 --backend cpu --memory_limit 100K";
  const { code, stderr } = await ended(start(args.split(" "), folder));
  assertEquals(code, EXIT.device);
  assertStringIncludes(stderr, "100.0 KiB");
  assert(!stderr.includes("    at "), stderr);
});

const SHORT = "train -s capture -m out --eval --budget 1 --densify_until_iter 0 --backend cpu".split(" ");

/** Bytes of the files in `out` that describe a model, by name. */
async function modelFiles(folder: string): Promise<Record<string, Uint8Array>> {
  const names = ["cfg_args", "cameras.json", "input.ply", "config.json", "train.csv"];
  const files = names.map(async (name) => [name, await Deno.readFile(join(folder, "out", name))]);
  return Object.fromEntries(await Promise.all(files));
}

workflowTest("tame train leaves an earlier model unchanged when the run is rejected", async (folder) => {
  const first = await ended(start([...SHORT, "--iterations", "3"], folder));
  assertEquals(first.code, EXIT.done, first.stderr);
  const before = await modelFiles(folder);
  const rejected = await ended(start([...SHORT, "--iterations", "9", "-r", "2", "--memory_limit", "100K"], folder));
  assertEquals(rejected.code, EXIT.device, rejected.stderr);
  const damaged = join(folder, "capture", "images", "photo3.png");
  const photo = await Deno.readFile(damaged);
  await Deno.writeFile(damaged, photo.subarray(0, photo.length - 30));
  const failed = await ended(start([...SHORT, "--iterations", "9", "-r", "2"], folder));
  assertEquals(failed.code, EXIT.data, failed.stderr);
  assertEquals(await modelFiles(folder), before);
});

workflowTest("tame render takes the last run's iteration, and train reports later ones", async (folder) => {
  const train = async (iterations: number): Promise<string> => {
    const { code, stdout, stderr } = await ended(start([...SHORT, "--iterations", `${iterations}`], folder));
    assertEquals(code, EXIT.done, stderr);
    return stdout;
  };
  assert(!(await train(6)).includes("earlier run"));
  assertStringIncludes(await train(4), "An earlier run left iterations 6 in this folder; render uses 4");
  const rendered = await ended(start(["render", "-m", "out", "--backend", "cpu"], folder));
  assertEquals(rendered.code, EXIT.done, rendered.stderr);
  assert(existsSync(join(folder, "out", "test", "ours_4")) && !existsSync(join(folder, "out", "test", "ours_6")));
});

workflowTest("tame train exits with 130 when it is interrupted during the last evaluation", async (folder) => {
  // One step, then more views to evaluate than can be done before the signal comes.
  const { width, height } = { width: 1600, height: 1067 };
  for (let i = 0; i < VIEWS; i++) {
    const data = new Uint8Array(3 * width * height).fill(20 * i);
    await writePng(join(folder, "capture", "images", `photo${i}.png`), { width, height, channels: 3, data });
  }
  const args = [...SHORT, "--iterations", "2", "--test_iterations", "2", "--threads", "1", "--json"];
  const child = start(args, folder);
  const errors = new Response(child.stderr).text();
  let output = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const trained = (output + text).includes(`"type":"step","iteration":2,`);
    if (trained && !output.includes(`"type":"step","iteration":2,`)) child.kill("SIGINT");
    output += text;
  }
  assertEquals((await child.status).code, EXIT.interrupted, await errors);
  const events = eventsIn(output);
  const ends = events.slice(-3).map(({ type, iteration }) => `${type} ${iteration}`);
  assertEquals(ends, ["save 2", "checkpoint 2", "done 2"]);
  assertEquals(events.at(-1).result.aborted, true);
  assert(existsSync(join(folder, "out", "point_cloud", "iteration_2", "point_cloud.ply")));
});
