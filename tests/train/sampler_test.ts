// The order of training views: every view once per epoch, determined by the seed.
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { ViewOrder, ViewSampler } from "../../train/sampler.ts";

function epoch(sampler: ViewSampler, first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => sampler.view(first + i));
}

Deno.test("ViewSampler.view() shows each of 50 views once in iterations 451 to 500", () => {
  const seen = epoch(new ViewSampler(0, 50), 451, 50);
  assertEquals(seen.toSorted((a, b) => a - b), Array.from({ length: 50 }, (_, i) => i));
});

Deno.test("ViewSampler.view() depends on the seed and the iteration only", () => {
  const forward = epoch(new ViewSampler(5, 13), 1, 130);
  const backward = new ViewSampler(5, 13);
  for (let t = 130; t >= 1; t--) assertEquals(backward.view(t), forward[t - 1]);
  assertNotEquals(epoch(new ViewSampler(6, 13), 1, 130), forward);
});

Deno.test("ViewSampler.view() reshuffles every epoch, with each view at every position", () => {
  const sampler = new ViewSampler(1, 4);
  const places = new Set<string>();
  for (let e = 0; e < 200; e++) {
    epoch(sampler, 1 + 4 * e, 4).forEach((view, place) => places.add(`${view}@${place}`));
  }
  assertEquals(places.size, 16);
  assert(new Set(Array.from({ length: 10 }, (_, e) => epoch(sampler, 1 + 4 * e, 4).join())).size > 1);
});

Deno.test("ViewSampler.viewsOf() cuts the order of the views into steps, across epochs too", () => {
  const sampler = new ViewSampler(3, 10);
  const steps = Array.from({ length: 15 }, (_, i) => sampler.viewsOf(i + 1, 4));
  assertEquals(steps.flat(), epoch(sampler, 1, 60));
});

Deno.test("ViewOrder with several views a step agrees with ViewSampler.viewsOf()", () => {
  const [sampler, order] = [new ViewSampler(3, 10), new ViewOrder(3, 10, 4)];
  for (let t = 1; t <= 40; t++) {
    const views = sampler.viewsOf(t, 4);
    assertEquals(order.neededBy(t, 40), t < 40 ? [...views, sampler.viewsOf(t + 1, 4)[0]] : views);
    for (let view = 0; view < 10; view++) {
      let next = t;
      while (!sampler.viewsOf(next, 4).includes(view)) next++;
      assertEquals(order.nextIteration(view, t), next);
    }
  }
});

Deno.test("ViewSampler() throws when there is no view", () => {
  assertThrows(() => new ViewSampler(0, 0), RangeError, "at least 1");
});
