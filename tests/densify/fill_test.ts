// Rows that fill up the budget if there are too few candidates: a Gaussian and its copy share the opacity (Bulò et al.
// 2024, equation 9), so that the render hardly changes.
import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLess } from "@std/assert";
import type { SplatArrays } from "../../ffi/gaussians.ts";
import { render } from "../../ffi/rasterizer.ts";
import { STEP } from "../../ffi/trainer.ts";
import { grow, type GrowOptions } from "../../train/strategies/grow.ts";
import { assertSameBits } from "../raster/compare.ts";
import { deviceTest } from "../support/device.ts";
import { longestAxes, meanGradients, middle, open, sources, steps, twoSided } from "./world.ts";

const COUNT = 120;
const FIELDS = ["means", "logScales", "quats", "opacities", "sh"] as const;
/** Nothing is a candidate, and rows of any size that fill up are cloned. */
const CLONES_FILL = { iteration: 500, round: 0, gradientThreshold: 1e30, sizeThreshold: 1e9, fill: true };

for (const mode of ["logit", "linear"] as const) {
  deviceTest(
    `grow() shares only ${mode} opacities of rows that fill up with their copies`,
    async (device) => {
      using world = open(device, twoSided(COUNT));
      const { trainer, gaussians } = world;
      trainer.setOpacityMode(mode);
      await steps(trainer, [0, 1, 1, 0].map((view) => ({ view, flags: STEP.statistics })));
      await trainer.score([0, 1], new Array(12).fill(1), { shDegree: 1, background: [0, 0, 0] });
      const before = gaussians.toArrays();
      const [gradients, axes] = [meanGradients(trainer), longestAxes(before)];
      const options: GrowOptions = {
        ...CLONES_FILL,
        target: 2 * COUNT - 10,
        gradientThreshold: middle(gradients.filter((value) => value > 0)),
        sizeThreshold: middle(axes),
      };
      const result = await grow(trainer, options);
      const after = gaussians.toArrays();
      const rows = sources(gaussians);
      const grown = new Set(rows.slice(COUNT));
      const isCandidate = (i: number) => gradients[i] >= options.gradientThreshold;
      const isFilled = (i: number) => grown.has(i) && !isCandidate(i) && axes[i] <= options.sizeThreshold;
      rows.forEach((source, row) => {
        const old = before.opacities[source];
        const now = after.opacities[row];
        if (isFilled(source)) assertAlmostEquals(now, sharedLogit(old), 1e-5, `row ${row}`);
        else assertEquals(now, old, `row ${row}`);
        for (const field of ["means", "logScales", "quats", "sh"] as const) {
          if (!isFilled(source)) continue;
          assertSameBits(rowOf(after, field, row), rowOf(before, field, source), `${field} of row ${row}`);
        }
      });
      // There are rows of each kind, and both rows of each pair.
      const filled = rows.filter(isFilled);
      assertEquals(filled.length, 2 * new Set(filled).size);
      assertGreater(filled.length, 20);
      assertGreater(result.filled, filled.length / 2); // the others were split
      assertGreater([...grown].filter((i) => isCandidate(i) && axes[i] <= options.sizeThreshold).length, 10);
      assertEquals(COUNT - grown.size, 10);
    },
  );
}

deviceTest("grow() keeps the moments of a row that fills up and gives its copy none", async (device) => {
  const FILLED = 25;
  const results = [];
  for (const target of [COUNT, COUNT + FILLED]) {
    using world = open(device, twoSided(COUNT));
    const { trainer, gaussians } = world;
    // Statistics of only the far side, which therefore fills up, and which the last step does not see.
    await steps(trainer, [0, 1, 0, 1, 1].map((view) => ({ view, flags: view === 1 ? STEP.statistics : 0 })));
    assertEquals((await grow(trainer, { ...CLONES_FILL, target })).filled, target - COUNT);
    const before = gaussians.toArrays();
    await steps(trainer, [{}]);
    results.push({ before, after: gaussians.toArrays(), grown: sources(gaussians).slice(COUNT) });
  }
  const [plain, filled] = results;
  assert(filled.grown.every((i) => i % 2 === 1));
  let moved = 0;
  for (const i of filled.grown) {
    // Momentum changes a hidden row by as much as without the event.
    for (const field of FIELDS) {
      if (field !== "opacities") assertSameBits(rowOf(filled.after, field, i), rowOf(plain.after, field, i), field);
    }
    const move = plain.after.opacities[i] - plain.before.opacities[i];
    assertAlmostEquals(filled.after.opacities[i] - filled.before.opacities[i], move, 1e-6);
    if (Math.abs(move) > 1e-4) moved++;
  }
  assertGreater(moved, FILLED / 2);
  for (let row = COUNT; row < COUNT + FILLED; row++) {
    for (const field of FIELDS) {
      assertSameBits(rowOf(filled.after, field, row), rowOf(filled.before, field, row), field);
    }
  }
});

deviceTest("grow() changes the render much less when it fills up than exact copies would", async (device) => {
  // Away from the mean, with falloff G, (1 - o' G)^2 is not exactly 1 - o G, so wide splats change less.
  for (const [count, logScale, share] of [[COUNT, undefined, 0.3], [6, 2, 0.07]] as const) {
    const changes = [];
    for (const gradientThreshold of [1e30, 0]) { // nothing is a candidate, everything is
      const { splats, photos } = twoSided(count);
      if (logScale !== undefined) splats.logScales.fill(logScale);
      using world = open(device, { splats, photos });
      const { rgb: before } = await render(world.gaussians, photos[0].camera);
      const result = await grow(world.trainer, { ...CLONES_FILL, gradientThreshold, target: 2 * count });
      assertEquals([result.cloned, result.filled], [count, gradientThreshold === 0 ? 0 : count]);
      const { rgb: after } = await render(world.gaussians, photos[0].camera);
      changes.push(before.reduce((sum, value, i) => sum + Math.abs(after[i] - value), 0) / before.length);
    }
    const [filled, copied] = changes;
    assertLess(filled, share * copied);
  }
});

/** The logit of 1 - sqrt(1 - o), from that of o. */
function sharedLogit(logit: number): number {
  const left = Math.sqrt(1 / (1 + Math.exp(logit)));
  return Math.log((1 - left) / left);
}

function rowOf(arrays: SplatArrays, field: typeof FIELDS[number], row: number): Float32Array {
  const width = arrays[field].length / arrays.opacities.length;
  return arrays[field].subarray(width * row, width * (row + 1));
}
