// The sinks of a run, one by one: from events to an output.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { existsSync } from "@std/fs";
import { dirname, join } from "@std/path";
import { parse } from "../../cli/argv.ts";
import { TRAIN_OPTIONS } from "../../cli/options.ts";
import { Reporter } from "../../cli/progress.ts";
import { AllSinks } from "../../cli/sinks/all.ts";
import { BarSink } from "../../cli/sinks/bar.ts";
import { CheckpointSink } from "../../cli/sinks/checkpoints.ts";
import { CsvSink } from "../../cli/sinks/csv.ts";
import { ExportSink } from "../../cli/sinks/exports.ts";
import { FolderSink } from "../../cli/sinks/folder.ts";
import { JsonSink } from "../../cli/sinks/json.ts";
import { LinesSink } from "../../cli/sinks/lines.ts";
import { RecordSink } from "../../cli/sinks/record.ts";
import { ReportSink } from "../../cli/sinks/report.ts";
import type { RunSetup, Sink } from "../../cli/sinks/sink.ts";
import type { Device } from "../../ffi/device.ts";
import { Gaussians } from "../../ffi/gaussians.ts";
import type { Snapshot } from "../../train/checkpoint/snapshot.ts";
import { newRun } from "../../load/run_config.ts";
import type { DoneEvent, StepEvent, TrainEvent } from "../../train/events.ts";
import type { MemoryPlan } from "../../train/plan.ts";
import { deviceTest } from "../support/device.ts";
import { eventsIn } from "../support/events.ts";
import { splatLibraryDeviceTest } from "../support/splat_files.ts";
import { Recorder } from "../support/recorder.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";

/** A run of 4 iterations that is not run. */
interface Pretended extends Disposable {
  setup: RunSetup;
  photo: (loaded: number) => TrainEvent;
  step: (iteration: number) => StepEvent;
  save: (iteration: number) => TrainEvent;
  done: DoneEvent;
}

async function pretend(device: Device, folder: string): Promise<Pretended> {
  const { values } = parse(["-s", "capture", "--iterations", "4"], TRAIN_OPTIONS);
  const gaussians = Gaussians.create(device, { capacity: 2, shDegree: 0, count: 2 });
  const losses = new Float32Array([0.5]);
  const result = { iteration: 4, count: 2, loss: 0.5, seconds: 2, loadSeconds: 1, evaluationSeconds: 0 };
  return {
    setup: { values, device, scene: await syntheticScene(device), folder, run: newRun(), loadSeconds: 0.5 },
    photo: (loaded) => ({ type: "photo", iteration: 0, gaussians, loaded, total: 6 }),
    step: (iteration) => ({
      ...{ type: "step", iteration, gaussians, first: iteration, losses, loss: 0.5 },
      ...{ count: 2, seconds: iteration / 2, memory: 64 },
    }),
    save: (iteration) => ({ type: "save", iteration, gaussians, nonFinite: 0 }),
    done: {
      type: "done",
      iteration: 4,
      gaussians,
      result: { ...result, peakMemory: 128, peakHostMemory: 0, aborted: false, timedOut: false },
    },
    [Symbol.dispose]: () => gaussians[Symbol.dispose](),
  };
}

/** A test with a run that is not run, and a path for its model folder. */
function sinkTest(
  name: string,
  body: (run: Pretended, folder: string) => Promise<void>,
  test: typeof splatLibraryDeviceTest = deviceTest,
): void {
  test(name, async (device) => {
    const parent = await Deno.makeTempDir();
    try {
      using run = await pretend(device, join(parent, "out"));
      await body(run, run.setup.folder);
    } finally {
      await Deno.remove(parent, { recursive: true });
    }
  });
}

async function tell(sinks: Sink[], ...events: TrainEvent[]): Promise<void> {
  for (const event of events) {
    for (const sink of sinks) await sink.event(event);
  }
}

sinkTest("BarSink draws photos, then iterations, and clears the bar at the end", async ({ photo, step, setup }) => {
  const streams = new Recorder(true);
  const bar = new BarSink(new Reporter({ streams }), setup);
  await tell([bar], photo(3), step(1));
  assertEquals(streams.errors.split("\r\x1b[K").slice(1), [
    "Photos [#####-----]  3/6",
    "Training [###-------]  1/4  loss 0.5000000  2 Gaussians  64 B",
  ]);
  bar.end();
  assertEquals(streams.errors.endsWith("\r\x1b[K"), true);
});

