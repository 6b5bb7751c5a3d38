// Sparse steps: which rows change, and by how much.
import { assert, assertEquals, assertGreater, assertLessOrEqual } from "@std/assert";
import type { GaussianField, SplatArrays } from "../../ffi/gaussians.ts";
import { rasterize } from "../../ffi/rasterizer.ts";
import { GROUP, STEP } from "../../ffi/trainer.ts";
import { EVERYTHING, LEARNING_RATES } from "../gpu/training.ts";
import { assertSameBits } from "../raster/compare.ts";
import { deviceTest } from "../support/device.ts";
import { open, steps, twoSided } from "./world.ts";

const FIELDS: [Exclude<keyof SplatArrays, "shDegree">, GaussianField, number][] = [
  ["means", "means", GROUP.means],
  ["logScales", "logScales", GROUP.logScales],
  ["quats", "quats", GROUP.quats],
  ["opacities", "opacities", GROUP.opacities],
];
const SPARSE = { flags: STEP.visible | STEP.noBias, update: EVERYTHING };

deviceTest("Trainer.run() updates only visible Gaussians in a sparse step, all in others", async (device) => {
  const { splats, photos } = twoSided(80);
  for (const sparse of [true, false]) {
    using world = open(device, { splats, photos });
    // Moments for all, then a step in which one half is visible.
    await steps(world.trainer, [{ view: 0, update: EVERYTHING }, { view: 1, update: EVERYTHING }]);
    const before = world.gaussians.toArrays();
    using drawn = rasterize(device, before, photos[0].camera);
    const radii = drawn.radii();
    await steps(world.trainer, [{ ...SPARSE, flags: sparse ? SPARSE.flags : 0 }]);
    const after = world.gaussians.toArrays();
    for (const field of ["means", "logScales", "quats", "opacities", "sh"] as const) {
      const width = before[field].length / 80;
      const moved = Array.from(
        radii,
        (_, i) =>
          after[field].subarray(width * i, width * i + width).some((value, k) =>
            value !== before[field][width * i + k]
          ),
      );
      if (sparse) radii.forEach((radius, i) => assert(radius > 0 || !moved[i], `${field} of ${i} moved`));
      else assert(moved.some((yes, i) => yes && radii[i] === 0), `no hidden ${field} moved`);
      assertGreater(moved.filter((yes, i) => yes && radii[i] > 0).length, 20, field);
    }
  }
});

deviceTest("Trainer.run() updates by eta m / (sqrt(v) + epsilon) in a sparse step", async (device) => {
  const { splats, photos } = twoSided(80);
  using world = open(device, { splats, photos });
  await steps(world.trainer, [SPARSE]);
  // From zero moments, m / sqrt(v) is 0.1 g / sqrt(0.001 g^2) for any gradient g.
  const factor = 0.1 / Math.sqrt(0.001);
  for (const [name, field, group] of FIELDS) {
    const moves = world.gaussians.download(field).map((value, i) => Math.abs(value - splats[name][i]));
    const expected = factor * LEARNING_RATES[group];
    const moved = moves.filter((move) => move > 0);
    assertGreater(moved.length, moves.length / 4, field);
    for (const move of moved) assertLessOrEqual(move, 1.01 * expected, field);
    const exact = moved.filter((move) => Math.abs(move - expected) <= 1e-3 * expected);
    assertGreater(exact.length, 0.9 * moved.length, field);
  }
});

deviceTest(
  "Trainer.run() keeps the moments of hidden Gaussians and counts no steps when steps are sparse",
  async (device) => {
    const { splats, photos } = twoSided(80);
    const results = [];
    for (const views of [[1, 1, 1], [1, 0, 1, 0, 0, 1]]) {
      using world = open(device, { splats, photos });
      await steps(world.trainer, views.map((view) => ({ ...SPARSE, view })));
      results.push(world.gaussians.toArrays());
    }
    for (const field of ["means", "logScales", "quats", "opacities", "sh"] as const) {
      const width = splats[field].length / 80;
      const behind = results.map((arrays) => arrays[field].filter((_, i) => Math.floor(i / width) % 2 === 1));
      assertSameBits(behind[1], behind[0], field);
      assertEquals(
        behind[0].some((value, i) => value !== splats[field].filter((_, k) => Math.floor(k / width) % 2 === 1)[i]),
        true,
      );
    }
  },
);
