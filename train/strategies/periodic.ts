/**
 * The common part of several strategies in this folder: densification at a fixed interval, opacity resets, and the
 * switch to linear opacities. They differ in what a densification event does, and in whether it needs scores.
 *
 * @module
 */

import { STEP, type Trainer } from "../../ffi/trainer.ts";
import type { ResolvedTrainOptions, StrategyContext } from "../options.ts";
import { ALL_GROUPS, GROUP_BIT } from "../schedule.ts";
import { keepsOpacity, RESET_OPACITY, resetsOpacity, switchesOpacity } from "./opacity.ts";
import { sampleViews, SCORE_WEIGHTS } from "./score.ts";
import type { EventOutcome, EventPlace, Strategy } from "./strategy.ts";

/** The parts in which periodic strategies differ. */
export interface PeriodicParts extends Pick<Strategy, "name" | "fullGradientDepth"> {
  /** Whether all Gaussians are scored before a densification event. */
  scores: boolean;
  /** Carries out a densification event. */
  densify(trainer: Trainer, place: EventPlace): Promise<EventOutcome>;
}

/**
 * Makes a strategy whose densification events come at a fixed interval.
 *
 * @param context The run
 * @param parts What a densification event does
 */
export function periodicStrategy(
  { options, seed, views }: StrategyContext,
  { name, fullGradientDepth, scores, densify }: PeriodicParts,
): Strategy {
  const densification = densificationEvents(options);
  const last = densification.at(-1) ?? 0;
  const densifies = new Set(densification);
  const scoredViews = (iteration: number): number[] =>
    scores && densifies.has(iteration) ? sampleViews(views, options.cams, seed, iteration) : [];
  return {
    name,
    fullGradientDepth,
    densification,
    views: scoredViews,
    isEvent: (iteration) =>
      densifies.has(iteration) || resetsOpacity(iteration, options) || switchesOpacity(iteration, options),
    stepTerms: (iteration) => ({
      flags: iteration <= last ? STEP.statistics : 0,
      frozen: densifies.has(iteration) ? ALL_GROUPS : keepsOpacity(iteration, options) ? GROUP_BIT.opacities : 0,
    }),
    async apply(trainer, place) {
      const { iteration, shDegree, background } = place;
      let outcome: EventOutcome | undefined;
      if (densifies.has(iteration)) {
        if (scores) await trainer.score(scoredViews(iteration), SCORE_WEIGHTS, { shDegree, background });
        outcome = await densify(trainer, place);
        trainer.resetStatistics();
      }
      // Opacities are frozen in this iteration, so before or after its step makes no difference.
      if (resetsOpacity(iteration, options)) await trainer.resetOpacity(RESET_OPACITY);
      if (switchesOpacity(iteration, options)) trainer.setOpacityMode("linear");
      return outcome;
    },
  };
}

/**
 * The iterations at which densification is due.
 *
 * @param options Resolved options
 * @returns Multiples of `densificationInterval` after `densifyFromIter`, before `densifyUntilIter`, within the run
 */
export function densificationEvents(options: ResolvedTrainOptions): number[] {
  const { densificationInterval: interval, densifyFromIter, densifyUntilIter, iterations } = options;
  const events: number[] = [];
  for (let t = (Math.floor(densifyFromIter / interval) + 1) * interval; t < densifyUntilIter && t <= iterations;) {
    events.push(t);
    t += interval;
  }
  return events;
}