sinkTest(
  "FolderSink starts the folder at the first step after all photos, or at a save",
  async ({ setup, ...run }, path) => {
    const late = new FolderSink(setup);
    await tell([late], run.photo(5), run.step(1), run.photo(6));
    assertEquals([late.begun, existsSync(path)], [false, false]);
    await tell([late], run.step(2));
    assertEquals([late.begun, existsSync(join(path, "cameras.json")), late.path], [true, true, undefined]);
    const saved = new FolderSink(setup);
    await tell([saved], run.save(3));
    assertEquals(saved.path, join(path, "point_cloud", "iteration_3", "point_cloud.ply"));
    assertEquals(existsSync(saved.path!), true);
    assertEquals(await saved.earlierRun(), { last: 3, later: [] });
  },
);

sinkTest("CsvSink and RecordSink write only into a folder that was started", async ({ setup, ...run }, path) => {
  for (const begins of [false, true]) {
    const folder = new FolderSink(setup);
    const record = new RecordSink(setup, { folder });
    const events = [run.step(1), run.step(2), ...(begins ? [run.save(2)] : []), run.done];
    await tell([folder, new CsvSink(setup, { folder }), record], ...events);
    assertEquals(["train.csv", "config.json"].map((name) => existsSync(join(path, name))), [begins, begins]);
    assertEquals([record.seconds.load, record.seconds.train], [1.5, 2]);
  }
  assertEquals((await Deno.readTextFile(join(path, "train.csv"))).split("\n").slice(1, 3), [
    "1,0.5,2,0.5000,64,,,,,,",
    "2,0.5,2,1.0000,64,,,,,,0",
  ]);
  assertEquals(JSON.parse(await Deno.readTextFile(join(path, "config.json"))).options.iterations, 4);
});

sinkTest("JsonSink and LinesSink report a schedule that was scaled, and only that", async ({ setup, ...run }) => {
  const { gaussians } = run.done;
  const items = ["photos", "parameters", "optimizer"].map((purpose) => ({ purpose, bytes: 2048, exact: true }));
  const plan: MemoryPlan = { items, total: 6144, limit: Infinity, hostBytes: 0 };
  const planned: TrainEvent = {
    type: "plan",
    iteration: 0,
    gaussians,
    plan,
    iterations: 4,
    target: 2,
    densification: [],
    timePlan: null,
    exposure: { exposure: "none" },
  };
  for (const scaled of [undefined, { densifyUntilIter: 2, shDegreeInterval: 1 }]) {
    const streams = new Recorder(false);
    const reporter = new Reporter({ json: true, streams });
    const folder = new FolderSink(setup);
    const report = new ReportSink(reporter, setup, { folder, argv: [] });
    const sinks = { folder, record: new RecordSink(setup, { folder }), report };
    const json = new JsonSink(reporter, setup, { ...sinks, signal: reporter.lost });
    await tell([new LinesSink(reporter, setup, sinks), json], { ...planned, scaled });
    assertEquals(JSON.parse(streams.output).scaled, scaled);
    assertEquals(JSON.parse(streams.output).checkpointBytes, 4096);
    assertStringIncludes(streams.errors, "Checkpoints: about 4.0 KiB of host memory and of disk each; two are kept");
    const lines = streams.errors.split("\n").filter((line) => line.includes("schedule"));
    const line =
      "The schedule is scaled to 4 iterations: --densify_until_iter 2, --sh_degree_interval 1; give any of " +
      "them to set it yourself";
    assertEquals(lines, scaled === undefined ? [] : [line]);
  }
});

sinkTest("JsonSink and LinesSink report the paths of the model folder", async ({ setup, ...run }, path) => {
  const streams = new Recorder(false);
  const reporter = new Reporter({ json: true, streams });
  const folder = new FolderSink(setup);
  const record = new RecordSink(setup, { folder });
  const report = new ReportSink(reporter, setup, { folder, argv: [] });
  const lines = new LinesSink(reporter, setup, { folder, record, report });
  const json = new JsonSink(reporter, setup, { folder, record, signal: reporter.lost });
  await tell([folder, record, report, lines, json], run.step(1), run.save(4), run.done);
  const [step, save, done] = eventsIn(streams.output);
  assertEquals([step.losses, step.gaussians, save.path], [[0.5], 2, folder.path]);
  assertEquals([done.folder, done.path, done.totalSeconds], [path, folder.path, record.seconds.total]);
  assertStringIncludes(streams.errors, "4 iterations in 2.00 s (2.0 it/s)");
  assertStringIncludes(streams.errors, `Splats: ${folder.path}\nReport: ${join(path, "report.html")}\n`);
});

