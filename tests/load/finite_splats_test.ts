// Gaussians with infinite or NaN numbers: what is clamped, what is left out, and what is said about it.

import { assertAlmostEquals, assertEquals, assertStrictEquals } from "@std/assert";
import { finiteSplats } from "../../load/finite_splats.ts";
import { someSplats } from "../support/splat_files.ts";

Deno.test("finiteSplats() returns the same object when all numbers are finite", () => {
  const splats = someSplats(4, 1);
  const result = finiteSplats(splats);
  assertStrictEquals(result.splats, splats);
  assertEquals(result.notices, []);
});

Deno.test("finiteSplats() clamps infinite opacities and scales, and leaves the others as they are", () => {
  const all = someSplats(4, 1);
  const { opacities, logScales } = someSplats(4, 1);
  all.opacities.set([Infinity, -Infinity]);
  all.logScales.set([-Infinity, Infinity, Infinity], 3);
  const { splats, notices } = finiteSplats(all);
  assertEquals(notices, [
    "Of 4 Gaussians: 2 with an infinite opacity, clamped; 1 with an infinite scale, clamped",
  ]);
  assertEquals(splats.count, 4);
  for (const [i, opacity] of [1 - 1e-6, 1e-6].entries()) {
    assertAlmostEquals(1 / (1 + Math.exp(-splats.opacities[i])), opacity, 1e-9);
  }
  assertEquals(splats.opacities.slice(2), opacities.slice(2));
  const largest = Math.max(...logScales.slice(0, 3), ...logScales.slice(6));
  assertEquals([...splats.logScales.slice(3, 6)], [-20, largest, largest]);
  assertEquals([...splats.logScales.slice(6)], [...logScales.slice(6)]);
});

Deno.test("finiteSplats() clamps scales to one unit when none is finite", () => {
  const all = { ...someSplats(2, 0), logScales: new Float32Array(6).fill(Infinity) };
  assertEquals(finiteSplats(all).splats.logScales, new Float32Array(6));
});

Deno.test("finiteSplats() leaves out rows with NaN anywhere, or an infinity where nothing can be clamped", () => {
  for (const field of ["means", "logScales", "quats", "opacities", "sh"] as const) {
    const all = someSplats(3, 1);
    const rest = someSplats(3, 1);
    const width = all[field].length / 3;
    all[field][width] = NaN;
    const { splats, notices } = finiteSplats(all);
    assertEquals(notices, ["Of 3 Gaussians: 1 left out, with numbers that are NaN or infinite"], field);
    assertEquals([...splats.means], [...rest.means.slice(0, 3), ...rest.means.slice(6)]);
    assertEquals([...splats.sh], [...rest.sh.slice(0, 12), ...rest.sh.slice(24)]);
  }
  const all = someSplats(3, 0);
  all.means[0] = -Infinity;
  all.quats[7] = Infinity;
  all.opacities[2] = Infinity;
  const { splats, notices } = finiteSplats(all);
  assertEquals(splats.count, 1);
  assertEquals(notices, [
    "Of 3 Gaussians: 2 left out, with numbers that are NaN or infinite; 1 with an infinite opacity, clamped",
  ]);
});
