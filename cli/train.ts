// `train`: trains a capture and writes a model folder.

import { join } from "@std/path";
import { DataError } from "../base/errors.ts";
import { libraryOptions } from "../base/option.ts";
import { needsLibrary } from "../export/export_format.ts";
import { prepareExports } from "../export/export_splats.ts";
import { FolderLock } from "../export/folder_lock.ts";
import type { Gaussians } from "../ffi/gaussians.ts";
import { LOAD_ROWS } from "../load/option_table.ts";
import { loadScene } from "../load/scene.ts";
import { denoProgram } from "../load/npm_cache.ts";
import type { TrainResult } from "../train/events.ts";
import { TrainController } from "../train/controller.ts";
import { train } from "../train/loop.ts";
import type { TrainOptions } from "../train/options.ts";
import type { TrainEvent } from "../train/events.ts";
import type { Parsed } from "./argv.ts";
import { parseWithConfig, withCaptureConfig } from "./config.ts";
import { openChosenDeviceWhile } from "./device.ts";
import { UsageError } from "./errors.ts";
import { EXIT } from "./exit.ts";
import { asksForHelp, helpText } from "./help.ts";
import { Interrupt } from "./interrupt.ts";
import { TRAIN_OPTIONS } from "./options.ts";
import { formatsOf } from "./options/export_rows.ts";
import { checkOutputFolder } from "./output_folder.ts";
import { namedLibrary, userPath } from "./paths.ts";
import { requirePermissions } from "./permissions.ts";
import { Reporter } from "./progress.ts";
import { resumedOptions, runIdentity } from "./resume.ts";
import { AllSinks } from "./sinks/all.ts";
import { BarSink } from "./sinks/bar.ts";
import { CheckpointSink } from "./sinks/checkpoints.ts";
import { CsvSink } from "./sinks/csv.ts";
import { ExportSink } from "./sinks/exports.ts";
import { FolderSink } from "./sinks/folder.ts";
import { JsonSink } from "./sinks/json.ts";
import { LinesSink } from "./sinks/lines.ts";
import { PreviewSink } from "./sinks/previews.ts";
import { RecordSink } from "./sinks/record.ts";
import { ReportSink } from "./sinks/report.ts";
import type { RunSetup, Sink } from "./sinks/sink.ts";
import { ViewSink } from "./sinks/view.ts";
import { settledValues, timedValues, trainOptions, type TrainValues, viewParity } from "./train_options.ts";
import { VERBS } from "./verbs.ts";

