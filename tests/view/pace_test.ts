// How large frames are, and when the next one is due.
import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLess } from "@std/assert";
import { Pace } from "../../view/pace.ts";

const PIXELS = 1_000_000;

/** Frames cost 10 ms, and 100 ns for each pixel: 110 ms at full size. */
function milliseconds(pixels: number): number {
  return 10 + 1e-4 * pixels;
}

/** Renders frames until their size no longer changes; returns the scales. */
function settle(pace: Pace, pixels = PIXELS): { moving: number; resting: number } {
  const scales = { moving: 0, resting: 0 };
  for (let i = 0; i < 60; i++) {
    for (const kind of ["moving", "resting"] as const) {
      scales[kind] = pace.scale(pixels, kind === "moving");
      const rendered = scales[kind] ** 2 * pixels;
      pace.rendered(rendered, milliseconds(rendered), kind === "moving");
    }
  }
  return scales;
}

Deno.test("frames of a moving camera take at most 25 ms, those of one at rest have all pixels if that is soon", () => {
  const { moving, resting } = settle(new Pace(() => 0));
  assertLess(milliseconds(moving ** 2 * PIXELS), 25);
  assertGreater(milliseconds((moving + 1 / 8) ** 2 * PIXELS), 25); // no smaller than it must be
  assertEquals(resting, 1);
});

Deno.test("frames of a camera at rest take at most 250 ms", () => {
  const { resting } = settle(new Pace(() => 0), 9 * PIXELS);
  assertLess(milliseconds(resting ** 2 * 9 * PIXELS), 250);
  assertGreater(resting, 0.3);
});

Deno.test("a frame is never smaller than an eighth, however long it takes", () => {
  const pace = new Pace(() => 0);
  for (let i = 0; i < 20; i++) pace.rendered(pace.scale(PIXELS, true) ** 2 * PIXELS, 900, true);
  assertEquals(pace.scale(PIXELS, true), 1 / 8);
});

Deno.test("a camera at rest leaves nine tenths of the time to the run, and four frames a second at most", () => {
  const pace = new Pace(() => 1000);
  assertEquals(pace.nextAtRest(100), 1900);
  assertEquals(pace.nextAtRest(1), 1250);
});

Deno.test("frames with all detail take a quarter of the time, whatever pages ask for", () => {
  let now = 0;
  const pace = new Pace(() => now);
  let spent = 0;
  while (now < 100_000) {
    now += 50; // a batch of steps
    const took = pace.mayRefine ? 250 : 25;
    now += took;
    if (took === 250) spent += took;
    pace.rendered(PIXELS, took, took === 25);
  }
  assertGreater(spent, 20_000);
  assertLess(spent, 25_500);
});

Deno.test("frames take at most half of the time, whatever pages ask for", () => {
  let now = 0;
  const pace = new Pace(() => now);
  let spent = 0;
  while (now < 100_000) {
    now += 50; // a batch of steps
    if (!pace.mayRender) continue;
    now += 400;
    spent += 400;
    pace.rendered(PIXELS, 400, true);
  }
  assertGreater(spent, 45_000);
  assertLess(spent, 50_500);
});

Deno.test("the share is that of the last ten seconds", () => {
  let now = 0;
  const pace = new Pace(() => now);
  assertEquals(pace.share(), 0);
  now = 2000;
  pace.rendered(100, 500, true);
  assertAlmostEquals(pace.share(), 0.25);
  now = 8000;
  pace.spent(1500);
  now = 11_000;
  assertAlmostEquals(pace.share(), 0.2);
  now = 12_500;
  assertAlmostEquals(pace.share(), 0.15);
  assert(pace.share() <= 1);
});
