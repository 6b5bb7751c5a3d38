/**
 * The training loop: an async generator that trains only between two events, so that its caller may render, save or
 * evaluate in the loop's body.
 *
 * @module
 */

import type { Scene } from "../base/scene.ts";
import type { Device } from "../ffi/device.ts";
import { isAntialiased } from "../load/render_mode.ts";
import { Control, StepPlan, Trainer } from "../ffi/trainer.ts";
import { batchEnd, dueAfter, dueAtStart, MAX_BATCH, nextBatchSize, type StepContext, stepOf } from "./batch.ts";
import { betweenSteps } from "./between_steps.ts";
import { CheckpointCadence } from "./checkpoint/cadence.ts";
import { CheckpointFile } from "./checkpoint/file.ts";
import { checkpointAtEnd } from "./checkpoint/offer.ts";
import { checkOrigin, originOf, restoreTrainer, resumedOptions, storableOptions } from "./checkpoint/resume.ts";
import { TrainController } from "./controller.ts";
import { IterationsDecision, withEnd } from "./decide_iterations.ts";
import { setDepths } from "./depths.ts";
import { DivergenceError } from "./divergence.ts";
import type { TrainEvent } from "./events.ts";
import { chooseExposure, type ExposureChoice } from "./exposure/choice.ts";
import { exposuresOfRun } from "./exposure/exposures.ts";
import { type ResolvedTrainOptions, resolveTrainOptions, type TrainOptions } from "./options.ts";
import { drawnScene } from "./drawn_scene.ts";
import { follows } from "./parity.ts";
import { openPhotos } from "./photos.ts";
import { availableMemory, prepareRun, runStrategy } from "./prepare.ts";
import { planByRehearsal, type RehearsalParts } from "./rehearsal.ts";
import { endEarly, exposuresOf, loading, resultOf, type Run, startDegree } from "./run.ts";
import { ViewSampler } from "./sampler.ts";
import { scaledSchedule, scheduleOf } from "./scaled_schedule.ts";
import { accumulatesSh } from "./schedule.ts";
import { addLosses, newState, timed } from "./state.ts";
import { FIRST_REHEARSAL, type TimePlan } from "./time_plan.ts";
import type { TrainingPhotos } from "./training_photos.ts";

/**
 * Trains Gaussians on a scene.
 *
 * Creates one Gaussian for each of the scene's points, or uses the scene's Gaussians if it has some, and yields the
 * memory `plan`. With `maxSeconds` it first estimates how many iterations fill that time, which takes about 15 % of it;
 * an `iterations` event later tells how many they are. Then it trains and yields a `step` event for about every 50 ms of
 * work. Photos are decoded meanwhile; `photo` events report how many are loaded. In an iteration that saves, previews or evaluates, `save`, `preview`, `view`
 * and `evaluate` come before that iteration's own update; the last iteration updates nothing, so there they come after
 * it. A run that `options.signal`, `options.controller` or `maxSeconds` ends early yields a `save` event and then a `checkpoint` event.
 * Further `checkpoint` events come by the clock, and at iterations of the caller's. A run that fails after its first
 * step yields a `save` event, before it throws its error; an evaluation that fails is a `warning`. A run that diverges
 * fails, unless `onDivergence` is `"continue"`. The last event is
 * `done`, unless the run throws. The Gaussians of the events belong to the caller, who must dispose them.
 *
 * At each densification event `densifying` follows the `step` event; then the Gaussians change, and `densify` reports
 * how many were pruned, cloned and split. The last one leaves exactly the target count, unless `budgetCap` is set. In a
 * run without events the count stays the same; a `warning` says so if the budget differs.
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
 * @param device Open device; its seed determines all random numbers
 * @param scene What to train on
 * @param options See {@linkcode TrainOptions}
 * @returns Events, ending with `done`
 * @throws {RangeError} When an option is wrong, or the scene has no training views or points
 * @throws {TameError} "out of memory" when the plan exceeds the available memory; the message has the numbers
 * @throws {DivergenceError} When the run diverges
 * @throws {DataError} When a training photo cannot be read, or the checkpoint is damaged or of another capture
 */
