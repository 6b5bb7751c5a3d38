// Plots: their specifications are drawn with Vega-Lite.
import { assert, assertEquals } from "@std/assert";
import { DISPLAY } from "../../base/display.ts";
import { drawSvg } from "../../scripts/vega_svg.ts";
import { linePlot } from "../../notebook/plot.ts";

Deno.test("linePlot() gives a notebook a specification that Vega-Lite draws, one line for each series", async () => {
  const rows = ["1x", "3x"].flatMap((budget, i) =>
    [100, 200, 300].map((iteration) => ({ iteration, "psnr.test": 20 + i + iteration / 100, budget }))
  );
  const plot = linePlot(rows, { x: "iteration", y: "psnr.test", series: "budget" });
  const bundle = plot[DISPLAY]();
  assertEquals(bundle["application/vnd.vegalite.v5+json"], plot.spec);
  assertEquals(bundle["text/plain"], "Plot of psnr.test over iteration, 6 points");
  const { $schema: _, ...spec } = plot.spec; // the checkout draws with the next version
  const svg = await drawSvg(spec as unknown as Parameters<typeof drawSvg>[0]);
  // Screen readers get a line of each series, with what it shows.
  assertEquals([...svg.matchAll(/aria-roledescription="line mark"/g)].length, 2);
  assert(svg.includes("iteration: 300; psnr.test: 24; budget: 3x"), svg);
});

Deno.test("linePlot() leaves out what is not finite", () => {
  const { spec } = linePlot([{ x: 1, y: NaN }, { x: 2, y: Infinity }, { x: 3, y: 4 }], { x: "x", y: "y" });
  assertEquals((spec.data as { values: unknown }).values, [{ x: 3, y: 4 }]);
});
