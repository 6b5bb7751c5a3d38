// Training with anti-aliasing: the views, the bounds of scales, and the mark in the PLY.
import { assert, assertEquals, assertGreater, assertLess, assertNotEquals, assertStringIncludes } from "@std/assert";
import type { Scene } from "../../base/scene.ts";
import { savePly } from "../../export/splats.ts";
import type { Gaussians } from "../../ffi/gaussians.ts";
import { render } from "../../ffi/rasterizer.ts";
import { Views } from "../../ffi/views.ts";
import { loadPly } from "../../init/gaussians.ts";
import { parseSplatsPly } from "../../load/ply.ts";
import { evaluate } from "../../measure/evaluate.ts";
import { train } from "../../train/loop.ts";
import type { TrainOptions } from "../../train/options.ts";
import { limitedScales, SMALLEST_PIXELS } from "../../train/strategies/limited_scales.ts";
import { deviceTest } from "../support/device.ts";
import { strategyFor } from "../support/strategy.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";

/** Two events, and high rates: many scales reach their bounds. */
const RUN: TrainOptions = {
  iterations: 60,
  testIterations: [60],
  budget: 2,
  scalingLr: 0.1,
  densifyFromIter: 5,
  densificationInterval: 10,
  densifyUntilIter: 30,
};

/** The Gaussians of a run and its score, to be used while the Gaussians live. */
async function afterRun(
  parts: { device: Parameters<typeof train>[0]; scene: Scene; options: TrainOptions },
  use: (gaussians: Gaussians, psnr: number) => Promise<void>,
): Promise<void> {
  let psnr = NaN;
  for await (const event of train(parts.device, parts.scene, parts.options)) {
    if (event.type === "evaluate" && event.set === "test") psnr = event.psnr;
    if (event.type !== "done") continue;
    using gaussians = event.gaussians;
    await use(gaussians, psnr);
  }
}

deviceTest("train() renders anti-aliased with antialiasing, and marks the Gaussians", async (device) => {
  const scene = await syntheticScene(device);
  const path = await Deno.makeTempFile({ suffix: ".ply" });
  try {
    const views: (boolean | undefined)[] = [];
    const { setAsync } = Views.prototype;
    Views.prototype.setAsync = function (index, camera, photo) {
      views.push(camera.antialiasing);
      return setAsync.call(this, index, camera, photo);
    };
    try {
      await afterRun({ device, scene, options: { ...RUN, antialiasing: true } }, async (gaussians, psnr) => {
        assertEquals(gaussians.antialiasing, true);
        assertEquals(psnr, (await evaluate(gaussians, scene.test)).psnr);
        await savePly(gaussians, path);
        using loaded = await loadPly(device, path);
        assertEquals(loaded.antialiasing, true);
        const [{ camera }] = scene.test;
        assertEquals((await render(loaded, camera)).rgb, (await render(gaussians, camera)).rgb);
        gaussians.antialiasing = false;
        assertNotEquals(psnr, (await evaluate(gaussians, scene.test)).psnr);
      });
    } finally {
      Views.prototype.setAsync = setAsync;
    }
    assertEquals(views, Array(scene.train.length).fill(true));
    const { comments, ...splats } = parseSplatsPly(await Deno.readFile(path), path);
    assert(comments.includes("SplatRenderMode: mip"));

    // A run that starts from marked Gaussians is anti-aliased as well.
    const again = { ...scene, splats: { ...splats, means: Float32Array.from(splats.means), comments } };
    const options = { ...RUN, iterations: 3, testIterations: [], budget: 1, densifyUntilIter: 0 };
    await afterRun({ device, scene: again, options }, (gaussians) => {
      assertEquals(gaussians.antialiasing, true);
      return Promise.resolve();
    });
  } finally {
    await Deno.remove(path);
  }
});

deviceTest("savePly() writes no mark without antialiasing", async (device) => {
  const scene = await syntheticScene(device);
  const path = await Deno.makeTempFile({ suffix: ".ply" });
  try {
    await afterRun({ device, scene, options: RUN }, async (gaussians) => {
      assertEquals(gaussians.antialiasing, false);
      await savePly(gaussians, path);
    });
    const { comments } = parseSplatsPly(await Deno.readFile(path), path);
    assertStringIncludes(comments.join(), "opacity logit");
    assert(!comments.join().includes("SplatRenderMode"));
  } finally {
    await Deno.remove(path);
  }
});

deviceTest("train() keeps scales at what the training views resolve with antialiasing", async (device) => {
  const scene = await syntheticScene(device);
  for (const antialiasing of [false, true]) {
    await afterRun({ device, scene, options: { ...RUN, antialiasing } }, (gaussians) => {
      // Every camera is 4 units away from the origin, around which all points are within 2.
      const least = SMALLEST_PIXELS * (4 - 2) / scene.train[0].camera.fy;
      const smallest = gaussians.toArrays().logScales.reduce((low, value) => Math.min(low, value), Infinity);
      if (antialiasing) assertGreater(smallest, Math.log(least));
      else assertLess(smallest, Math.log(least));
      return Promise.resolve();
    });
  }
});

Deno.test("limitedScales() renews the bounds after events, and every 100 iterations after the last", async () => {
  const options: TrainOptions = {
    iterations: 950,
    densifyFromIter: 100,
    densificationInterval: 150,
    densifyUntilIter: 400,
    opacityResetInterval: 200,
  };
  const own = strategyFor(options);
  const strategy = limitedScales(own, { cameras: [], iterations: 950 });
  assertEquals([strategy.name, strategy.densification, strategy.fullGradientDepth], [
    own.name,
    own.densification,
    own.fullGradientDepth,
  ]);
  assertEquals(strategy.trainerState, { smallestScales: true });
  const mcmc = strategyFor({ strategy: "mcmc" });
  assertEquals(limitedScales(mcmc, { cameras: [], iterations: 950 }).initial, mcmc.initial!);
  const renewed: number[] = [];
  const stand = { limitScales: (_: unknown, pixels: number) => Promise.resolve(void renewed.push(pixels)) };
  const events = Array.from({ length: 950 }, (_, i) => i + 1).filter(strategy.isEvent);
  assertEquals(events, [1, 150, 200, 300, 400, 500, 600, 700, 800]);
  for (const iteration of [1, 400, 800]) {
    // deno-lint-ignore no-explicit-any
    await strategy.apply(stand as any, { iteration, event: 0, events: 2, shDegree: 0, background: [0, 0, 0] });
  }
  assertEquals(renewed, Array(3).fill(SMALLEST_PIXELS));
});
