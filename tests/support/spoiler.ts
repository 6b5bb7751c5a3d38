// A strategy that makes values of the state bad, for tests of runs that diverge.
import type { Strategy } from "../../train/strategies/strategy.ts";

/** What {@linkcode spoiler} writes. */
export interface Spoiling {
  /** Column of the trainer's state, such as `means.0`. */
  column: string;
  /** Expression for its new values. */
  value: string;
  /** How many rows, from the first. Default all. */
  rows?: number;
  /** Whether its event counts as a densification. Default false. */
  densifies?: boolean;
}

/** A strategy whose only event, after an iteration, writes to a column. */
export function spoiler(iteration: number, { column, value, rows, densifies = false }: Spoiling): () => Strategy {
  return () => ({
    name: "spoiler",
    densification: densifies ? [iteration] : [],
    isEvent: (t) => t === iteration,
    views: () => [],
    stepTerms: () => ({ flags: 0, frozen: 0 }),
    async apply({ columns, gaussians: { count } }) {
      await columns.compute("zero", "0 * opacities");
      await columns.select("spoilt", "zero", { count: rows ?? count }); // of equal values the first rows
      await columns.compute(column, value, { rows: "spoilt" });
      columns.drop();
      return densifies ? { target: count, pruned: 0, cloned: 0, split: 0, filled: 0, count } : undefined;
    },
  });
}
