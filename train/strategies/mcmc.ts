/**
 * Densification as Markov chain Monte Carlo. Every step adds noise to the means of faint Gaussians, and regularises
 * opacities and scales towards smaller values. An event relocates dead Gaussians to live ones, and adds 5 % more. The
 * live ones, the hosts, are drawn with probability proportional to opacity. A host and its copies, the guests, get
 * opacities and scales with which the render stays nearly the same.
 *
 * Kheradmand et al. 2024 (3D Gaussian Splatting as Markov Chain Monte Carlo). Here noise and pressures act only on
 * Gaussians that are visible in the step. In captures of many photos, the others would fade between two steps that see
 * them.
 *
 * @module
 */

import type { Columns, RowKind, Trainer } from "../../ffi/trainer.ts";
import { GROUP } from "../../ffi/trainer.ts";
import type { StrategyContext } from "../options.ts";
import { learningRates } from "../schedule.ts";
import { densificationEvents } from "./periodic.ts";
import { pressures } from "./pressures.ts";
import type { StepTerms, Strategy } from "./strategy.ts";
import { STREAM } from "./streams.ts";

/** Opacity of initial Gaussians, and their scale relative to the usual initial scale. */
const INITIAL = { opacity: 0.5, scale: 0.1 };
/** Factor of the noise: its value at a learning rate of the means of 1 in a scene of extent 1. */
const NOISE = 5e5;
/** Weight of the pressures on opacities and scales. */
const PRESSURE = 0.01;
/** Growth of the count in an event. */
const GROWTH = 1.05;

/** Hosts and guests share the host's opacity. Their moments are cleared, since they belong to the old parameters. */
const SHARED: Pick<RowKind, "share" | "clearMoments"> = { share: "volume", clearMoments: true };
/** Parameters that have to be finite. The higher harmonics do not diverge unless these do. */
const VALUES = [["means", 3], ["log_scales", 3], ["quats", 4], ["opacities", 1], ["sh_dc", 3]] as const;
/** Expression for a sum that is finite if all of them are. */
const SUM = VALUES.flatMap(([name, n]) => Array.from({ length: n }, (_, k) => n > 1 ? `${name}.${k}` : name)).join(
  " + ",
);

/**
 * Makes the strategy of a run.
 *
 * @param context The run
 */
export function mcmcStrategy(context: StrategyContext): Strategy {
  const { options, start, target } = context;
  const densification = densificationEvents(options);
  const counts = countsAfterEvents({ start, target, events: densification.length, cap: options.budgetCap });
  const densifies = new Set(densification);
  return {
    name: "mcmc",
    densification,
    counts,
    initial: INITIAL,
    views: () => [],
    isEvent: (iteration) => densifies.has(iteration),
    stepTerms: (iteration) =>
      termsOf(iteration, context, counts[densification.findLastIndex((t) => t < iteration)] ?? start),
    async apply(trainer, { iteration, event }) {
      const { columns, gaussians } = trainer;
      const wanted = counts[event - 1];
      const removed = Math.max(gaussians.count - wanted, 0);
      if (removed > 0) await removeFaintest(columns, { count: removed, iteration });
      const relocated = await relocate(trainer, { minOpacity: options.minOpacity, iteration });
      const grown = await growTo(trainer, { count: wanted, minOpacity: options.minOpacity, iteration });
      columns.drop();
      return {
        target: wanted,
        pruned: removed + relocated,
        cloned: relocated + grown,
        split: 0,
        filled: 0,
        count: gaussians.count,
      };
    },
  };
}

/**
 * The count after each event. An event grows by 5 % until the target is reached. If that is too little to reach it, the
 * remaining events all grow by the same, larger ratio. A target below the start is approached in the same way.
 *
 * @param run Count at the start; target count; number of events; `cap`: no event grows by more than 5 %
 * @returns One count for each event; the last is the target; with `cap` it may be less
 */
export function countsAfterEvents(
  { start, target, events, cap }: { start: number; target: number; events: number; cap: boolean },
): number[] {
  const counts: number[] = [];
  for (let left = events, count = start; left > 0; left--) {
    const needed = Math.round(count * (target / count) ** (1 / left));
    count = target < count
      ? Math.max(target, Math.min(needed, Math.ceil(count / GROWTH)))
      : Math.min(target, Math.max(cap ? 0 : needed, Math.floor(count * GROWTH)));
    counts.push(count);
  }
  return counts;
}

/**
 * What a step adds. With the learning rate λ of the means in world units and the extent X, the noise is
 * 5·10⁵ λ / X², so that it scales with the scene as the means do; the paper takes X as 1.
 *
 * @param iteration 1-based
 * @param context The run
 * @param count Number of Gaussians
 */
function termsOf(iteration: number, { options, extent }: StrategyContext, count: number): StepTerms {
  // The last iteration updates nothing.
  const rate = iteration < options.iterations ? learningRates(iteration, options, extent)[GROUP.means] : 0;
  return {
    ...pressures({ weight: PRESSURE, count, extent }),
    frozen: 0,
    noise: extent > 0 ? NOISE * rate / extent ** 2 : 0,
  };
}

/** Removes the Gaussians of the lowest opacities. */
async function removeFaintest(columns: Columns, { count, iteration }: { count: number; iteration: number }) {
  await columns.select("faintest", "opacities", { count });
  await columns.editRows("faintest", [{ operation: "keep" }, { operation: "remove" }], { iteration });
}

/** Moves dead Gaussians, those fainter than `minOpacity` or not finite, to live ones. Returns their number. */
async function relocate(
  { columns }: Trainer,
  { minOpacity, iteration }: { minOpacity: number; iteration: number },
): Promise<number> {
  await columns.compute("dead", `!(opacities >= logit(${minOpacity})) | !((${SUM}) * 0 == 0)`);
  const dead = await columns.sum("dead");
  if (dead === 0) return 0;
  const draw = { count: dead, replacement: true, stream: STREAM.clones, iteration };
  await columns.draw("guests", "used_opacity", { among: "!dead", ...draw });
  if (await columns.sum("guests") < dead) return 0; // there is no live Gaussian
  const kinds: RowKind[] = [{ operation: "keep" }, { operation: "giveCopies", ...SHARED }, { operation: "relocate" }];
  await columns.editRows("choose(dead, 2, guests > 0)", kinds, { copies: "guests", iteration });
  await keepAlive(columns, minOpacity);
  return dead;
}

/** Adds copies of Gaussians until there are `count`. Returns the number of copies. */
async function growTo(
  { columns, gaussians }: Trainer,
  { count, minOpacity, iteration }: { count: number; minOpacity: number; iteration: number },
): Promise<number> {
  const before = gaussians.count;
  if (count <= before) return 0;
  const draw = { count: count - before, replacement: true, stream: STREAM.clones, iteration, round: 1 };
  await columns.draw("guests", "used_opacity", draw);
  const kinds: RowKind[] = [{ operation: "keep" }, { operation: "copy", ...SHARED }];
  await columns.editRows("guests > 0", kinds, { copies: "guests", iteration });
  await keepAlive(columns, minOpacity);
  return gaussians.count - before;
}

/** Raises hosts and guests to `minOpacity` if sharing made them fainter: the next event would count them as dead. */
async function keepAlive(columns: Columns, minOpacity: number): Promise<void> {
  await columns.compute("opacities", `max(opacities, logit(${minOpacity}))`, { rows: "guests > 0" });
}
