/**
 * Parity with the reference, the implementation that the authors of Mallick et al. 2024 (Taming 3DGS) published: what
 * `parity` changes, as a whole or in parts, so that runs of both can be compared.
 *
 * | part         | by default                                               | with parity                                                           |
 * | ------------ | -------------------------------------------------------- | --------------------------------------------------------------------- |
 * | `curve`      | the last event leaves the budget                         | counts as if one more event followed, rounded down                    |
 * | `selection`  | pruning, then growth; each Gaussian by its own score     | growth, then pruning by the scores of the rows before growth          |
 * |              | too few candidates: next-highest gradients               | any Gaussian                                                          |
 * |              | gradients near a camera count less                       | all count in full                                                     |
 * | `opacity`    | trained to the end                                       | not trained from `hoIteration` on                                     |
 * | `rates`      | fall to 0 over the last tenth of the run                 | constant, except that of the means                                    |
 * | `background` | a random one is drawn in every iteration                 | once for the run                                                      |
 * | `gradient`   | 0 where alpha is clamped to 0.99                         | passes the clamp                                                      |
 * | `cameras`    | principal points as stated, exactly 1600 pixels at most  | central, at times 1599: `loadScene` with `referenceCameras`           |
 * |              | a frame in which coordinates are well conditioned        | the capture's coordinates, whatever they are                          |
 * | `exposure`   | learnt for each photo where it differs                   | one for all photos                                                    |
 * | `coverage`   | a Gaussian is drawn where its alpha is at least 1/255    | only in the tiles of its 3 sigma rectangle                            |
 *
 * What does not change a result, or fails in the reference, is not reproduced. The events of `selection` are in
 * `strategies/reference.ts`.
 *
 * @module
 */

/** A difference from the reference that can be undone. */
export type ParityPart =
  | "curve"
  | "selection"
  | "opacity"
  | "rates"
  | "background"
  | "gradient"
  | "cameras"
  | "exposure"
  | "coverage";

/** Which parts of the reference to follow: none, all, or a list. */
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
  "exposure",
  "coverage",
];

/**
 * The parts of a parity.
 *
 * @param parity Any value; parts may also be one string, joined by commas
 * @returns The parts, or undefined if the value is not a parity
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
 * @returns Rounded down; `start` if fewer than two intervals fit
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
