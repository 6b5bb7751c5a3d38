/**
 * The scores of a densification event: which views are used, and the weight of each term.
 *
 * Mallick et al. 2024 (Taming 3DGS), section 4.
 *
 * @module
 */

import { randomWords } from "../../base/random.ts";
import { ABI } from "../../ffi/abi.ts";
import { SCORE } from "../../ffi/trainer.ts";

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

/**
 * The views that an event scores in, drawn without replacement.
 *
 * @param count Number of training views
 * @param cams Wanted number of views; all if it is -1 or larger than `count`
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
