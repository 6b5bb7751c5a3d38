/**
 * Checkpoints of a run in progress.
 *
 * @module
 */

import type { Trainer } from "../../ffi/trainer.ts";
import { reportGaussians } from "../divergence.ts";
import type { TrainEvent } from "../events.ts";
import type { Run } from "../run.ts";
import { take } from "../state.ts";
import { Snapshot } from "./snapshot.ts";

/** Offers the caller a checkpoint, if one is due between two steps. */
export async function* checkpointIfDue(run: Run, trainer: Trainer): AsyncGenerator<TrainEvent, void, void> {
  const scheduled = take(run.state, "checkpoint");
  const { iteration } = run.state;
  if (scheduled || run.cadence.due && iteration < run.options.iterations) yield* offerCheckpoint(run, trainer);
}

/** Offers the caller a checkpoint where a run ends before its last iteration, unless it takes none. */
export async function* checkpointAtEnd(run: Run, trainer: Trainer): AsyncGenerator<TrainEvent, void, void> {
  const { ended, options: { checkpointSeconds, checkpointIterations }, state: { iteration } } = run;
  const wanted = checkpointSeconds >= 0 || checkpointIterations.length > 0;
  if (ended !== undefined && iteration > 0 && wanted) yield* offerCheckpoint(run, trainer);
}

/** Offers the caller a checkpoint, unless there is one of this iteration, or the state is not finite. */
async function* offerCheckpoint(run: Run, trainer: Trainer): AsyncGenerator<TrainEvent, void, void> {
  const { cadence, gaussians, state: { iteration, nonFiniteAt } } = run;
  if (iteration === cadence.last || nonFiniteAt !== null) return;
  const nonFinite = await trainer.countNonFinite();
  if (run.ended === undefined) yield* reportGaussians(run, nonFinite);
  if (nonFinite > 0) return;
  const began = performance.now();
  let between = true;
  let copy: Promise<Snapshot> | undefined;
  const snapshot = (): Promise<Snapshot> => {
    if (!between) throw new Error(`Cannot copy the state of iteration ${iteration}: the run has continued`);
    return copy ??= takeSnapshot(run, trainer);
  };
  yield { type: "checkpoint", iteration, gaussians, snapshot };
  between = false;
  await copy?.catch(() => {}); // the caller has the error
  const cost = (performance.now() - began) / 1000;
  const interval = cadence.took(iteration, cost);
  if (interval === undefined) return;
  const message = `A checkpoint takes ${cost.toFixed(1)} s, more than 3 % of ${run.options.checkpointSeconds} s: ` +
    `they now come every ${Math.round(interval)} s`;
  yield { type: "warning", iteration, gaussians, message };
}

/** Copies the state of a run to host memory. The run must not continue until the copy is complete. */
async function takeSnapshot(run: Run, trainer: Trainer): Promise<Snapshot> {
  const { origin, state } = run;
  const chunks = await Array.fromAsync(trainer.state.export());
  return new Snapshot({
    ...origin,
    state: structuredClone(state),
    progress: trainer.state.progress,
    columns: trainer.state.columns().map(({ name, values, rows }) => ({ name, values, rows })),
    sections: chunks.map(({ column, offset, data }) => ({ column, offset, bytes: data.length })),
  }, chunks);
}