/** Runs the verb with the arguments after it; resolves to the exit code. */
export async function run(argv: string[]): Promise<number> {
  if (asksForHelp(argv)) {
    console.log(helpText({
      name: "train",
      summary: VERBS.train.summary,
      usage: "-s CAPTURE -m OUT [options]",
      example: "deno task train -s ../data/fox -i images_2 --eval -m out/fox --mode final_count --budget 112053",
      table: TRAIN_OPTIONS,
    }));
    return EXIT.done;
  }
  const started = performance.now();
  const asked = await parseWithConfig(argv);
  const reporter = new Reporter(asked.values);
  const parsed = await resumedOptions(asked, reporter) ?? await newOptions(asked, reporter);
  if (parsed.values.source_path === "") throw new UsageError("Missing --source_path: which capture to train on");
  const options = trainOptions(parsed);
  const values = settledValues(parsed);
  using interrupt = new Interrupt(() =>
    reporter.warn("Interrupted: finishing the step and saving the Gaussians; ^C again stops at once")
  );
  const signal = AbortSignal.any([interrupt.signal, reporter.lost]);

  const source = userPath(values.source_path);
  const folder = userPath(values.model_path || join("output", crypto.randomUUID()));
  await checkOutputFolder(folder, { capture: source, named: values.model_path !== "" });

  const exports = formatsOf(values.export);
  requirePermissions({ task: "train", argv }, {
    writes: true,
    ...(exports.some(needsLibrary) ? { runs: denoProgram() } : {}),
    ...(ViewSink.isWanted(values) ? { serves: ViewSink.addressOf(values) } : {}),
  });
  await prepareExports(exports, { signal, onNotice: (message) => reporter.note(message) });

  const controller = new TrainController();
  await using viewer = ViewSink.open(values, { controller, reporter });
  const init = values.init === undefined ? undefined : userPath(values.init);
  const loading = loadScene(source, {
    ...libraryOptions(LOAD_ROWS, values),
    ...viewParity(values),
    ...{ init, library: namedLibrary(), signal },
  });
  const [opened, scene] = await openChosenDeviceWhile(loading, values, reporter);
  using device = opened;
  for (const message of scene.notices ?? []) reporter.notice(message);
  if (scene.train.length === 0) {
    throw new DataError("All views are held out, none to train on: train without --eval", {
      path: scene.source,
    });
  }
  const loadSeconds = (performance.now() - started) / 1000;

  await using _lock = await FolderLock.take(folder, (message) => reporter.warn(message));
  const run = await runIdentity(folder, values.start_checkpoint);
  const setup: RunSetup = { values, device, scene, folder, run, loadSeconds };
  if (options.maxSeconds !== undefined && options.startCheckpoint === undefined) {
    reporter.note(`--max_seconds ${options.maxSeconds}: measuring about how many iterations fill this time`);
  }
  const valuesAfter = (event: TrainEvent) =>
    event.type === "iterations" || event.type === "plan" && event.timePlan !== null
      ? timedValues(parsed, event, setup.values)
      : setup.values;
  viewer?.begin(setup);
  const { sink, exports: exported } = sinksOf(setup, reporter, { argv, signal, viewer });
  const { aborted } = await trainInto(sink, setup, {
    options: { ...options, signal, controller, renderPixels: viewer?.renderPixels },
    valuesAfter,
  });
  await reporter.delivered(interrupt.signal);
  if (!exported.complete) return interrupt.code || EXIT.failed;
  return aborted ? interrupt.code : EXIT.done;
}

/** The options of a run from its beginning: those given, and of the capture's file of options unless --config is. */
async function newOptions(
  asked: Parsed<typeof TRAIN_OPTIONS>,
  reporter: Reporter,
): Promise<Parsed<typeof TRAIN_OPTIONS>> {
  const { source_path, config } = asked.values;
  if (source_path === "" || config !== undefined) return asked;
  const { parsed, notice } = await withCaptureConfig(asked, userPath(source_path));
  if (notice !== undefined) reporter.notice(notice);
  return parsed;
}

/** All outputs of a run until `signal` fires. A sink that uses another comes after it. */
function sinksOf(
  setup: RunSetup,
  reporter: Reporter,
  { argv, signal, viewer }: { argv: readonly string[]; signal: AbortSignal; viewer: ViewSink | undefined },
): { sink: Sink; exports: ExportSink } {
  const folder = new FolderSink(setup);
  const record = new RecordSink(setup, { folder });
  const report = new ReportSink(reporter, setup, { folder, argv });
  const onProgress = viewer && ((path: string, share: number | null) => viewer.exporting(path, share));
  const exports = new ExportSink(reporter, setup, { folder, signal, onProgress });
  const sink = new AllSinks([
    folder,
    new CsvSink(setup, { folder }),
    new CheckpointSink(reporter, setup),
    new PreviewSink(setup),
    record,
    ...(viewer === undefined ? [] : [viewer]), // before the exports: pages are told how the run ended, then of them
    report,
    exports,
    new BarSink(reporter, setup),
    new LinesSink(reporter, setup, { folder, record, report }),
    new JsonSink(reporter, setup, { folder, record, signal }),
  ]);
  return { sink, exports };
}

/** Trains to the end. Events of `max_seconds` settle the values of the run before the sinks take them. */
async function trainInto(
  sink: Sink,
  setup: RunSetup,
  { options, valuesAfter }: { options: TrainOptions; valuesAfter: (event: TrainEvent) => TrainValues },
): Promise<TrainResult> {
  let gaussians: Gaussians | undefined;
  try {
    for await (const event of train(setup.device, setup.scene, options)) {
      gaussians = event.gaussians;
      setup.values = valuesAfter(event);
      await sink.event(event);
      if (event.type === "done") return event.result;
    }
    throw new Error("Training ended without its last event");
  } finally {
    await sink.end?.();
    gaussians?.[Symbol.dispose]();
  }
}
