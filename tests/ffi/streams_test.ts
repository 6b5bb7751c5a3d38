// Streams of random numbers: no two uses draw the same numbers.

import { assert, assertEquals } from "@std/assert";
import { ABI } from "../../ffi/abi.ts";
import { resolveTrainOptions } from "../../train/options.ts";
import { densificationEvents } from "../../train/strategies/periodic.ts";

type Stream = Extract<keyof typeof ABI, `STREAM_${string}`>;

const LAST = 2 ** 32 - 1;

/** First and last iteration that each stream is drawn with. Events begin with iteration 1, as the test below holds. */
const ITERATIONS: Record<Stream, [first: number, last: number]> = {
  STREAM_VIEWS: [0, LAST],
  STREAM_BACKGROUND: [0, LAST],
  STREAM_SCORED_VIEWS: [1, LAST],
  STREAM_FIRST_POINTS: [0, 0],
  STREAM_CLONES: [1, LAST],
  STREAM_SPLITS: [1, LAST],
  STREAM_PRUNED: [1, LAST],
  STREAM_CHILDREN: [1, LAST],
  STREAM_NOISE: [1, LAST],
  STREAM_DEPTHS: [1, LAST],
};

Deno.test("streams of one number have no iteration in common", () => {
  const streams = Object.entries(ITERATIONS) as [Stream, [number, number]][];
  assertEquals(
    streams.map(([name]) => name).sort(),
    Object.keys(ABI).filter((key) => key.startsWith("STREAM_")).sort(),
  );
  for (const [a, [firstA, lastA]] of streams) {
    for (const [b, [firstB, lastB]] of streams) {
      if (a < b && ABI[a] === ABI[b]) assert(lastA < firstB || lastB < firstA, `${a} and ${b} meet`);
    }
  }
});

Deno.test("densificationEvents() begins with iteration 1 at the earliest", () => {
  const options = resolveTrainOptions({ densifyFromIter: 0, densificationInterval: 1, iterations: 100 });
  assertEquals(densificationEvents(options)[0], 1);
});
