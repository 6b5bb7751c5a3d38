/**
 * Which Gaussians are weak, so that an event may prune them, and how many are drawn.
 *
 * Kerbl et al. 2023 and Mallick et al. 2024 (Taming 3DGS).
 *
 * @module
 */

import type { StrategyContext } from "../options.ts";
import type { PruneOptions } from "./prune.ts";
import type { EventPlace } from "./strategy.ts";

/** Share of the number of weak Gaussians that an event draws. */
const DRAWN_SHARE = 0.5;
/** Number of events that prune weak Gaussians. */
const PRUNING_EVENTS = 27;
/** Longest axis above which a Gaussian is weak, in scene extents, once opacities have been reset. */
const WEAK_SIZE = 0.1;
/** No limit on the size: the largest float32. */
const NO_LIMIT = 3.4028234663852886e38;

/**
 * The pruning options of an event.
 *
 * @param place Position of the event in the run
 * @param context Options and extent
 * @returns Gaussians fainter than `minOpacity` or longer than `maxScale` are weak; `share` of their number is drawn
 */
export function weakGaussians(
  { iteration, event }: EventPlace,
  { options, extent }: StrategyContext,
): Pick<PruneOptions, "minOpacity" | "maxScale" | "share"> {
  return {
    minOpacity: options.minOpacity,
    maxScale: iteration > options.opacityResetInterval ? WEAK_SIZE * extent : NO_LIMIT,
    share: event <= PRUNING_EVENTS ? DRAWN_SHARE : 0,
  };
}
