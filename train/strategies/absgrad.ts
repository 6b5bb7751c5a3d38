/**
 * Densification by absolute gradients, with periodic opacity decay. An event removes the Gaussians that had no weight in
 * any pixel of any training view. It then grows to its target count, which rises linearly. Parents are drawn with
 * probability proportional to their absolute gradient; there is no threshold. A long Gaussian is kept unchanged and gets
 * a smaller child; a short one is split along its longest axis. Between events, a decay halves all opacities and clears
 * all Adam moments: Gaussians that the photos need regain their opacity, the others fade.
 *
 * Absolute gradients: Ye et al. 2024 (AbsGS). Keeping the parents, linear growth, removal by weight alone, and the decay:
 * the short schedule of LiteGS (2025). Split along the longest axis: Deng et al. 2025 (Improving Densification in 3DGS).
 * docs/quality.md has the measured effect of each part.
 *
 * @module
 */

import { type RowKind, STEP, type Trainer } from "../../ffi/trainer.ts";
import type { StrategyContext } from "../options.ts";
import { ALL_GROUPS, GROUP_BIT } from "../schedule.ts";
import { decayIterations, type Gathering, gatheringFor } from "./absgrad_schedule.ts";
import { endsOpacity, switchesOpacity } from "./opacity.ts";
import { densificationEvents } from "./periodic.ts";
import { pressures } from "./pressures.ts";
import { LONGEST_SCALE } from "./prune.ts";
import type { EventOutcome, EventPlace, Strategy } from "./strategy.ts";
import { STREAM } from "./streams.ts";

/** Opacity after a decay. The lower bound raises the faintest Gaussians, so that they get gradients. */
const DECAYED_OPACITY = "max(used_opacity / 2, 1 / 128)";

/** Indices into {@linkcode KINDS}. */
const GONE = 1;
const PARENT = 2;
const HALVED = 3;
const KINDS: readonly RowKind[] = [
  { operation: "keep" },
  { operation: "remove" },
  { operation: "addChild", place: "random", logScale: -Math.log(1.6) },
  // Each child is centred at 0.45 of 3 sigma along the axis; the other axes shrink by sqrt(1 - 0.45^2).
  {
    operation: "split",
    place: "longAxis",
    offset: 3 * 0.45,
    logScale: Math.log(1 - 0.45),
    logScaleOthers: Math.log(Math.sqrt(1 - 0.45 ** 2)),
    share: 0.6,
  },
];

/**
 * Makes the strategy of a run.
 *
 * @param context The run
 */
export function absgradStrategy(context: StrategyContext): Strategy {
  const { options, extent, views, target } = context;
  const densification = densificationEvents(options);
  const decays = new Set(decayIterations(densification, options));
  const { viewsPerStep } = options;
  const gatherings = new Map(
    densification.map((event, i) => [event, gatheringFor(event, densification[i - 1] ?? 0, { views, viewsPerStep })]),
  );
  const gathers = (iteration: number): boolean => {
    const next = gatherings.get(densification.find((event) => event >= iteration) ?? 0);
    return next !== undefined && next.first <= iteration && iteration <= next.last;
  };
  const added = pressures(target, extent);
  return {
    name: "absgrad",
    densification,
    trainerState: { fragments: true },
    views: () => [],
    isEvent: (iteration) => gatherings.has(iteration) || decays.has(iteration) || switchesOpacity(iteration, options),
    stepTerms: (iteration) => ({
      ...added,
      flags: added.flags | (gathers(iteration) ? STEP.fragments : 0),
      frozen: gatherings.has(iteration) ? ALL_GROUPS : endsOpacity(iteration, options) ? GROUP_BIT.opacities : 0,
    }),
    async apply(trainer, place) {
      const { iteration } = place;
      const gathering = gatherings.get(iteration);
      const outcome = gathering === undefined ? undefined : await densify(trainer, place, context, gathering);
      if (decays.has(iteration)) {
        await trainer.columns.compute("used_opacity", DECAYED_OPACITY);
        await trainer.columns.clearMoments(ALL_GROUPS);
      }
      if (switchesOpacity(iteration, options)) trainer.setOpacityMode("linear");
      return outcome;
    },
  };
}

/**
 * The count after an event: it rises linearly from the start, and the last event reaches the target.
 *
 * @param place 1-based number of the event, and number of events
 * @param run Count at the start and after the last event
 */
export function linearCount(
  { event, events }: Pick<EventPlace, "event" | "events">,
  { start, target }: Pick<StrategyContext, "start" | "target">,
): number {
  return Math.round(start + (target - start) * event / events);
}

/** Carries out one event, after which the count is exactly its target. */
async function densify(
  trainer: Trainer,
  place: EventPlace,
  context: StrategyContext,
  { whole }: Gathering,
): Promise<EventOutcome> {
  const { columns, gaussians } = trainer;
  const { iteration } = place;
  const target = linearCount(place, context);
  const outcome = { target, pruned: 0, cloned: 0, split: 0, filled: 0, count: gaussians.count };
  await columns.compute("short", `${LONGEST_SCALE} <= ${context.options.percentDense * context.extent}`);
  outcome.pruned = await markGone(trainer, target, whole);
  // A round at most doubles the count; a larger increase takes several.
  for (let round = 0; round === 0 || gaussians.count < target; round++) {
    const gone = round === 0 ? outcome.pruned : 0;
    const count = Math.min(target - gaussians.count + gone, gaussians.count - gone);
    const draw = { among: "!gone", count, stream: STREAM.clones, iteration, round };
    await columns.draw("grown", "absolute_gradient_sum", draw);
    await columns.compute("kind", `choose(gone, ${GONE}, choose(grown, choose(short, ${HALVED}, ${PARENT}), 0))`);
    const split = await columns.sum(`kind == ${HALVED}`);
    outcome.split += split;
    outcome.cloned += count - split;
    if (gone + count > 0) await columns.editRows("kind", KINDS, { iteration, round });
  }
  columns.drop();
  trainer.resetStatistics();
  outcome.count = gaussians.count;
  return outcome;
}

/**
 * Marks in the column `gone` the Gaussians that had no weight in any pixel of the gathered steps, if these show all
 * training views. If more than `target` are left, it also marks those of the least weight. At least one stays. Returns
 * the number of marked Gaussians.
 */
async function markGone(
  { columns, gaussians: { count } }: Trainer,
  target: number,
  allViews: boolean,
): Promise<number> {
  const unseen = allViews ? Math.min(await columns.sum("weight_sum <= 0"), count - 1) : 0;
  const gone = Math.max(unseen, count - target);
  await columns.select("gone", "weight_sum", { count: gone });
  return gone;
}
