// PLY files of Mip-Splatting, which state a 3D filter instead of applying it.

import { assertAlmostEquals, assertEquals } from "@std/assert";
import { parseSplatsPly } from "../../load/ply.ts";
import { isAntialiased } from "../../load/render_mode.ts";
import { someSplats, splatsPly } from "../support/splat_files.ts";

Deno.test("parseSplatsPly() applies filter_3D to scales and opacities, and marks the Gaussians as anti-aliased", () => {
  const before = someSplats(3, 1);
  const filter = [0, 0.05, 2];
  const after = parseSplatsPly(splatsPly(before, { filter_3D: filter }), "mip.ply");
  assertEquals(isAntialiased(after.comments), true);
  assertEquals([after.means, after.quats, after.sh], [before.means, before.quats, before.sh]);
  filter.forEach((deviation, i) => {
    let ratio = 1;
    for (let axis = 3 * i; axis < 3 * i + 3; axis++) {
      const scale = Math.exp(before.logScales[axis]);
      const filtered = Math.hypot(scale, Math.fround(deviation));
      assertAlmostEquals(after.logScales[axis], Math.log(filtered), 1e-6);
      ratio *= scale / filtered;
    }
    const opacity = ratio / (1 + Math.exp(-before.opacities[i]));
    assertAlmostEquals(1 / (1 + Math.exp(-after.opacities[i])), opacity, 1e-6 * opacity + 1e-9);
  });
});

Deno.test("parseSplatsPly() does not change Gaussians without filter_3D", () => {
  const before = someSplats(3, 1);
  const after = parseSplatsPly(splatsPly(before, { filter: [1, 1, 1] }), "plain.ply");
  assertEquals(after, before);
});
