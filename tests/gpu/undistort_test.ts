// Undistortion, the GPU against the CPU: the same pixels except for rounding.
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import type { Lens, LensModel } from "../../base/scene.ts";
import { pinholeOf, undistortImage } from "../../ffi/undistort.ts";
import { Random } from "../reference/random.ts";
import { pairTest } from "./devices.ts";

const COEFFICIENTS: Record<LensModel, number[]> = {
  brown: [-0.2, 0.08, -0.003, 0.005, 0.02, 0.05, -0.02, 0.01],
  fisheye: [0.04, -0.02, 0.003, -0.004, 0.01, -0.002, 0.005, -0.003],
  fov: [0.9],
  polynomial: [-0.2, 0.08, -0.003, 0.005, 0.02, -0.01, 0.004],
  division: [-0.2],
  eucm: [0.6, 1.2],
};

/** Largest share of values that rounding may change by one. */
const MOVED = 1e-3;

for (const [model, coefficients] of Object.entries(COEFFICIENTS) as [LensModel, number[]][]) {
  for (const channels of [1, 3, 4] as const) {
    pairTest(`undistortImage() agrees with the CPU on ${channels} channels of a ${model} lens`, async (pair) => {
      const [width, height] = [301, 203];
      const stated = { model, coefficients, width, height, fx: 260, fy: 264, cx: 149.2, cy: 103.7 };
      const chosen = pinholeOf(pair.cpu, stated);
      const lens: Lens = { ...stated, ...chosen };
      assertEquals(pinholeOf(pair.gpu, stated), chosen);
      const random = new Random(channels);
      const data = Uint8Array.from({ length: width * height * channels }, () => Math.floor(256 * random.uniform()));
      const image = { width, height, channels, data };
      const ours = await undistortImage(pair.gpu, image, lens);
      const theirs = await undistortImage(pair.cpu, image, lens);
      assertEquals([ours.width, ours.height], [theirs.width, theirs.height]);
      let moved = 0;
      for (let i = 0; i < theirs.data.length; i++) {
        // A colour with low alpha is a quotient of small numbers, where rounding is visible.
        const alpha = channels === 4 ? theirs.data[i - i % 4 + 3] : 255;
        const difference = Math.abs(ours.data[i] - theirs.data[i]);
        assertLessOrEqual(difference, alpha < 8 ? 255 : 1, `Value ${i}`);
        if (difference > 0 && alpha >= 8) moved++;
      }
      assert(moved <= MOVED * theirs.data.length, `${moved} of ${theirs.data.length} values differ`);
    });
  }
}
