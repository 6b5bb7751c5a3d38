import { assertEquals } from "@std/assert";
import { linearTicks, logarithmicTicks } from "../../base/ticks.ts";

Deno.test("linearTicks() gives round numbers within the range, at most as many as asked for", () => {
  assertEquals(linearTicks(0, 200, 5), [0, 50, 100, 150, 200]);
  assertEquals(linearTicks(12.7, 21.9, 5), [15, 20]);
  assertEquals(linearTicks(-0.03, 0.11, 5), [0, 0.05, 0.1]);
  assertEquals(linearTicks(0, 30_000, 5), [0, 10_000, 20_000, 30_000]);
  for (let low = 0.1; low < 1e6; low *= 3.7) {
    for (let span = 0.01; span < 1e4; span *= 1.9) {
      const ticks = linearTicks(low, low + span, 5);
      assertEquals([ticks.length >= 1, ticks.length <= 5], [true, true], `${low} + ${span}: ${ticks}`);
    }
  }
});

Deno.test("logarithmicTicks() gives 1, 2 and 5 times the powers of ten", () => {
  assertEquals(logarithmicTicks(0.03, 0.4), [0.05, 0.1, 0.2]);
  assertEquals(logarithmicTicks(0.6, 0.9), []);
});