sinkTest("ReportSink writes the report of a run that ends, however it does", async ({ setup, ...run }, path) => {
  const { test: [first, second] } = setup.scene;
  const { gaussians } = run.done;
  const scores = { ssim: 0.5, l1: 0.1, iteration: 4, gaussians } as const;
  const evaluated: TrainEvent[] = [
    { type: "view", set: "test", name: first.name, psnr: 21.5, ...scores },
    { type: "view", set: "test", name: second.name, psnr: 20.25, ...scores },
    { type: "evaluate", set: "test", views: 2, psnr: 20.875, nonFinite: 0, ...scores },
    { type: "view", set: "train", name: setup.scene.train[0].name, psnr: 1, ...scores },
    { type: "evaluate", set: "train", views: 1, psnr: 1, nonFinite: 0, ...scores },
  ];
  const streams = new Recorder(false);
  const reporter = new Reporter({ json: true, streams });
  const sinks = () => {
    const folder = new FolderSink(setup);
    const report = new ReportSink(reporter, setup, { folder, argv: ["-s", "my capture", "--iterations", "4"] });
    return { report, all: [folder, new CsvSink(setup, { folder }), report] };
  };
  const stopped: DoneEvent = { ...run.done, result: { ...run.done.result, aborted: true } };
  await tell(sinks().all, stopped);
  assertEquals(existsSync(path), false, "a run that has written nothing has no report either");

  const { report, all } = sinks();
  await tell(all, run.step(1), run.step(2), ...evaluated, run.save(2), stopped);
  assertEquals(report.path, join(path, "report.html"));
  const html = await Deno.readTextFile(report.path!);
  assertStringIncludes(html, "4 of 4 iterations: stopped");
  assertStringIncludes(html, "PSNR 20.88 dB, SSIM 0.5000: means of 2 at iteration 4");
  assertStringIncludes(html, "<code>deno task train -s 'my capture' --iterations 4</code>");
  assertStringIncludes(html, "<td>--iterations</td><td>4</td><td>30000</td>");
  assertEquals(html.match(/<td>--eval<\/td>/g)?.length, 1, "it is the default: in the fold alone");
  const captions = [...html.matchAll(/<figcaption>(.*?)<\/figcaption>/g)].map(([, text]) => text);
  assertEquals(captions.map((text) => text.split(":")[0]), [`${second.name}, 20.25 dB`, `${first.name}, 21.50 dB`]);
  assertEquals(html.match(/src="data:image\/jpeg;base64,/g)?.length, 2);
  assertEquals([html.match(/aria-label="Loss/g)?.length, html.match(/(?:src|href)="(?!data:)/g)], [1, null]);

  await tell(sinks().all, run.step(1), { ...run.save(1), ending: "failed" } as TrainEvent);
  const failed = await Deno.readTextFile(report.path!);
  assertStringIncludes(failed, "1 of 4 iterations: failed");
  assertEquals(failed.includes("<figure>"), false, "a device that failed renders nothing");

  await Deno.remove(report.path!);
  await Deno.mkdir(report.path!);
  const without = sinks();
  await tell(without.all, run.step(1), run.save(4), run.done);
  assertEquals(without.report.path, undefined);
  assertStringIncludes(streams.errors, `Warning: Cannot write ${report.path}: `);
  assertEquals(JSON.parse(streams.output).type, "warning");
});

sinkTest("JsonSink waits for a reader that is far behind, until the run is told to end", async ({ setup, ...run }) => {
  const streams = new Recorder(false);
  const reached = Promise.withResolvers<void>();
  streams.taken = (_most, signal) => {
    reached.resolve();
    return new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()));
  };
  const folder = new FolderSink(setup);
  const told = new AbortController();
  const json = new JsonSink(new Reporter({ json: true, streams }), setup, {
    ...{ folder, record: new RecordSink(setup, { folder }), signal: told.signal },
  });
  let waits = true;
  const event = json.event(run.step(1)).then(() => waits = false);
  await reached.promise;
  assert(waits);
  told.abort();
  await event;
});

