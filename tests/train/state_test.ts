// The state of a run: plain data that can be written as JSON.
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { addLosses, newState, take } from "../../train/state.ts";

Deno.test("a run's state survives a round trip through JSON", () => {
  const state = newState(7, { start: 60, target: 180 });
  assertEquals(JSON.parse(JSON.stringify(state)), state);
  addLosses(state, new Float32Array([0.5, 0.25]));
  state.pending = ["event", "save"];
  assertEquals(JSON.parse(JSON.stringify(state)), state);
});

Deno.test("addLosses() counts iterations, and averages 0.4 of the new loss with 0.6 of the old", () => {
  const state = newState(0, { start: 1, target: 1 });
  assertEquals([state.iteration, state.loss], [0, null]);
  addLosses(state, new Float32Array([0.5]));
  assertEquals([state.iteration, state.loss], [1, 0.5]);
  addLosses(state, new Float32Array([0.25, 1]));
  assertEquals(state.iteration, 3);
  assertAlmostEquals(state.loss!, 0.4 + 0.6 * (0.4 * 0.25 + 0.6 * 0.5), 1e-12);
});

Deno.test("addLosses() records the first loss that is not finite, and restarts the average after it", () => {
  const state = newState(0, { start: 1, target: 1 });
  addLosses(state, new Float32Array([0.5, NaN, Infinity]));
  assertEquals(state.nonFiniteAt, 2);
  addLosses(state, new Float32Array([NaN, 0.25]));
  assertEquals([state.nonFiniteAt, state.loss], [2, 0.25]);
});

Deno.test("take() removes something from the list of what is due", () => {
  const state = newState(0, { start: 1, target: 1 });
  state.pending = ["event", "evaluate", "save"];
  assert(take(state, "evaluate"));
  assert(!take(state, "evaluate") && !take(state, "warning"));
  assertEquals(state.pending, ["event", "save"]);
});
