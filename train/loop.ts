/**
 * The training loop: an async generator that trains between two events and yields while nothing runs, so that its
 * caller may render, save or evaluate in the loop's body.
 *
 * @module
 */

import type { Scene } from "../base/scene.ts";
import type { Device } from "../ffi/device.ts";
import type { Gaussians } from "../ffi/gaussians.ts";
import { Control, StepPlan, Trainer } from "../ffi/trainer.ts";
import { evaluate } from "../measure/evaluate.ts";
import { background, batchEnd, MAX_BATCH, nextBatchSize, pausesBefore, type StepContext, stepOf } from "./batch.ts";
import { densify, type EventPlace, fullGradientDepth, sampleViews } from "./densify.ts";
import type { TrainEvent, TrainResult } from "./events.ts";
import { type ResolvedTrainOptions, resolveTrainOptions, type TrainOptions } from "./options.ts";
import { follows } from "./parity.ts";
import { openPhotos } from "./photos.ts";
import { densifyAsReference } from "./reference_densify.ts";
import { ViewSampler } from "./sampler.ts";
import {
  accumulatesSh,
  activeShDegree,
  densifiesAt,
  RESET_OPACITY,
  resetsOpacity,
  switchesOpacity,
} from "./schedule.ts";
import { startTraining } from "./start.ts";

/** Share of the newest loss in the moving average. */
const LOSS_SMOOTHING = 0.4;
/** The training views that an evaluation samples, counted around the end where there are fewer. */
const SAMPLED_TRAIN_VIEWS = [5, 10, 15, 20, 25];

/** What the parts of one run share. */
interface Run {
  device: Device;
  scene: Scene;
  options: ResolvedTrainOptions;
  gaussians: Gaussians;
  result: TrainResult;
  /** Count at the start. */
  start: number;
  /** Count after the last densification event. */
  target: number;
  /** Iterations of the densification events. */
  densification: number[];
}

/**
 * Trains Gaussians on a scene.
 *
 * Makes one Gaussian of each of the scene's points, or takes the scene's Gaussians where it has some, yields the
 * memory `plan`, then trains, while photos are still being decoded, and yields `step` events, each for about 50 ms of work. In an iteration
 * that evaluates or saves, `evaluate` and `save` come before that iteration's own update; the last iteration updates
 * nothing, so there they come after it. A run that `options.signal` or `maxSeconds` ends early yields a `save` of what
 * there is. The last event is `done`, however the run ended. The Gaussians of the events belong to the caller, who
 * disposes of them.
 *
 * At each densification event, after its `step` event, a `densify` event says what was pruned, cloned and split; the last
 * one leaves exactly the budget's count. In a run without events the count stays what it was, and a `warning` says so.
 *
 * @example
 * ```ts no-assert
 * import { loadScene, openDevice, savePly, train } from "../mod.ts";
 *
 * export async function reconstruct(capture: string, ply: string): Promise<void> {
 *   using device = await openDevice();
 *   const scene = await loadScene(capture, { images: "images_8" });
 *   for await (const event of train(device, scene, { iterations: 500 })) {
 *     if (event.type === "step") console.log(event.iteration, event.loss);
 *     if (event.type === "warning") console.warn(event.message);
 *     if (event.type === "done") {
 *       await savePly(event.gaussians, ply);
 *       event.gaussians[Symbol.dispose]();
 *     }
 *   }
 * }
 * ```
 *
 * @param device Open device; its seed decides the order of the photos and random backgrounds
 * @param scene What to train on
 * @param options See {@linkcode TrainOptions}
 * @returns Events, ending with `done`
 * @throws {RangeError} When an option is wrong, or the scene has no training views or points
 * @throws {TameError} When memory does not suffice; the message has the numbers
 * @throws {DataError} When a photo cannot be read
 */
