// The budget: the last event leaves it exactly, and the earlier ones follow the curve.
import { assert, assertEquals, assertGreaterOrEqual, assertLessOrEqual } from "@std/assert";
import { budgetTarget, eventTarget, largestCount } from "../../train/budget.ts";
import { resolveTrainOptions } from "../../train/options.ts";

const COUNTS = [1, 2, 59, 60, 3011, 15_059, 54_275, 814_125, 5_987_095];
const EVENTS = [1, 2, 3, 27, 28, 29, 144, 145, 29_999];

/** The counts after all events of a run. */
function targets(events: number, start: number, target: number): number[] {
  return Array.from({ length: events }, (_, i) => eventTarget(i + 1, events, start, target));
}

Deno.test("eventTarget() is the budget itself at the last event, from any start", () => {
  for (const start of COUNTS) {
    for (const target of COUNTS) {
      for (const events of EVENTS) assertEquals(eventTarget(events, events, start, target), target);
    }
  }
});

Deno.test("eventTarget() only rises towards a larger budget and only falls towards a smaller one", () => {
  for (const [start, target] of [[60, 61], [60, 59], [15_059, 29_902], [54_275, 1], [1, 5_987_095], [7, 7]]) {
    for (const events of [1, 5, 28, 144]) {
      let before = start;
      for (const now of targets(events, start, target)) {
        if (target >= start) assertGreaterOrEqual(now, before);
        else assertLessOrEqual(now, before);
        assert(Number.isInteger(now) && now >= Math.min(start, target) && now <= Math.max(start, target));
        before = now;
      }
    }
  }
});

Deno.test("eventTarget() follows a parabola whose apex is the last event", () => {
  // Half of the events make 3/4 of the change from 100 to 200.
  assertEquals(targets(4, 100, 200), [144, 175, 194, 200]);
  assertEquals(targets(4, 200, 100), [156, 125, 106, 100]);
  assertEquals(targets(2, 60, 120), [105, 120]);
  // Gains shrink by the same amount from event to event.
  const all = [54_275, ...targets(28, 54_275, 814_125)];
  const gains = all.slice(1).map((count, i) => count - all[i]);
  for (let i = 1; i < gains.length; i++) assert(Math.abs(gains[i - 1] - gains[i] - 2 * 759_850 / 28 ** 2) <= 2);
});

Deno.test("budgetTarget() multiplies and rounds down, or takes the count itself", () => {
  assertEquals(budgetTarget(54_275, resolveTrainOptions({ budget: 15 })), 814_125);
  assertEquals(budgetTarget(15_059, resolveTrainOptions({ budget: 0.2 })), 3011);
  assertEquals(budgetTarget(15_059, resolveTrainOptions({ budget: 29_902, mode: "final_count" })), 29_902);
  assertEquals(budgetTarget(15_059, resolveTrainOptions({ budget: 99.9, mode: "final_count" })), 99);
});

Deno.test("budgetTarget() is never less than 1", () => {
  assertEquals(budgetTarget(60, resolveTrainOptions({ budget: 0.001 })), 1);
  assertEquals(budgetTarget(60, resolveTrainOptions({ budget: 0.5, mode: "final_count" })), 1);
});

Deno.test("largestCount() is the larger of start and budget, and the start if there are no events", () => {
  assertEquals(largestCount({ start: 60, target: 180 }, 3), 180);
  assertEquals(largestCount({ start: 60, target: 30 }, 3), 60);
  assertEquals(largestCount({ start: 60, target: 180 }, 0), 60);
});
