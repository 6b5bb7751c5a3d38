// Bounds of scales by what the views resolve.
import { assert, assertAlmostEquals, assertEquals, assertGreater, assertNotEquals, assertRejects } from "@std/assert";
import type { Camera } from "../../base/scene.ts";
import { TameError } from "../../ffi/errors.ts";
import { Gaussians } from "../../ffi/gaussians.ts";
import { STEP, Trainer } from "../../ffi/trainer.ts";
import { makeViews } from "../gpu/training.ts";
import { deviceTest, testDevice } from "../support/device.ts";
import { limitedProblem, limitedState, PIXELS, STEPS } from "./limited.ts";
import { type State, stateOf } from "./world.ts";

/** The size of some pixels at a mean, in the camera that samples it most finely; 0 if none sees it. */
function smallestScale(mean: ArrayLike<number>, cameras: readonly Camera[], pixels: number): number {
  let rate = 0;
  for (const { rotation, translation, width, height, fx, fy, cx, cy, near = 0.2 } of cameras) {
    const [x, y, z] = [0, 3, 6].map((row, axis) =>
      rotation[row] * mean[0] + rotation[row + 1] * mean[1] + rotation[row + 2] * mean[2] + translation[axis]
    );
    const [u, v] = [fx * x / z + cx, fy * y / z + cy];
    const inside = (at: number, size: number) => at >= -0.15 * size && at <= 1.15 * size;
    if (z > near && inside(u, width) && inside(v, height)) rate = Math.max(rate, Math.max(fx, fy) / z);
  }
  return rate > 0 ? pixels / rate : 0;
}

deviceTest(
  "Trainer.limitScales() raises scales to the size of pixels in the view that resolves most",
  async (device) => {
    const { splats, cameras } = limitedProblem();
    const { smallest_scale, log_scales, log_scales_m } = await limitedState(device, []);
    let raised = 0;
    let unseen = 0;
    for (const [i, smallest] of smallest_scale.entries()) {
      const expected = smallestScale(splats.means.subarray(3 * i, 3 * i + 3), cameras, PIXELS);
      assertAlmostEquals(smallest, expected, 1e-5 * expected, `Gaussian ${i}`);
      if (expected === 0) unseen++;
      for (let k = 3 * i; k < 3 * i + 3; k++) {
        const bounded = expected > 0 ? Math.max(splats.logScales[k], Math.log(expected)) : splats.logScales[k];
        assertAlmostEquals(log_scales[k], bounded, 1e-5, `log-scale ${k}`);
        if (bounded > splats.logScales[k]) raised++;
        else assertEquals(log_scales[k], splats.logScales[k]);
      }
    }
    assertGreater(raised, 40);
    assertGreater(smallest_scale.length - unseen, 60);
    // Beside, above, too close, without a place: no bound, and no NaN.
    assertEquals([...smallest_scale.slice(75)], [0, 0, 0, 0, 0]);
    assert(log_scales_m.every((value) => value === 0));
  },
);

deviceTest("Trainer.limitScales() gives bounds that scale with the world", async (device) => {
  const { splats, photos, cameras } = limitedProblem();
  const scaled = async (factor: number): Promise<State> => {
    const means = splats.means.map((value) => factor * value);
    using gaussians = Gaussians.fromArrays(device, { ...splats, means });
    using views = makeViews(device, photos);
    using trainer = Trainer.create(gaussians, views, { smallestScales: true });
    const moved = cameras.map((camera) => ({
      ...camera,
      near: factor * 0.2,
      translation: camera.translation.map((value) => factor * value),
    }));
    await trainer.limitScales(moved, PIXELS);
    return await stateOf(trainer);
  };
  const [once, fourfold] = [await scaled(1), await scaled(4)];
  assertEquals(fourfold.smallest_scale, once.smallest_scale.map((value) => 4 * value));
});

deviceTest("Trainer.run() keeps scales at their bounds, and no other values", async (device) => {
  const before = await limitedState(device, []);
  for (const flags of [0, STEP.statistics, STEP.visible | STEP.noBias]) {
    const after = await limitedState(device, STEPS, { flags });
    let [bounded, shrunk] = [0, 0];
    for (const [k, value] of after.log_scales.entries()) {
      const smallest = before.smallest_scale[Math.floor(k / 3)];
      if (smallest > 0) assertGreater(value, Math.log(smallest) - 1e-5, `log-scale ${k}`);
      if (smallest > 0 && Math.abs(value - Math.log(smallest)) < 1e-5) bounded++;
      if (value < before.log_scales[k] - 1e-3) shrunk++;
    }
    assertGreater(bounded, 10);
    assertGreater(shrunk, 10);
    assertEquals(after.smallest_scale, before.smallest_scale);
    assertNotEquals(after.means, before.means);
  }
});

deviceTest("Trainer.run() keeps scales at their bounds with the same bits when it stores gradients", async (device) => {
  for (const flags of [STEP.statistics, STEP.visible | STEP.noBias]) {
    const fused = await limitedState(device, STEPS, { flags });
    assertEquals(await limitedState(device, STEPS, { flags, unfused: true }), fused);
  }
});

deviceTest("Trainer.run() and limitScales() give the same bits with 1, 2 or 3 threads", async () => {
  const states: State[] = [];
  for (const threads of [1, 2, 3]) {
    using device = await testDevice({ threads });
    states.push(await limitedState(device, STEPS));
  }
  assertEquals(states[1], states[0]);
  assertEquals(states[2], states[0]);
});

deviceTest("Columns.editRows() gives new rows the bound of their source", async (device) => {
  const { splats, photos, cameras } = limitedProblem();
  using gaussians = Gaussians.create(device, { capacity: 200, shDegree: 1, count: 80 });
  for (const field of ["means", "logScales", "quats", "opacities", "sh"] as const) {
    gaussians.upload(field, splats[field]);
  }
  using views = makeViews(device, photos);
  using trainer = Trainer.create(gaussians, views, { smallestScales: true });
  await trainer.limitScales(cameras, PIXELS);
  const before = trainer.columns.read("smallest_scale");
  await trainer.columns.editRows("0", [{ operation: "copy" }], { iteration: 1 });
  assertEquals([...trainer.columns.read("smallest_scale")], [...before, ...before]);
});

deviceTest("Trainer.limitScales() needs the state smallestScales", async (device) => {
  const { splats, photos, cameras } = limitedProblem();
  using gaussians = Gaussians.fromArrays(device, splats);
  using views = makeViews(device, photos);
  using trainer = Trainer.create(gaussians, views);
  await assertRejects(() => trainer.limitScales(cameras, PIXELS), TameError, "TAME_STATE_SMALLEST_SCALES");
});
