// Evaluations during a run: all held-out views, then a few training views. One that fails is a warning: the run does
// not depend on it.

import type { View } from "../base/scene.ts";
import type { Color } from "../ffi/rasterizer.ts";
import { evaluateViews, meanScores, type ViewScores } from "../measure/evaluate.ts";
import { reportGaussians } from "./divergence.ts";
import type { TrainEvent } from "./events.ts";
import { exposuresOf, type Run, untilAborted } from "./run.ts";
import { timed } from "./state.ts";

/** Indices of the training views that an evaluation samples, modulo their number. */
const SAMPLED_TRAIN_VIEWS = [5, 10, 15, 20, 25];

/** The views of one set, and the number of Gaussians that are not finite. */
interface EvaluatedSet {
  set: "test" | "train";
  views: readonly View[];
  nonFinite: number;
}

/** Compares the Gaussians with the photos of both sets. Once the signal has fired, no `evaluate` event follows. */
export async function* evaluateSets(run: Run, iteration: number): AsyncGenerator<TrainEvent, void, void> {
  const { gaussians, scene } = run;
  const sample = new Set(SAMPLED_TRAIN_VIEWS.map((index) => index % scene.train.length));
  const sampled = [...sample].map((index) => scene.train[index]);
  const nonFinite = await gaussians.countNonFinite();
  yield* reportGaussians(run, nonFinite);
  for (const [set, views] of [["test", scene.test], ["train", sampled]] as const) {
    try {
      yield* evaluateSet(run, iteration, { set, views, nonFinite });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const message = `The evaluation of the ${set} views at iteration ${iteration} failed: ${reason}`;
      yield { type: "warning", iteration, gaussians, message };
    }
    if (run.ended === "aborted") return;
  }
}

async function* evaluateSet(
  run: Run,
  iteration: number,
  { set, views, nonFinite }: EvaluatedSet,
): AsyncGenerator<TrainEvent, void, void> {
  if (views.length === 0) return;
  const { gaussians, state, options: { signal, whiteBackground } } = run;
  const background: Color = whiteBackground ? [1, 1, 1] : [0, 0, 0];
  const evaluation = evaluateViews(gaussians, views, { background, signal, ...exposuresOf(run) });
  const scores: ViewScores[] = [];
  for (;;) {
    const next = await timed(state, "evaluationSeconds", () => untilAborted(signal, () => evaluation.next()));
    if (next === undefined) {
      run.ended = "aborted";
      return;
    }
    if (next.done) break;
    scores.push(next.value);
    yield { type: "view", iteration, gaussians, set, ...next.value };
  }
  yield { type: "evaluate", iteration, gaussians, set, views: views.length, ...meanScores(scores), nonFinite };
}
