// What pages may ask of a run, and how often.
import { assertEquals } from "@std/assert";
import { Requests } from "../../view/requests.ts";

Deno.test("one save and one evaluation at a time, and the next after three times what the last took", () => {
  let now = 0;
  const requests = new Requests(() => now);
  assertEquals([requests.allows("save"), requests.allows("save"), requests.allows("evaluate")], [true, false, true]);
  requests.done("evaluate");
  now = 1000;
  assertEquals([requests.allows("save"), requests.allows("evaluate")], [false, true]);
  requests.done("save");
  now = 3999;
  assertEquals(requests.allows("save"), false);
  now = 4000;
  assertEquals(requests.allows("save"), true);
});

Deno.test("pausing, resuming and stopping are always possible; saves of the schedule are no requests", () => {
  const requests = new Requests(() => 0);
  for (const action of ["pause", "resume", "stop", "pause", "resume", "stop"] as const) {
    assertEquals(requests.allows(action), true);
  }
  requests.done("save");
  assertEquals(requests.allows("save"), true);
});
