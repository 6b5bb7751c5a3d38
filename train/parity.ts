/**
 * Parity with the reference: everything that `parity` changes, so that a run can be compared with one of the
 * implementation that the authors of Mallick et al. 2024 (Taming 3DGS) published, as a whole or in one part.
 *
 * | part         | by default                                               | with parity                                                           |
 * | ------------ | -------------------------------------------------------- | --------------------------------------------------------------------- |
 * | `curve`      | the last event leaves the budget                         | counts as if one more event followed, rounded down                    |
 * | `selection`  | pruning, then growth; each Gaussian by its own score     | growth, then pruning by scores out of place, any Gaussian as stand-in |
 * |              | gradients near a camera count less                       | all alike                                                             |
 * | `opacity`    | trained to the end                                       | left alone from `hoIteration` on                                      |
 * | `rates`      | fall to 0 over the last tenth of the run                 | constant, but for that of the means                                   |
 * | `background` | a random one is drawn in every iteration                 | once for the run                                                      |
 * | `gradient`   | none where alpha's cap of 0.99 holds                     | passes the cap                                                        |
 * | `cameras`    | principal points as stated, exactly 1600 pixels at most  | central, at times 1599: `loadScene` with `referenceCameras`           |
 *
 * What makes no difference to a result, or fails in the reference, stays as it is here. The events of `selection` are in
 * `strategies/reference.ts`.
 *
 * @module
 */

/** A difference from the reference that can be taken back. */
export type ParityPart = "curve" | "selection" | "opacity" | "rates" | "background" | "gradient" | "cameras";

/** What of the reference to follow: nothing, all, or some parts. */
export type Parity = "none" | "reference" | readonly ParityPart[];

/** All parts. */
export const PARITY_PARTS: readonly ParityPart[] = [
  "curve",
  "selection",
  "opacity",
  "rates",
  "background",
  "gradient",
  "cameras",
];

/**
 * The parts that a parity names.
 *
 * @param parity Any value; parts may also be one string, joined by commas
 * @returns The parts, or undefined where it is no parity
 */
export function parityParts(parity: unknown): readonly ParityPart[] | undefined {
  if (parity === "none") return [];
  if (parity === "reference") return PARITY_PARTS;
  const parts = typeof parity === "string" ? parity.split(",") : parity;
  return Array.isArray(parts) && parts.every((part) => PARITY_PARTS.includes(part)) ? parts : undefined;
}

/**
 * Whether a run follows the reference in one part.
 *
 * @param options Resolved options
 * @param part The part
 */
export function follows(options: { readonly parity: readonly ParityPart[] }, part: ParityPart): boolean {
  return options.parity.includes(part);
}

/**
 * The count that an event of the reference grows to, if its candidates suffice. Its parabola has the apex at
 * `(densifyUntilIter - densifyFromIter) / densificationInterval`, rounded down, which no event reaches.
 *
 * @param event 1-based
 * @param budget Count at the start of the run, and the budget
 * @param options Resolved options
 * @returns Rounded down; `start` where the interval leaves no room for growth
 */
export function referenceEventTarget(
  event: number,
  budget: { start: number; target: number },
  options: {
    readonly densifyFromIter: number;
    readonly densifyUntilIter: number;
    readonly densificationInterval: number;
  },
): number {
  const { start, target } = budget;
  const apex = Math.floor((options.densifyUntilIter - options.densifyFromIter) / options.densificationInterval);
  const place = Math.min(event, apex - 1); // later events of an odd interval repeat the last count
  if (place < 1) return start;
  const slope = 2 * (target - start) / apex;
  return Math.floor((target - start - slope * apex) / apex ** 2 * place ** 2 + slope * place + start);
}
