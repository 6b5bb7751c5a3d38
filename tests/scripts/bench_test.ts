// What a benchmark says: lines through points, shares of a ceiling, ratios to an earlier run.

import { assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { boundsOf } from "../../scripts/bench/ceilings.ts";
import type { Part } from "../../scripts/bench/measure.ts";
import { againstText } from "../../scripts/bench/report.ts";
import { line, scale } from "../../scripts/bench/scale.ts";
import { deviceTest } from "../support/device.ts";

function part(name: string, least: number, work = "some"): Part {
  return { name, work, seconds: 2 * least, least, runs: 3 };
}

Deno.test("line() finds slope, offset and r2 when points lie on a line, and a smaller r2 when they do not", () => {
  const { slope, offset, r2 } = line([1, 2, 5], [5, 7, 13]);
  assertAlmostEquals(slope, 2, 1e-12);
  assertAlmostEquals(offset, 3, 1e-12);
  assertAlmostEquals(r2, 1, 1e-12);
  assertAlmostEquals(line([0, 1, 2], [0, 1, 0]).r2, 0, 1e-12);
});

Deno.test("againstText() pairs parts by name and work when either benchmark has others", () => {
  const text = againstText(
    [part("a", 0.002), part("b", 0.001), part("a", 0.003, "more")],
    [part("a", 0.004), part("c", 0.001)],
  );
  const [, row, ...others] = text.split("\n");
  assertEquals(row.trim().split(/ +/), ["a", "some", "4.00", "2.00", "0.50"]);
  assertEquals(others, []);
});

Deno.test("boundsOf() sets each phase's work beside its ceiling when the counts are known", () => {
  const phases = ["project", "bin", "blend", "loss", "blendBackward", "optimize"];
  const counts = {
    gaussians: 1000,
    visible: 0,
    pixels: 0,
    instances: 0,
    evaluated: 1_000_000,
    blended: 0,
    parameters: 59,
  };
  const parts = phases.map((phase) => part(`phase: ${phase}`, 0.001));
  const bounds = boundsOf({ parts, counts }, { flops: 1e12, bandwidth: 1e10 });
  assertEquals(bounds.map(({ phase }) => phase), phases);
  const of = (name: string) => bounds.find(({ phase }) => phase === name)!;
  assertEquals([of("optimize").unit, of("blend").unit], ["byte", "flop"]);
  assertAlmostEquals(of("optimize").share, 24 * 59 * 1000 / 0.001 / 1e10, 1e-9);
  assertAlmostEquals(of("blend").share, of("blend").perSecond / 1e12, 1e-12);
});

deviceTest("scale() profiles a step with one thread and with two when threads grow", async (device) => {
  if (device.backend !== "cpu") return;
  const points = await scale(device, "threads", 2);
  assertEquals(points.map(({ threads }) => threads), [1, 2]);
  const [one, two] = points;
  assertEquals(one.counts, two.counts);
  for (const { parts } of points) {
    assertMatch(parts.map(({ name }) => name).join(), /^step: … and Adam,phase: project,.*phase: optimize$/);
    for (const { name, least } of parts) assertEquals(least > 0, true, name);
  }
});
