// The benchmark's stopwatch: what it counts, and what it leaves out.

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { measure, median, partOf } from "../../scripts/bench/measure.ts";

Deno.test("median() takes the middle when the values come in any order", () => {
  assertEquals(median([3, 1, 2]), 2);
  assertEquals(median([4, 1, 3, 2]), 2.5);
  assertEquals(median([7]), 7);
  assert(Number.isNaN(median([])));
});

Deno.test("partOf() keeps the shortest run beside the median when one run was disturbed", () => {
  assertEquals(partOf("render", "8 x 8", [0.2, 0.1, 5]), {
    name: "render",
    work: "8 x 8",
    seconds: 0.2,
    least: 0.1,
    runs: 3,
  });
});

Deno.test("measure() leaves the disposal out of the time when a run returns something disposable", async () => {
  let open = 0;
  const wait = (milliseconds: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
  const [part] = await measure({
    name: "open",
    work: "one",
    run: () => {
      open++;
      wait(200);
      return {
        [Symbol.dispose]: () => {
          open--;
          wait(100);
        },
      };
    },
  });
  assertEquals(open, 0);
  assertEquals(part.runs, 3);
  assertAlmostEquals(part.least, 0.2, 0.05);
});

Deno.test("measure() runs pieces of work in turns when there are several", async () => {
  const order: string[] = [];
  const work = (name: string) => ({ name, work: "", run: () => void order.push(name) });
  const [a, b] = await measure(work("a"), work("b"));
  assertEquals(a.runs, b.runs);
  assertEquals(order.slice(0, 4), ["a", "b", "a", "b"]);
});
