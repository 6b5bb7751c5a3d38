/**
 * A densification event: score the Gaussians in a few views, prune weak ones, then clone and split towards the event's
 * share of the budget. What to change is decided here; which Gaussians, by score and gradient, in the native library.
 *
 * Mallick et al. 2024 (Taming 3DGS), section 4.
 *
 * @module
 */

import { randomWords } from "../base/random.ts";
import { ABI } from "../ffi/abi.ts";
import { SCORE, type Trainer } from "../ffi/trainer.ts";
import { countAfter } from "./budget.ts";
import type { ResolvedTrainOptions } from "./options.ts";
import { follows } from "./parity.ts";
import { grow } from "./strategies/grow.ts";
import { prune } from "./strategies/prune.ts";

/** Weights of the score's terms, as published. */
export const SCORE_WEIGHTS: readonly number[] = scoreWeights({
  view: 50,
  edge: 50,
  error: 50,
  gradient: 25,
  distance: 50,
  opacity: 100,
  depth: 5,
  loss: 10,
  radius: 10,
  scale: 25,
  count: 0.1,
  blend: 50,
});

/** Share of the weak Gaussians that an event prunes. */
const PRUNED_SHARE = 0.5;
/** Events that prune; those after them only grow. */
const PRUNING_EVENTS = 27;
/** Longest axis that makes a Gaussian weak, in scene extents, once opacities have been reset. */
const WEAK_SIZE = 0.1;
/** Camera depth from which gradients count in full, in scene extents (Zhang et al. 2024, Pixel-GS). */
const FULL_GRADIENT_DEPTH = 0.37;
/** Stands for no limit on the size: the largest float32. */
const NO_LIMIT = 3.4028234663852886e38;

/** What one event did. */
export interface DensifyOutcome {
  /** The count that the event was to leave. */
  target: number;
  /** Gaussians pruned. */
  pruned: number;
  /** Gaussians copied. */
  cloned: number;
  /** Gaussians replaced by two. */
  split: number;
  /** Of those two, Gaussians that were no candidates: taken by gradient, where the candidates did not suffice. */
  filled: number;
  /** The count now. */
  count: number;
}

/** Where in a run an event stands. */
export interface EventPlace {
  /** 1-based iteration. */
  iteration: number;
  /** 1-based number of the event. */
  event: number;
  /** Number of events of the run. */
  events: number;
  /** Count at the start of the run. */
  start: number;
  /** Count after the last event. */
  target: number;
  /** Scene extent in world units. */
  extent: number;
  /** Degree of the spherical harmonics of the iteration. */
  shDegree: number;
  /** Background of the iteration. */
  background: readonly [number, number, number];
}

/**
 * Runs one event.
 *
 * @param trainer Holds the Gaussians, with density statistics since the last event
 * @param place Where in the run the event stands
 * @param options Resolved options
 * @returns Counts; `count` equals `target` unless `budgetCap` is set and the candidates did not suffice
 */
export async function densify(
  trainer: Trainer,
  place: EventPlace,
  options: ResolvedTrainOptions,
): Promise<DensifyOutcome> {
  const { iteration, event, extent } = place;
  const { gaussians } = trainer;
  const { seed } = gaussians.device;
  const target = countAfter(place, options);
  const views = sampleViews(trainer.views.count, options.cams, seed, iteration);
  await trainer.score(views, SCORE_WEIGHTS, { shDegree: place.shDegree, background: place.background });

  const before = gaussians.count;
  const prunes = event <= PRUNING_EVENTS;
  await prune(trainer, {
    iteration,
    target,
    minOpacity: options.minOpacity,
    maxScale: iteration > options.opacityResetInterval ? WEAK_SIZE * extent : NO_LIMIT,
    share: prunes ? PRUNED_SHARE : 0,
  });
  const outcome = { target, pruned: before - gaussians.count, cloned: 0, split: 0, filled: 0, count: gaussians.count };
  // A round at most doubles the count; a steep budget takes several.
  for (let round = 0; gaussians.count < target; round++) {
    const grown = await grow(trainer, {
      iteration,
      round,
      target,
      gradientThreshold: options.densifyGradThreshold,
      sizeThreshold: options.percentDense * extent,
      fill: !options.budgetCap,
    });
    outcome.cloned += grown.cloned;
    outcome.split += grown.split;
    outcome.filled += grown.filled;
    if (grown.cloned + grown.split === 0) break;
    if (options.budgetCap) break;
  }
  trainer.resetStatistics();
  outcome.count = gaussians.count;
  return outcome;
}

/**
 * The camera depth below which a Gaussian's gradient counts less towards growing: what grows in front of a camera fits
 * the few views that it is near to, and hangs in the way of others.
 *
 * @param options Resolved options
 * @param extent Scene extent in world units
 * @returns World units; 0, all count alike, where `parity` follows the reference's selection
 */
export function fullGradientDepth(options: ResolvedTrainOptions, extent: number): number {
  return follows(options, "selection") ? 0 : FULL_GRADIENT_DEPTH * extent;
}

/**
 * The views that an event looks at, drawn without replacement.
 *
 * @param count Number of training views
 * @param cams Views wanted; -1, or more than there are, for all
 * @param seed Seed of the run
 * @param iteration 1-based
 * @returns Indices of different views
 */
export function sampleViews(count: number, cams: number, seed: number, iteration: number): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  const wanted = cams < 0 ? count : Math.min(cams, count);
  for (let i = 0; i < wanted; i++) {
    const [word] = randomWords({ seed, stream: ABI.STREAM_SCORED_VIEWS, iteration, index: i });
    const j = i + Math.floor((word / 2 ** 32) * (count - i));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order.slice(0, wanted);
}

function scoreWeights(named: Record<keyof typeof SCORE, number>): number[] {
  const weights = new Array<number>(Object.keys(SCORE).length);
  for (const [name, index] of Object.entries(SCORE)) weights[index] = named[name as keyof typeof SCORE];
  return weights;
}
