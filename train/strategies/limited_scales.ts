/**
 * Bounds the scales of a run's Gaussians from below by what the training views resolve, whatever its strategy: the 3D
 * smoothing filter of Yu et al. 2024 (Mip-Splatting, section 4.1) as a constraint. The filter adds to the size of every
 * Gaussian in every render. A bound only affects Gaussians that would become smaller, and renders and exports need no
 * change.
 *
 * @module
 */

import type { Camera } from "../../base/scene.ts";
import type { Strategy } from "./strategy.ts";

/** The smallest scale in pixels: a Gaussian filter of variance 0.2 (Yu et al. 2024). */
export const SMALLEST_PIXELS = Math.sqrt(0.2);

/** Iterations between two renewals of the bounds where there are no densification events. */
const INTERVAL = 100;

/** What the bounds of a run depend on. */
export interface ScaleLimits {
  /** The cameras of the training views. */
  cameras: readonly Camera[];
  /** Iterations of the run. */
  iterations: number;
}

/**
 * A strategy that also renews the bounds: after the first step, after each densification event, and every 100
 * iterations after the last event until 100 before the end.
 *
 * @param strategy Adds and removes the Gaussians
 * @param limits The run
 */
export function limitedScales(strategy: Strategy, { cameras, iterations }: ScaleLimits): Strategy {
  const densifies = new Set(strategy.densification);
  const last = strategy.densification.at(-1) ?? 0;
  const limits = (iteration: number): boolean =>
    iteration === 1 || densifies.has(iteration) ||
    (iteration > last && iteration <= iterations - INTERVAL && (iteration - last) % INTERVAL === 0);
  return {
    name: strategy.name,
    densification: strategy.densification,
    counts: strategy.counts,
    fullGradientDepth: strategy.fullGradientDepth,
    trainerState: { ...strategy.trainerState, smallestScales: true },
    initial: strategy.initial,
    isEvent: (iteration) => strategy.isEvent(iteration) || limits(iteration),
    views: (iteration) => strategy.views(iteration),
    stepTerms: (iteration) => strategy.stepTerms(iteration),
    async apply(trainer, place) {
      const { iteration } = place;
      const outcome = strategy.isEvent(iteration) ? await strategy.apply(trainer, place) : undefined;
      if (limits(iteration)) await trainer.limitScales(cameras, SMALLEST_PIXELS);
      return outcome;
    },
  };
}
