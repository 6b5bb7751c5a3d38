// The charts of reports: what they draw, and the numbers of train.csv that they are made of.

import { assert, assertAlmostEquals, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { DataError } from "../../../base/errors.ts";
import { type Chart, chartsFile, chartSvg } from "../../../cli/report/chart.ts";
import { parseTrainLog, trainingCharts } from "../../../cli/report/train_log.ts";

const CHART: Chart = {
  title: "Loss <&>",
  along: "iterations",
  points: [{ x: 0, y: 1 }, { x: 50, y: NaN }, { x: 100, y: 3 }],
  text: (value) => `${value} units`,
};

Deno.test("chartSvg() draws a line through what is finite, its last value, and grid lines at round numbers", () => {
  const svg = chartSvg(CHART)!;
  const line = /class="line" d="M(\S+) (\S+)L(\S+) (\S+)"/.exec(svg)!.slice(1).map(Number);
  const [x0, y0, x1, y1] = line;
  assert(x1 > x0 && y1 < y0, "to the right and up");
  assertStringIncludes(svg, ">3 units<");
  assertStringIncludes(svg, "Loss &lt;&amp;&gt;");
  // The grid line of 2 is halfway between the points.
  const two = /d="M\d+ (\S+?)H\d+"\/><text class="side"[^>]*>2</.exec(svg)!;
  assertAlmostEquals(Number(two[1]), (y0 + y1) / 2, 0.11);
  for (const [, x] of svg.matchAll(/ x="([\d.]+)"/g)) assert(Number(x) <= 320, "nothing is beside the drawing");
});

Deno.test("chartSvg() draws logarithms, a single point, and nothing without points", () => {
  const points = [1, 10, 100].map((y, x) => ({ x, y }));
  const svg = chartSvg({ ...CHART, points: [...points, { x: 3, y: 0 }], logarithmic: true })!;
  const [, , a, , b, , c] = /class="line" d="(M)(\S+) (\S+)L(\S+) (\S+)L(\S+) (\S+)"/.exec(svg)!.slice(1).map(Number);
  assertAlmostEquals(a - b, b - c, 0.21);
  assertEquals(chartSvg({ ...CHART, points: [{ x: 7, y: 5 }] })!.match(/class="mark"/g)?.length, 1);
  assertEquals(chartSvg({ ...CHART, points: [{ x: 1, y: NaN }] }), undefined);
  assertEquals(chartSvg({ ...CHART, points: [{ x: 1, y: -1 }], logarithmic: true }), undefined);
});

Deno.test("chartsFile() puts charts beside each other in one SVG file", () => {
  const file = chartsFile([CHART, { ...CHART, points: [] }, CHART])!;
  assertStringIncludes(file, 'width="640" height="180"');
  assertEquals(file.match(/<g class="chart"/g)?.length, 2);
  assertEquals(chartsFile([]), undefined);
});

Deno.test("trainingCharts() averages losses and speeds, and takes scores from evaluations and the final one", () => {
  const rows = Array.from(
    { length: 600 },
    (_, i) => `${i + 1},${i % 2},${i},${(i + 1) / 100},1048576,,,,${i === 99 ? "21,0.5" : ","}`,
  );
  const csv = ["iteration,loss,gaussians,seconds,memory,pruned,cloned,split,psnr,ssim", ...rows].join("\n");
  const log = parseTrainLog(csv, "train.csv");
  const { loss, gaussians, psnr, ssim, rate, memory } = trainingCharts(log, "seconds", 30);
  assertEquals([loss.points.length, loss.points[7].y, loss.points[0].x], [300, 0.5, 0.02]);
  assertEquals(gaussians.points.at(-1), { x: 6, y: 599 });
  assertEquals(psnr.points, [{ x: 1, y: 21 }, { x: 6, y: 30 }]);
  assertEquals(ssim.points, [], "one point is no curve");
  for (const { y } of rate.points) assertAlmostEquals(y, 100, 1e-6);
  assertEquals(memory.points[5].y, 1);
  assertEquals(trainingCharts(log, "iteration").loss.points[0].x, 2);
  assertEquals(trainingCharts(log.slice(10), "iteration").rate.points[0].x, 14, "what came before is unknown");
  assertEquals(Object.values(trainingCharts([], "iteration")).flatMap(({ points }) => points), []);
});

Deno.test("parseTrainLog() reads losses that are not finite, and names the line of what is no number", () => {
  assertEquals(parseTrainLog("iteration,loss,gaussians,seconds\n1,NaN,3,1\n", "train.csv")[0].loss, NaN);
  const damaged = "iteration,loss,gaussians,seconds\n1,0.5,3,1\n2,0.5,many,2\n";
  const error = assertThrows(() => parseTrainLog(damaged, "train.csv"), DataError, "Column gaussians has no number");
  assertStringIncludes(error.message, "3");
});
