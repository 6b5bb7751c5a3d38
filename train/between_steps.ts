// What happens between two batches of steps: the strategy's event, checkpoints, evaluations, saves, and the controller's
// requests.

import type { Trainer } from "../ffi/trainer.ts";
import { background, reportedIteration } from "./batch.ts";
import { checkpointIfDue } from "./checkpoint/offer.ts";
import type { Request } from "./controller.ts";
import { reportGaussians, reportLosses } from "./divergence.ts";
import { evaluateSets } from "./evaluation.ts";
import type { TrainEvent } from "./events.ts";
import { endEarly, exposuresOf, loading, type Run, startDegree } from "./run.ts";
import { activeShDegree } from "./schedule.ts";
import { take, timed } from "./state.ts";
import type { EventPlace } from "./strategies/strategy.ts";
import { hardStop } from "./time_plan.ts";
import type { TrainingPhotos } from "./training_photos.ts";

/** What a strategy's event needs. */
interface EventParts {
  trainer: Trainer;
  photos: TrainingPhotos;
}

/** Does everything that is due, and returns whether a step follows. */
export async function* betweenSteps(run: Run, parts: EventParts): AsyncGenerator<TrainEvent, boolean, void> {
  const { state, options } = run;
  const { signal, iterations, maxSeconds } = options;
  const { iteration } = state;
  if (take(state, "warning")) yield* reportLosses(run);
  if (state.pending.includes("event") && !(yield* applyEvent(run, parts))) {
    yield* endEarly(run, "aborted");
    return false;
  }
  yield* checkpointIfDue(run, parts.trainer);
  const atEnd = iteration >= iterations;
  if (state.seconds >= hardStop(maxSeconds, state.timePlan) && !atEnd) {
    yield* endEarly(run, "timedOut");
    // The evaluation of the last iteration is one of the end of the run.
    if (options.testIterations.includes(iterations)) yield* evaluateSets(run, iteration);
    return false;
  }
  const scheduled = (["save", "preview", "evaluate"] as const).filter((due) => state.pending.includes(due));
  yield* serve(run, scheduled, reportedIteration(iteration, options), { atEnd });
  if (!signal.aborted) yield* serveController(run, scheduled);
  if (atEnd) return false;
  if (signal.aborted) yield* endEarly(run, "aborted");
  return !signal.aborted;
}

/** Runs the strategy's event; returns false if the signal ended the wait for photos. */
async function* applyEvent(run: Run, { trainer, photos }: EventParts): AsyncGenerator<TrainEvent, boolean, void> {
  const { gaussians, strategy, state } = run;
  const { iteration } = state;
  const place = placeOf(run);
  const { event, events } = place;
  if (event > 0) yield { type: "densifying", iteration, gaussians, event, events };
  const views = strategy.views(iteration);
  const held = await loading(run, () => photos.hold(views, iteration + 1).then(() => true));
  if (!held) return false;
  const outcome = await timed(state, "seconds", () => strategy.apply(trainer, place));
  take(state, "event");
  state.count = gaussians.count;
  const nonFinite = await timed(state, "seconds", () => gaussians.countNonFinite());
  if (outcome !== undefined) {
    yield { type: "densify", iteration, gaussians, seconds: state.seconds, ...outcome, nonFinite };
  }
  yield* reportGaussians(run, nonFinite);
  return true;
}

function placeOf({ scene, options, strategy: { densification }, state: { iteration, seed } }: Run): EventPlace {
  return {
    iteration,
    event: densification.indexOf(iteration) + 1,
    events: densification.length,
    shDegree: activeShDegree(iteration, options, startDegree(scene)),
    background: background(iteration, options, seed),
  };
}

/** Saves, previews and evaluates, reported under an iteration. An evaluation that the signal interrupts stays due. */
async function* serve(
  run: Run,
  requests: readonly (Request | "preview")[],
  iteration: number,
  { atEnd }: { atEnd: boolean } = { atEnd: false },
): AsyncGenerator<TrainEvent, void, void> {
  const { gaussians, state } = run;
  if (requests.includes("save")) {
    take(state, "save");
    const nonFinite = await gaussians.countNonFinite();
    yield* reportGaussians(run, nonFinite);
    const ending = atEnd ? { ending: "finished" as const } : {};
    yield { type: "save", iteration, gaussians, nonFinite, ...ending, ...exposuresOf(run) };
  }
  if (requests.includes("preview")) {
    take(state, "preview");
    yield { type: "preview", iteration, gaussians, ...exposuresOf(run) };
  }
  if (requests.includes("evaluate")) {
    yield* evaluateSets(run, iteration);
    if (run.ended === undefined) take(state, "evaluate");
  }
}

/** Serves the controller's requests except those just `done`, and waits while the run is paused. */
async function* serveController(
  run: Run,
  done: readonly (Request | "preview")[],
): AsyncGenerator<TrainEvent, void, void> {
  const { controller, gaussians, state: { iteration }, options: { signal, iterations } } = run;
  yield* serve(run, controller.takeRequests().filter((request) => !done.includes(request)), iteration);
  if (!controller.paused || signal.aborted || iteration >= iterations) return;
  yield { type: "pause", iteration, gaussians };
  while (controller.paused && !signal.aborted) {
    const requests = controller.takeRequests();
    if (requests.length === 0) await controller.nextCall();
    yield* serve(run, requests, iteration);
  }
  if (!signal.aborted) yield { type: "resume", iteration, gaussians };
}
