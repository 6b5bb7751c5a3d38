// Draws by weight as cuda/tame.h defines them, one item after the other.
import { philox4x32 } from "../../base/random.ts";

/** Names a draw's random numbers. */
export interface DrawName {
  seed: number;
  stream: number;
  iteration: number;
  round: number;
}

/** Four random words of the item or draw of this index. */
function words(index: number, { seed, stream, iteration, round }: DrawName): [number, number, number, number] {
  return philox4x32([index, iteration, stream, round], [seed >>> 0, Math.floor(seed / 2 ** 32)]);
}

/**
 * The first `count` of the members in an exponential race, −ln(u) / weight (Efraimidis and Spirakis 2006); those of
 * weight 0 run a race of their own behind the others.
 */
export function race(members: readonly number[], weights: ArrayLike<number>, count: number, name: DrawName): number[] {
  const time = (i: number) => -Math.log(((words(i, name)[0] >>> 9) + 0.5) / 2 ** 23);
  const winners = (runners: number[], times: (i: number) => number) =>
    runners.map((i) => [times(i), i]).sort(([a, i], [b, j]) => a - b || i - j).map(([, i]) => i);
  const weighted = winners(members.filter((i) => weights[i] > 0), (i) => time(i) / weights[i]);
  const rest = winners(members.filter((i) => !(weights[i] > 0)), time);
  return [...weighted, ...rest].slice(0, count);
}

/** How often each item is drawn, by weights in whole units of 2^-20 of the largest: 64 random bits a draw. */
export function drawRepeatedly(
  members: readonly number[],
  weights: ArrayLike<number>,
  count: number,
  name: DrawName,
): number[] {
  const weight = (i: number) => weights[i] > 0 ? weights[i] : 0;
  const largest = Math.max(...members.map(weight));
  const units = members.map((i) => largest > 0 ? BigInt(Math.floor(weight(i) / largest * 2 ** 20)) : 0n);
  const total = units.reduce((sum, unit) => sum + unit, 0n);
  const drawn = new Array<number>(weights.length).fill(0);
  for (let j = 0; j < count && total > 0n; j++) {
    const [low, high] = words(j, name);
    let place = (BigInt(low) | BigInt(high) << 32n) * total >> 64n;
    const at = units.findIndex((unit) => (place -= unit) < 0n);
    drawn[members[at]]++;
  }
  return drawn;
}
