/**
 * Densification by absolute gradients, with periodic opacity decay. An event removes the Gaussians that had no weight in
 * any pixel of any training view. It then grows to its target count, which rises linearly. Parents are drawn with
 * probability proportional to their absolute gradient; there is no threshold. A long Gaussian is kept unchanged and gets
 * a smaller child; a short one is split along its longest axis. Between events, a decay halves all opacities and clears
 * all Adam moments: Gaussians that the photos need regain their opacity, the others fade.
 *
 * Absolute gradients: Ye et al. 2024 (AbsGS). Keeping the parents, linear growth, removal by weight alone, and the decay:
 * the short schedule of LiteGS (2025). Split along the longest axis, and removal of what has not recovered: Deng et al.
 * 2025 (Improving Densification in 3DGS). docs/quality.md has the measured effect of each part.
 *
 * @module
 */

import { type RowKind, STEP, type Trainer } from "../../ffi/trainer.ts";
import type { StrategyContext } from "../options.ts";
import { ALL_GROUPS, GROUP_BIT } from "../schedule.ts";
import { decayIterations, gatheringFor } from "./absgrad_schedule.ts";
import { endsOpacity, switchesOpacity } from "./opacity.ts";
import { densificationEvents } from "./periodic.ts";
import { pressures } from "./pressures.ts";
import { LONGEST_SCALE } from "./prune.ts";
import type { EventOutcome, EventPlace, Strategy } from "./strategy.ts";
import { STREAM } from "./streams.ts";

/** Opacity after a decay. The lower bound raises the faintest Gaussians, so that they get gradients. */
const DECAYED_OPACITY = "max(used_opacity / 2, 1 / 128)";
/** Share of the Gaussians that the event after a decay removes, those of the lowest opacities. */
const FAINT_SHARE = 0.1;
/** Weight of the pressures on opacities and scales. */
const PRESSURE = 0.02;

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
  const recoveries = new Set([...decays].map((decay) => densification.find((event) => event > decay)));
  const { viewsPerStep } = options;
  const gatherings = new Map(
    densification.map((event, i) => [event, gatheringFor(event, densification[i - 1] ?? 0, { views, viewsPerStep })]),
  );
  const gathers = (iteration: number): boolean => {
    const next = gatherings.get(densification.find((event) => event >= iteration) ?? 0);
    return next !== undefined && next.first <= iteration && iteration <= next.last;
  };
  const added = pressures({ weight: PRESSURE, count: target, extent });
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
      const whole = gathering?.whole ?? false;
      const faint = recoveries.has(iteration) ? FAINT_SHARE : 0;
      const outcome = gathering === undefined ? undefined : await densify(trainer, place, context, { whole, faint });
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

/** What an event removes. */
interface Removal {
  /** Whether the gathered steps show all training views, so that what has no weight in them is in no photo. */
  whole: boolean;
  /** Share of the Gaussians that it removes as the faintest. */
  faint: number;
}

/** Carries out one event, after which the count is exactly its target. */
async function densify(
  trainer: Trainer,
  place: EventPlace,
  context: StrategyContext,
  removal: Removal,
): Promise<EventOutcome> {
  const { columns, gaussians } = trainer;
  const { iteration } = place;
  const target = linearCount(place, context);
  const outcome = { target, pruned: 0, cloned: 0, split: 0, filled: 0, count: gaussians.count };
  await columns.compute("short", `${LONGEST_SCALE} <= ${context.options.percentDense * context.extent}`);
  outcome.pruned = await markGone(trainer, target, removal);
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
 * Marks in the column `gone` the Gaussians that the event removes and returns their number: if the gathered steps show
 * all training views, those without weight in any pixel, else none; then the faintest, until there are `faint` of all.
 * If more than `target` were left, it marks those of the least weight instead. At least one stays.
 */
async function markGone(
  { columns, gaussians: { count } }: Trainer,
  target: number,
  { whole, faint }: Removal,
): Promise<number> {
  const unseen = whole ? Math.min(await columns.sum("weight_sum <= 0"), count - 1) : 0;
  const fewest = Math.max(unseen, Math.floor(faint * count));
  const excess = count - target;
  const byOpacity = whole ? "choose(weight_sum <= 0, 0, used_opacity)" : "used_opacity";
  const gone = Math.max(fewest, excess);
  await columns.select("gone", excess >= fewest ? "weight_sum" : byOpacity, { count: gone });
  return gone;
}
