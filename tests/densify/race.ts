// A statistical test of samples drawn by weight without replacement.
import { assertLessOrEqual } from "@std/assert";
import { Random } from "../reference/random.ts";

const REPEATS = 300;

/**
 * Fails unless the mean log-weight and the squared deviation of the chosen are within 4.5 standard deviations of those
 * of sequential draws by weight.
 */
export function assertRaceLike(chosen: readonly number[], weights: readonly number[]): void {
  const random = new Random(77);
  const seen = Array.from({ length: REPEATS }, () => summary(race(weights, chosen.length, random), weights));
  summary(chosen, weights).forEach((value, k) => {
    const mean = seen.reduce((sum, repeat) => sum + repeat[k], 0) / REPEATS;
    const deviation = Math.sqrt(seen.reduce((sum, repeat) => sum + (repeat[k] - mean) ** 2, 0) / REPEATS);
    const where = `Moment ${k + 1} of the log-weights is ${value}, expected ${mean} with deviation ${deviation}`;
    assertLessOrEqual(Math.abs(value - mean), 4.5 * deviation, where);
  });
}

// An exponential variable divided by the weight is the time at which an item would be drawn.
function race(weights: readonly number[], count: number, random: Random): number[] {
  const times = weights.map((weight) => -Math.log(1 - random.uniform()) / weight);
  return [...times.keys()].filter((i) => weights[i] > 0).sort((a, b) => times[a] - times[b]).slice(0, count);
}

function summary(chosen: readonly number[], weights: readonly number[]): number[] {
  const logs = chosen.map((i) => Math.log(weights[i]));
  const mean = logs.reduce((sum, value) => sum + value, 0) / logs.length;
  return [mean, logs.reduce((sum, value) => sum + (value - mean) ** 2, 0) / logs.length];
}
