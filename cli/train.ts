// `train`: a capture in, a model folder out.

import { join } from "@std/path";
import { DataError } from "../base/errors.ts";
import { formatBytes } from "../base/format.ts";
import { libraryOptions } from "../base/option.ts";
import { DEFAULT_NEAR, type Scene } from "../base/scene.ts";
import { type RunConfig, savePointCloud, startModelFolder, writeRunConfig } from "../export/model_folder.ts";
import { TrainLog } from "../export/train_log.ts";
import type { Device } from "../ffi/device.ts";
import type { Gaussians } from "../ffi/gaussians.ts";
import { lastIteration, MODEL_FILES, savedIterations } from "../load/model_folder.ts";
import { LOAD_ROWS } from "../load/option_table.ts";
import { loadScene } from "../load/scene.ts";
import type {
  DensifyEvent,
  DoneEvent,
  EvaluateEvent,
  SaveEvent,
  StepEvent,
  TrainEvent,
  TrainResult,
} from "../train/events.ts";
import { train } from "../train/loop.ts";
import type { TrainOptions } from "../train/options.ts";
import { parseWithConfig } from "./config.ts";
import { openChosenDeviceWhile } from "./device.ts";
import { UsageError } from "./errors.ts";
import { EXIT } from "./exit.ts";
import { count, duration, planText, rate } from "./format.ts";
import { asksForHelp, helpText } from "./help.ts";
import { Interrupt } from "./interrupt.ts";
import { TRAIN_OPTIONS } from "./options.ts";
import { namedLibrary, userPath } from "./paths.ts";
import { checkPreset } from "./preset.ts";
import { Reporter } from "./progress.ts";
import { trainOptions, type TrainValues, usesReferenceCameras } from "./train_options.ts";
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
  const { values, given } = await parseWithConfig(argv, TRAIN_OPTIONS);
  checkPreset(values.preset, given);
  if (values.source_path === "") throw new UsageError("Missing --source_path: which capture to train on");
  const options = trainOptions(values);
  const reporter = new Reporter(values);
  using interrupt = new Interrupt(() =>
    reporter.warn("Interrupted: finishing the step and saving what there is; ^C again stops at once")
  );
  const { signal } = interrupt;

  const init = values.init === undefined ? undefined : userPath(values.init);
  const referenceCameras = usesReferenceCameras(options);
  const loading = loadScene(userPath(values.source_path), {
    ...libraryOptions(LOAD_ROWS, values),
    ...{ init, referenceCameras, library: namedLibrary(), signal },
  });
  const [opened, scene] = await openChosenDeviceWhile(loading, values, reporter);
  using device = opened;
  for (const message of scene.notices ?? []) {
    reporter.note(message);
    reporter.event({ type: "notice", message });
  }
  if (scene.train.length === 0) {
    throw new DataError("All views are held out: train without --eval", { path: scene.source });
  }
  const folder = userPath(values.model_path || join("output", crypto.randomUUID()));
  const loadSeconds = (performance.now() - started) / 1000;

  const session = new Session({ values, device, scene, folder, loadSeconds }, reporter);
  return await session.run({ ...options, signal });
}

/** What the tools of the family read of a run: how its capture was loaded. */
function cfgArgs(
  values: TrainValues,
  paths: { source: string; folder: string; referenceCameras: boolean },
): Record<string, string | number | boolean> {
  return {
    data_device: values.data_device,
    eval: values.eval,
    images: values.images,
    model_path: paths.folder,
    resolution: values.resolution,
    sh_degree: values.sh_degree,
    source_path: paths.source,
    white_background: values.white_background,
    ...(values.near === DEFAULT_NEAR ? {} : { near: values.near }),
    ...(paths.referenceCameras ? { reference_cameras: true } : {}),
  };
}

/** What a run starts from. */
interface Start {
  values: TrainValues;
  device: Device;
  scene: Scene;
  folder: string;
  /** Seconds from the start of the verb to here. */
  loadSeconds: number;
}

/** One training run: its events told and its files written. */
class Session {
  readonly #start: Start;
  readonly #reporter: Reporter;
  readonly #log: TrainLog;
  readonly #saved = new Set<number>();
  #begun = false;
  #photosRead = false;
  #savedPath: string | undefined;

  constructor(start: Start, reporter: Reporter) {
    this.#start = start;
    this.#reporter = reporter;
    this.#log = new TrainLog(join(start.folder, MODEL_FILES.log));
  }

  /** Trains to the end and resolves to the exit code. */
  async run(options: TrainOptions): Promise<number> {
    const { device, scene } = this.#start;
    const onPhoto = (done: number, total: number) => {
      this.#photosRead = done === total;
      this.#reporter.progress({ label: "Photos", done, total, unit: "photo" });
    };
    let gaussians: Gaussians | undefined;
    try {
      for await (const event of train(device, scene, { ...options, onPhoto })) {
        gaussians = event.gaussians;
        await this.#handle(event);
        if (event.type === "done") return event.result.aborted ? EXIT.interrupted : EXIT.done;
      }
      throw new Error("Training ended without its last event");
    } finally {
      this.#reporter.finish();
      gaussians?.[Symbol.dispose]();
    }
  }