sinkTest(
  "CheckpointSink writes beside the run, keeps two, and warns of one that fails",
  async ({ setup, ...run }, path) => {
    const streams = new Recorder(false);
    const sink = new CheckpointSink(new Reporter({ streams }), setup);
    let configs = 0;
    const checkpoint = (iteration: number, fails?: "copy" | "write"): TrainEvent => {
      const write: Snapshot["write"] = async (file, { config } = {}) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        if (fails === "write") throw new Error("No space left on device");
        configs += config?.iterations === 4 ? 1 : 0;
        await Deno.writeTextFile(file, "checkpoint");
      };
      const snapshot = fails === "copy"
        ? () => Promise.reject(new Error("Array buffer allocation failed"))
        : () => Promise.resolve({ iteration, write } as Snapshot);
      return { type: "checkpoint", iteration, gaussians: run.done.gaussians, snapshot };
    };
    await tell(
      [sink],
      checkpoint(1),
      checkpoint(2, "write"),
      checkpoint(3, "copy"),
      checkpoint(4),
      checkpoint(5),
      run.done,
    );
    assertEquals([...Deno.readDirSync(join(path, "checkpoints"))].map(({ name }) => name).sort(), [
      "iteration_4.tame",
      "iteration_5.tame",
    ]);
    assertEquals(configs, 3);
    assertEquals(streams.errors.trim().split("\n"), [
      `Warning: No checkpoint of iteration 2 in ${path}: No space left on device`,
      `Warning: No checkpoint of iteration 3 in ${path}: Array buffer allocation failed`,
    ]);
    await sink.end();
  },
);

sinkTest("AllSinks reports failures as warnings, except before the first step and at the end", async (run) => {
  const { gaussians } = run.done;
  const told: string[] = [];
  const listener: Sink = {
    event: (event) => void told.push(event.type === "warning" ? event.message : `${event.type} ${event.iteration}`),
  };
  const fail = (): never => {
    throw new Error("full disk");
  };
  const failing = { event: (event: TrainEvent) => event.type === "warning" ? undefined : fail() };
  const [log, model] = [failing, { ...failing, essential: true }].map((sink) => new AllSinks([sink, listener]));
  const last = (ending: "finished" | "failed"): TrainEvent => ({ type: "save", iteration: 4, gaussians, ending });
  for (const sink of [log, model]) {
    told.length = 0;
    await assertRejects(() => sink.event(run.photo(1)), Error, "full disk");
    await sink.event(run.save(3));
    await sink.event(last("failed")); // the run reports its own error
    assertEquals(told, ["photo 0", "save 3", "Iteration 3: full disk", "save 4", "Iteration 4: full disk"]);
  }
  for (const event of [last("finished"), run.done]) {
    await log.event(event);
    await assertRejects(() => model.event(event), Error, "full disk");
  }
});

sinkTest("ExportSink writes the formats after one that fails, and stops at the signal", async ({ setup, ...run }) => {
  setup.values = { ...setup.values, export: ["sog", "csv"] };
  for (const interrupted of [false, true]) {
    const streams = new Recorder(false);
    const folder = new FolderSink(setup);
    const signal = interrupted ? AbortSignal.abort(new Error("enough")) : new AbortController().signal;
    const sink = new ExportSink(new Reporter({ json: true, streams }), setup, { folder, signal });
    await tell([folder], run.save(4));
    const saved = dirname(folder.path!);
    await Deno.mkdir(join(saved, "point_cloud.sog"), { recursive: true }); // in the way of the file
    await tell([sink], run.done);
    assertEquals(sink.complete, false);
    const events = streams.output === "" ? [] : eventsIn(streams.output);
    const warnings = [`Cannot export ${join(saved, "point_cloud.sog")}: `, "Interrupted: "];
    assertStringIncludes(streams.errors, warnings[Number(interrupted)]);
    assertEquals(events.map(({ type }) => type), interrupted ? [] : ["warning", "export"]);
    assertEquals(existsSync(join(saved, "point_cloud.csv")), !interrupted);
    await Deno.remove(join(saved, "point_cloud.csv")).catch(() => {});
  }
}, splatLibraryDeviceTest);
