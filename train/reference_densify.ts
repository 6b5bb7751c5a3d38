/**
 * A densification event as the reference implementation carries it out: the counterpart of `densify.ts` in a run with
 * parity of its `selection`.
 *
 * @module
 */

import type { Trainer } from "../ffi/trainer.ts";
import { countAfter } from "./budget.ts";
import { type DensifyOutcome, type EventPlace, sampleViews, SCORE_WEIGHTS } from "./densify.ts";
import type { ResolvedTrainOptions } from "./options.ts";
import { referenceEvent } from "./strategies/reference_event.ts";

/** Share of the number of weak Gaussians that an event draws. */
const DRAWN_SHARE = 0.5;
/** Events that prune. */
const PRUNING_EVENTS = 27;
/** Longest axis that makes a Gaussian weak, in scene extents, after `opacityResetInterval`. */
const WEAK_SIZE = 0.1;
/** Stands for no limit on the size: the largest float32. */
const NO_LIMIT = 3.4028234663852886e38;

/**
 * Runs one event as the reference does.
 *
 * @param trainer Holds the Gaussians, with density statistics since the last event
 * @param place Where in the run the event stands
 * @param options Resolved options
 * @returns Counts; `count` is `target` at most, or what it was where that is more
 */
export async function densifyAsReference(
  trainer: Trainer,
  place: EventPlace,
  options: ResolvedTrainOptions,
): Promise<DensifyOutcome> {
  const { iteration, event, extent, shDegree, background } = place;
  const target = countAfter(place, options);
  const views = sampleViews(trainer.views.count, options.cams, trainer.gaussians.device.seed, iteration);
  await trainer.score(views, SCORE_WEIGHTS, { shDegree, background });
  const { pruned, cloned, split, filled, count } = await referenceEvent(trainer, {
    iteration,
    target,
    gradientThreshold: options.densifyGradThreshold,
    sizeThreshold: options.percentDense * extent,
    minOpacity: options.minOpacity,
    maxScale: iteration > options.opacityResetInterval ? WEAK_SIZE * extent : NO_LIMIT,
    share: event <= PRUNING_EVENTS ? DRAWN_SHARE : 0,
  });
  trainer.resetStatistics();
  return { target, pruned, cloned, split, filled, count };
}