  async #handle(event: TrainEvent): Promise<void> {
    let more: Record<string, unknown> = {};
    switch (event.type) {
      case "plan":
        this.#reporter.note(`Memory: ${planText(event.plan)}`);
        break;
      case "step":
        if (this.#photosRead) await this.#begin();
        this.#log.add(event);
        this.#reporter.progress(this.#progress(event));
        break;
      case "densify":
        this.#log.densified(event);
        this.#reporter.note(describeDensification(event));
        break;
      case "evaluate":
        this.#log.evaluated(event);
        this.#reporter.note(describeEvaluation(event));
        break;
      case "save":
        more = { path: await this.#save(event) };
        break;
      case "warning":
        this.#reporter.warn(event.message);
        break;
      case "done":
        more = await this.#finish(event);
        break;
    }
    this.#reporter.event(jsonEvent(event, more));
  }

  #progress({ iteration, loss, count: gaussians, memory }: StepEvent): Parameters<Reporter["progress"]>[0] {
    const details = [`loss ${loss.toFixed(7)}`, `${count(gaussians)} Gaussians`, formatBytes(memory)];
    return { label: "Training", done: iteration, total: this.#start.values.iterations, unit: "it", details };
  }

  /**
   * Starts the model folder once the run has something to put there: one that is rejected, or ends at a photo that cannot
   * be read, leaves an earlier model alone.
   */
  async #begin(): Promise<void> {
    if (this.#begun) return;
    this.#begun = true;
    const { values, scene, folder } = this.#start;
    const referenceCameras = usesReferenceCameras(trainOptions(values));
    await startModelFolder(folder, scene, cfgArgs(values, { source: scene.source, folder, referenceCameras }));
  }

  async #save({ iteration, gaussians }: SaveEvent): Promise<string> {
    await this.#begin();
    this.#savedPath = await savePointCloud(gaussians, this.#start.folder, iteration);
    this.#saved.add(iteration);
    await this.#log.write();
    return this.#savedPath;
  }

  /** Writes the records of the run and sums it up. */
  async #finish({ result }: DoneEvent): Promise<Record<string, unknown>> {
    const { values, folder, loadSeconds } = this.#start;
    const seconds = {
      load: loadSeconds + result.loadSeconds,
      train: result.seconds,
      total: performance.now() / 1000,
    };
    if (this.#begun) await this.#record(result, seconds);
    if (result.timedOut) this.#reporter.note(`Stopped by --max_seconds ${values.max_seconds}`);
    this.#reporter.note(
      result.iteration === 0
        ? "No iteration was finished"
        : `${count(result.iteration)} iterations in ${duration(seconds.train)} ` +
          `(${rate(result.iteration / seconds.train, "it")}), ${duration(seconds.total)} in all: ` +
          `${count(result.count)} Gaussians, loss ${result.loss.toFixed(7)}, peak memory ${
            formatBytes(result.peakMemory)
          }`,
    );
    if (this.#savedPath !== undefined) {
      this.#reporter.note(`Splats: ${this.#savedPath}`);
      await this.#noteOlder();
    }
    return { folder, path: this.#savedPath ?? null, totalSeconds: seconds.total };
  }

  /** Writes what is known once a run is over. */
  async #record(result: TrainResult, seconds: RunConfig["seconds"]): Promise<void> {
    const { values, device: { backend, name, reason, seed }, scene, folder } = this.#start;
    await this.#log.write();
    await writeRunConfig(folder, {
      options: recordedOptions(values, { source: scene.source, folder }),
      device: { backend, name, reason, seed },
      capture: {
        source: scene.source,
        train: scene.train.length,
        test: scene.test.length,
        points: scene.points.count,
        extent: scene.extent,
      },
      result,
      seconds,
    });
  }

  /** Tells of the PLYs that an earlier, longer run into the same folder has left. */
  async #noteOlder(): Promise<void> {
    const { folder } = this.#start;
    const last = await lastIteration(folder);
    const older = (await savedIterations(folder)).filter((iteration) =>
      iteration > last && !this.#saved.has(iteration)
    );
    if (older.length === 0) return;
    this.#reporter.note(
      `An earlier run has left iterations ${
        older.join(", ")
      } in this folder; render takes ${last} unless told otherwise`,
    );
  }
}

/** What an event did, in one line. */
function describeDensification(event: DensifyEvent): string {
  const { iteration, pruned, cloned, split, filled, target } = event;
  const short = event.count < target ? `, ${count(target)} wanted` : "";
  return `Iteration ${iteration}: ${count(pruned)} pruned, ${count(cloned)} cloned, ` +
    `${count(split)} split (${count(filled)} of them by gradient alone): ${count(event.count)} Gaussians${short}`;
}

function describeEvaluation({ iteration, set, views, psnr, ssim, l1 }: EvaluateEvent): string {
  return `Iteration ${iteration}, ${views} ${set} views: PSNR ${psnr.toFixed(2)} dB, SSIM ${ssim.toFixed(4)}, ` +
    `L1 ${l1.toFixed(4)}`;
}

/** All options by name, so that `--config` repeats the run from anywhere. */
function recordedOptions(values: TrainValues, paths: { source: string; folder: string }): Record<string, unknown> {
  const recorded: Record<string, unknown> = { ...values, source_path: paths.source, model_path: paths.folder };
  delete recorded.config;
  if (values.init !== undefined) recorded.init = userPath(values.init);
  for (const name of Object.keys(recorded)) recorded[name] ??= null;
  return recorded;
}

/** An event as JSON: the Gaussians by their count, losses with the digits of a float. */
function jsonEvent(event: TrainEvent, more: Record<string, unknown>): object {
  const losses = event.type === "step"
    ? { losses: Array.from(event.losses, (loss) => Number(loss.toPrecision(7))) }
    : {};
  return { ...event, ...losses, gaussians: event.gaussians.count, ...more };
}