export async function* train(
  device: Device,
  scene: Scene,
  options: TrainOptions = {},
): AsyncGenerator<TrainEvent, void, void> {
  const settings = resolveTrainOptions(options);
  if (scene.train.length === 0) throw new RangeError("Cannot train: the scene has no training views");
  const result = startResult();
  const first = await stopwatch(result, "loadSeconds", () => startTraining(device, scene, settings));
  const { gaussians, plan, start, target, densification } = first;
  result.count = gaussians.count;
  yield { type: "plan", iteration: 0, gaussians, plan, target, densification };
  for (const message of first.warnings) yield { type: "warning", iteration: 0, gaussians, message };

  const run: Run = { device, scene, options: settings, gaussians, result, start, target, densification };
  yield* trainSteps(run);

  result.peakMemory = device.memory().peak;
  yield { type: "done", iteration: result.iteration, gaussians, result };
}

/** Degree of the spherical harmonics that the run starts with. */
function startDegree({ splats }: Scene): number {
  return splats?.shDegree ?? 0;
}

function startResult(): TrainResult {
  return {
    iteration: 0,
    count: 0,
    loss: NaN,
    seconds: 0,
    loadSeconds: 0,
    evaluationSeconds: 0,
    peakMemory: 0,
    aborted: false,
    timedOut: false,
  };
}

/** Loads the photos, then runs all steps. Everything native but the Gaussians is closed when it returns. */
async function* trainSteps(run: Run): AsyncGenerator<TrainEvent, void, void> {
  const { device, scene, options, gaussians, result } = run;
  const { signal, iterations } = options;
  const loading = <T>(work: () => Promise<T>) => stopwatch(result, "loadSeconds", () => untilAborted(signal, work));
  using photos = openPhotos(device, scene.train, options);
  using trainer = Trainer.create(gaussians, photos.views, {
    lambdaDssim: options.lambdaDssim,
    shAccumulation: accumulatesSh(options),
    passClampedGradient: follows(options, "gradient"),
    fullGradientDepth: fullGradientDepth(options, scene.extent),
  });

  const sampler = new ViewSampler(device.seed, scene.train.length);
  const context: StepContext = {
    options,
    extent: scene.extent,
    seed: device.seed,
    sampler,
    startDegree: startDegree(scene),
  };
  const plan = new StepPlan(MAX_BATCH);
  const control = new Control(MAX_BATCH);
  const stop = (): void => control.stop();
  signal?.addEventListener("abort", stop);
  try {
    let size = 1;
    let finite = true;
    while (result.iteration < iterations) {
      const first = result.iteration + 1;
      if (pausesBefore(first, options)) yield* evaluateAndSave(run, first);
      if (signal?.aborted) return yield* endEarly(run, "aborted");

      const last = await loading(() => photos.ready(first, batchEnd(first, size, options)));
      if (last === undefined) return yield* endEarly(run, "aborted");
      plan.clear();
      for (let t = first; t <= last; t++) plan.push(stepOf(t, context));
      control.reset();
      const before = result.seconds;
      await stopwatch(result, "seconds", () => trainer.run(plan, control));
      if (control.done === 0) return yield* endEarly(run, "aborted"); // only a signal stops a batch

      const losses = control.losses();
      result.iteration += losses.length;
      result.loss = movingAverage(result.loss, losses);
      size = nextBatchSize(1000 * (result.seconds - before), losses.length);
      yield {
        type: "step",
        iteration: result.iteration,
        gaussians,
        first,
        losses,
        loss: result.loss,
        count: result.count,
        seconds: result.seconds,
        memory: device.memory().live,
      };
      if (result.iteration === last) {
        const scored = viewsScoredAt(last, run);
        const held = await loading(() => photos.hold(scored, last + 1).then(() => true));
        if (!held) return yield* endEarly(run, "aborted");
        yield* betweenSteps(run, trainer);
      }
      const lost = losses.findIndex((loss) => !Number.isFinite(loss));
      if (lost >= 0 && finite) {
        finite = false;
        const message = `The loss is not a finite number from iteration ${first + lost} on: try lower learning rates`;
        yield { type: "warning", iteration: result.iteration, gaussians, message };
      }
      if (result.seconds >= options.maxSeconds && result.iteration < iterations) {
        return yield* endEarly(run, "timedOut");
      }
    }
  } finally {
    signal?.removeEventListener("abort", stop);
  }
  yield* evaluateAndSave(run, iterations);
}

