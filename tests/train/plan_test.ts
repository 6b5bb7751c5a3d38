// The memory plan: exact parts, and the refusal in words.
import { assertEquals, assertThrows } from "@std/assert";
import { TameError } from "../../ffi/errors.ts";
import { checkMemory, formatBytes, type MemoryPlan, planMemory } from "../../train/plan.ts";

function bytesOf(plan: MemoryPlan, purpose: string): number {
  return plan.items.find((item) => item.purpose === purpose)!.bytes;
}

Deno.test("planMemory() counts 720 bytes of training state a Gaussian at degree 3, 900 with summed harmonics", () => {
  for (const [shAccumulation, expected] of [[false, 720], [true, 900]] as const) {
    const plan = planMemory({ photos: [], count: 1000, shDegree: 3, shAccumulation });
    const state = ["parameters", "optimizer", "statistics"].reduce((sum, purpose) => sum + bytesOf(plan, purpose), 0);
    assertEquals(state, expected * 1000);
  }
});

Deno.test("planMemory() counts 3 bytes a pixel of every photo, and scratch for the largest", () => {
  const small = planMemory({ photos: [{ width: 10, height: 20 }], count: 10, shDegree: 0 });
  const both = planMemory({
    photos: [{ width: 10, height: 20 }, { width: 30, height: 40 }],
    count: 10,
    shDegree: 0,
  });
  const large = planMemory({ photos: [{ width: 30, height: 40 }], count: 10, shDegree: 0 });
  assertEquals([small, both, large].map((plan) => bytesOf(plan, "photos")), [600, 4200, 3600]);
  assertEquals(bytesOf(both, "images"), bytesOf(large, "images"));
  assertEquals(both.total, both.items.reduce((sum, item) => sum + item.bytes, 0));
});

Deno.test("checkMemory() throws with the numbers when the plan is over the limit, and only then", () => {
  const input = { photos: [{ width: 1000, height: 1000 }], count: 1_000_000, shDegree: 3 };
  const { total } = planMemory(input);
  checkMemory(planMemory(input, total));
  checkMemory(planMemory(input));
  const error = assertThrows(() => checkMemory(planMemory(input, total - 1)), TameError, "photos 2.9 MiB");
  assertEquals([error.status, error.bytesWanted, error.bytesFree], ["out of memory", total, total - 1]);
});

Deno.test("formatBytes() rounds to one decimal of the largest fitting unit", () => {
  assertEquals([0, 1023, 1024, 1.5 * 2 ** 20, 3 * 2 ** 40].map(formatBytes), [
    "0 B",
    "1023 B",
    "1.0 KiB",
    "1.5 MiB",
    "3.0 TiB",
  ]);
});