export async function* train(
  device: Device,
  scene: Scene,
  options: TrainOptions = {},
): AsyncGenerator<TrainEvent, void, void> {
  const resumed = options.startCheckpoint === undefined
    ? undefined
    : await CheckpointFile.open(options.startCheckpoint);
  const asked = resumed === undefined ? options : resumedOptions(options, resumed);
  const most = resolveTrainOptions(asked, scene);
  if (scene.train.length === 0) throw new RangeError("Cannot train: the scene has no training views");
  const controller = most.controller ?? new TrainController();
  using _ = controller.stopWith(most.signal);
  const antialiasing = most.antialiasing || isAntialiased(scene.splats?.comments ?? []);
  const withAntialiasing = (options: ResolvedTrainOptions) => ({ ...options, antialiasing, signal: controller.signal });

  const clock = { loadSeconds: 0 };
  const drawn = drawnScene(scene, withAntialiasing(most));
  const choice = await timed(clock, "loadSeconds", () => exposureChoice(drawn, most, { resumed, controller }));
  const settled = (options: ResolvedTrainOptions) => ({ ...withAntialiasing(options), exposure: choice.exposure });
  const available = await availableMemory(device);
  const optionsOf = (iterations: number) => settled(resolveTrainOptions({ ...asked, iterations }, scene));
  using opened = new DisposableStack();
  const rehearsed = resumed !== undefined || most.maxSeconds === Infinity ? undefined : await timed(
    clock,
    "loadSeconds",
    () => rehearseRun({ device, scene: drawn, options: settled(most), controller, available, optionsOf }),
  );
  if (rehearsed !== undefined) opened.use(rehearsed.photos);
  const timePlan = rehearsed?.timePlan ?? null;
  clock.loadSeconds -= timePlan?.rehearsalSeconds ?? 0;

  const chosen = { ...asked, iterations: timePlan?.iterations ?? asked.iterations };
  const resolved = resolveTrainOptions(chosen, scene);
  const settings = settled(resolved);
  const wanted = runStrategy(drawn, settings, device.seed, resumed?.manifest.state.target);
  const origin = await originOf({ device, scene: drawn, options: resolved, strategy: wanted.strategy });
  const differences = resumed === undefined ? [] : checkOrigin(resumed, origin, device.seed);
  // What memory there is must not change the budget of a run that goes on.
  const fitting = { ...settings, fit: settings.fit && resumed === undefined };
  const first = await timed(clock, "loadSeconds", () => prepareRun(device, drawn, fitting, wanted, available));
  const { gaussians, plan, strategy, start, target } = first;
  gaussians.antialiasing = antialiasing;
  const started = { ...newState(device.seed, { start, target }, timePlan), exposure: choice.exposure };
  const state = { ...started, ...resumed?.manifest.state };
  state.loadSeconds += clock.loadSeconds;
  const { iteration } = state;
  const densification = [...strategy.densification];
  const scaled = scaledSchedule(chosen);
  const { iterations } = settings;
  const schedule = { iterations, target, densification, timePlan: state.timePlan, scaled };
  const { exposure, reason } = choice;
  yield { type: "plan", iteration, gaussians, plan, ...schedule, exposure: { exposure, reason } };
  const unplanned = rehearsed === undefined ? [] : unplannedText(settings, timePlan);
  for (const message of [...differences, ...first.warnings, ...unplanned]) {
    yield { type: "warning", iteration, gaussians, message };
  }

  const cadence = new CheckpointCadence(settings.checkpointSeconds, iteration);
  const run: Run = {
    ...{ device, scene: drawn, options: settings, gaussians, strategy, controller, state },
    ...{ origin, cadence, signs: new Set(), exposures: exposuresOfRun(choice, drawn) },
    withIterations(iterations) {
      const end = { last: run.options.iterations, next: iterations };
      const { testIterations, previewIterations } = asked;
      const lists = {
        testIterations: testIterations && withEnd(testIterations, end),
        previewIterations: previewIterations && withEnd(previewIterations, end),
      };
      const options = resolveTrainOptions({ ...asked, ...scheduleOf(run.options), ...lists, iterations }, scene);
      const { strategy } = runStrategy(drawn, settled(options), device.seed, target);
      return { options: settled(options), strategy, origin: { ...origin, options: storableOptions(options) } };
    },
  };
  try {
    const photos = rehearsed?.photos ?? opened.use(openPhotos(device, drawn.train, settings, strategy));
    using _photos = opened.move(); // freed before the caller saves, or gets the result
    yield* trainSteps(run, photos, { resumed, start: choice.start });
  } catch (error) {
    const why = error instanceof DivergenceError ? "diverged" : "failed";
    if (state.iteration > iteration) yield* endEarly(run, why);
    throw error;
  }

  const result = resultOf(run);
  yield { type: "done", iteration: result.iteration, gaussians, result, ...exposuresOf(run) };
}

