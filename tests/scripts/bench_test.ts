// What a benchmark says: shares of a ceiling, ratios to an earlier run.

import { assertAlmostEquals, assertEquals } from "@std/assert";
import { boundsOf } from "../../scripts/bench/ceilings.ts";
import type { Part } from "../../scripts/bench/measure.ts";
import { againstText } from "../../scripts/bench/report.ts";

function part(name: string, least: number, work = "some"): Part {
  return { name, work, seconds: 2 * least, least, runs: 3 };
}

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