/** What follows the step of the last finished iteration: densification, then the opacities' reset or switch. */
async function* betweenSteps(run: Run, trainer: Trainer): AsyncGenerator<TrainEvent, void, void> {
  const { options, gaussians, result } = run;
  const { iteration } = result;
  if (densifiesAt(iteration, options)) {
    const event = follows(options, "selection") ? densifyAsReference : densify;
    const outcome = await stopwatch(result, "seconds", () => event(trainer, placeOf(run), options));
    result.count = outcome.count;
    yield { type: "densify", iteration, gaussians, ...outcome };
  }
  // Opacities have no step in this iteration, so after its step is as good as before.
  if (resetsOpacity(iteration, options)) await trainer.resetOpacity(RESET_OPACITY);
  if (switchesOpacity(iteration, options)) trainer.setOpacityMode("linear");
}

/** The views that the densification event after an iteration looks at; none where there is no event. */
function viewsScoredAt(iteration: number, { device, scene, options }: Run): number[] {
  return densifiesAt(iteration, options) ? sampleViews(scene.train.length, options.cams, device.seed, iteration) : [];
}

/** Where in the run the densification event of the last finished iteration stands. */
function placeOf({ device, scene, options, result, start, target, densification }: Run): EventPlace {
  const { iteration } = result;
  return {
    iteration,
    event: densification.indexOf(iteration) + 1,
    events: densification.length,
    start,
    target,
    extent: scene.extent,
    shDegree: activeShDegree(iteration, options, startDegree(scene)),
    background: background(iteration, options, device.seed),
  };
}

/** Notes why the run ends before its last iteration, and lets the caller save what there is. */
function* endEarly(run: Run, why: "aborted" | "timedOut"): Generator<TrainEvent, void, void> {
  const { gaussians, result } = run;
  result[why] = true;
  if (result.iteration > 0) yield { type: "save", iteration: result.iteration, gaussians };
}

/** Continues a moving average over more losses; NaN where it has not begun. */
function movingAverage(average: number, losses: Iterable<number>): number {
  for (const loss of losses) {
    average = Number.isNaN(average) ? loss : LOSS_SMOOTHING * loss + (1 - LOSS_SMOOTHING) * average;
  }
  return average;
}

/** The events due in an iteration. An evaluation that the signal interrupts gives none. */
async function* evaluateAndSave(run: Run, iteration: number): AsyncGenerator<TrainEvent, void, void> {
  const { scene, options, gaussians, result } = run;
  if (options.testIterations.includes(iteration)) {
    const sample = new Set(SAMPLED_TRAIN_VIEWS.map((index) => index % scene.train.length));
    const train = [...sample].map((index) => scene.train[index]);
    const background: [number, number, number] = options.whiteBackground ? [1, 1, 1] : [0, 0, 0];
    for (const [set, views] of [["test", scene.test], ["train", train]] as const) {
      if (views.length === 0) continue;
      const { signal } = options;
      const report = await stopwatch(
        result,
        "evaluationSeconds",
        () => untilAborted(signal, () => evaluate(gaussians, views, { background, signal })),
      );
      if (report === undefined) {
        result.aborted = true;
        break;
      }
      const { psnr, ssim, l1 } = report;
      yield { type: "evaluate", iteration, gaussians, set, views: views.length, psnr, ssim, l1 };
    }
  }
  if (options.saveIterations.includes(iteration)) yield { type: "save", iteration, gaussians };
}

/** Awaits work; undefined when it ended because the signal fired. */
async function untilAborted<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (signal?.aborted && error === signal.reason) return undefined;
    throw error;
  }
}

/** Adds the time that some work takes to one of the result's clocks. */
async function stopwatch<T>(
  result: TrainResult,
  clock: "seconds" | "loadSeconds" | "evaluationSeconds",
  work: () => Promise<T>,
): Promise<T> {
  const start = performance.now();
  try {
    return await work();
  } finally {
    result[clock] += (performance.now() - start) / 1000;
  }
}