/** What a run learns for each photo; a resumed run, what it did before. */
async function exposureChoice(
  scene: Scene,
  options: ResolvedTrainOptions,
  { resumed, controller }: { resumed?: CheckpointFile; controller: TrainController },
): Promise<ExposureChoice> {
  if (resumed !== undefined) return { exposure: resumed.manifest.state.exposure ?? "none" };
  return await chooseExposure(scene, options, controller.signal);
}

/** The plan of a run with `maxSeconds`, and the photos, which its rehearsals have loaded. */
async function rehearseRun(
  parts: Omit<RehearsalParts, "origin" | "steps">,
): Promise<{ timePlan: TimePlan | null; photos: TrainingPhotos }> {
  const { device, scene, options } = parts;
  const { strategy } = runStrategy(scene, options, device.seed);
  const origin = await originOf({ device, scene, options, strategy });
  const photos = openPhotos(device, scene.train, options, strategy);
  try {
    return { photos, timePlan: await planByRehearsal({ ...parts, origin, steps: (run) => trainSteps(run, photos) }) };
  } catch (error) {
    photos[Symbol.dispose]();
    throw error;
  }
}

/** Why a run with `maxSeconds` has no plan, if it should have one. */
function unplannedText({ iterations, maxSeconds, signal }: Run["options"], timePlan: TimePlan | null): string[] {
  if (timePlan !== null || iterations <= FIRST_REHEARSAL || signal.aborted) return [];
  return [
    `${maxSeconds} s are too short to plan this run: it stops there, before the end of its schedule for ${iterations} ` +
    `iterations`,
  ];
}

/** Runs all steps. Frees its native objects when it returns. */
async function* trainSteps(
  run: Run,
  photos: TrainingPhotos,
  { resumed, start }: { resumed?: CheckpointFile; start?: ExposureChoice["start"] } = {},
): AsyncGenerator<TrainEvent, void, void> {
  const { scene, gaussians, controller, state, device } = run;
  const { options, strategy } = run;
  if (options.lambdaDepth > 0) setDepths(photos.views, scene.train);
  using trainer = await Trainer.createAsync(gaussians, photos.views, {
    lambdaDssim: options.lambdaDssim,
    shAccumulation: accumulatesSh(options),
    passClampedGradient: follows(options, "gradient"),
    fullGradientDepth: strategy.fullGradientDepth,
    viewsPerStep: options.viewsPerStep,
    transform: state.exposure,
    ...strategy.trainerState,
  });
  if (resumed !== undefined) await restoreTrainer(trainer, resumed);
  else if (start !== undefined) await run.exposures?.start(trainer, start);
  await run.exposures?.update(trainer);
  const context: Omit<StepContext, "options" | "strategy"> = {
    extent: scene.extent,
    seed: state.seed,
    sampler: new ViewSampler(state.seed, scene.train.length),
    startDegree: startDegree(scene),
  };
  const plan = new StepPlan(MAX_BATCH, options.viewsPerStep);
  const control = new Control(MAX_BATCH);
  using _ = controller.listen(() => control.stop());
  const decision = new IterationsDecision(run);
  state.pending = dueAtStart(state, options, strategy);
  let size = 1;
  let loaded = 0;
  for (;;) {
    control.reset(); // any later request of the controller ends the next native call
    if (!(yield* betweenSteps(run, { trainer, photos }))) break;
    yield* decision.events();

    const { options, strategy } = run;
    const first = state.iteration + 1;
    const end = decision.batchEnd(first, batchEnd(first, size, options, strategy));
    const last = await loading(run, () => photos.ready(first, end));
    if (last === undefined) {
      yield* endEarly(run, "aborted");
      break;
    }
    if (photos.loaded !== undefined && photos.loaded !== loaded) {
      loaded = photos.loaded;
      yield { type: "photo", iteration: state.iteration, gaussians, loaded, total: scene.train.length };
    }
    plan.clear();
    for (let t = first; t <= last; t++) plan.push(stepOf(t, { ...context, options, strategy }));
    const before = state.seconds;
    await timed(state, "seconds", () => trainer.run(plan, control));
    await run.exposures?.update(trainer);

    const losses = control.losses();
    if (losses.length === 0) continue; // stopped by the controller or the signal before the first step
    size = nextBatchSize(1000 * (state.seconds - before), losses.length, controller.batchMilliseconds);
    const alarming = addLosses(state, losses);
    const { iteration } = state;
    state.pending = dueAfter(iteration, options, strategy);
    if (alarming) state.pending.unshift("warning");
    yield {
      type: "step",
      iteration,
      gaussians,
      first,
      losses,
      loss: state.loss!,
      count: state.count,
      seconds: state.seconds,
      memory: device.memory().live,
    };
  }
  yield* checkpointAtEnd(run, trainer);
}
