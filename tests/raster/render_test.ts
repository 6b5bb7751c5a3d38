// render() of Gaussians on the device against rasterize() of the same arrays, and the rounding to 8 bits.
import { assert, assertEquals } from "@std/assert";
import { Gaussians } from "../../ffi/gaussians.ts";
import { rasterize, render, renderFrame, renderImage8 } from "../../ffi/rasterizer.ts";
import { benignScene } from "../reference/scenes.ts";
import { assertSameBits } from "./compare.ts";
import { deviceTest } from "../support/device.ts";

for (const shDegree of [0, 1, 2, 3]) {
  deviceTest(`render() equals rasterize() bit for bit when SH degree is ${shDegree}`, async (device) => {
    const { splats, camera, background } = benignScene({ seed: 600 + shDegree, count: 150, shDegree });
    using gaussians = Gaussians.fromArrays(device, splats);
    using expected = rasterize(device, splats, camera, { background });
    const { width, height, rgb, alpha, depth } = await render(gaussians, camera, { background });
    assertEquals([width, height], [camera.width, camera.height]);
    assertSameBits(rgb, expected.image, "rgb");
    assertSameBits(alpha!, expected.alpha, "alpha");
    assertSameBits(depth!, expected.depth, "depth");
  });
}

for (const alpha of [false, true]) {
  const format = alpha ? "RGBA8" : "RGB8";
  deviceTest(`renderImage8() rounds and clamps as documented when the format is ${format}`, async (device) => {
    const { splats, camera } = benignScene({ seed: 611, count: 60, shDegree: 1 });
    // A background outside 0..1, so that values are clamped.
    const background: [number, number, number] = [1.5, -0.5, 0.5];
    using gaussians = Gaussians.fromArrays(device, splats);
    const exact = await render(gaussians, camera, { background });
    assert(exact.rgb.some((value) => value > 1.01) && exact.rgb.some((value) => value < -0.01));
    const { width, height, channels, data } = await renderImage8(gaussians, camera, { background, alpha });
    assertEquals([width, height, channels], [camera.width, camera.height, alpha ? 4 : 3]);
    assertEquals(data.length, width * height * channels);
    for (let pixel = 0; pixel < width * height; pixel++) {
      for (let channel = 0; channel < channels; channel++) {
        const value = channel < 3 ? exact.rgb[3 * pixel + channel] : exact.alpha![pixel];
        const scaled = Math.min(Math.max(255 * value + 0.5, 0), 255);
        // Within float32 rounding of a whole number, both neighbours are valid.
        const low = Math.trunc(scaled - 1e-4);
        const high = Math.trunc(Math.min(scaled + 1e-4, 255));
        const byte = data[channels * pixel + channel];
        assert(byte === low || byte === high, `Pixel ${pixel}, channel ${channel}: ${byte} for ${value}`);
      }
    }
  });
}

deviceTest("renderFrame() returns the bytes of renderImage8() and the planes of render()", async (device) => {
  const { splats, camera, background } = benignScene({ seed: 612, count: 60, shDegree: 1 });
  using gaussians = Gaussians.fromArrays(device, splats);
  const exact = await render(gaussians, camera, { background });
  const { image, alpha, depth } = await renderFrame(gaussians, camera, { background });
  assertEquals(image, await renderImage8(gaussians, camera, { background }));
  assertSameBits(alpha, exact.alpha!, "alpha");
  assertSameBits(depth, exact.depth!, "depth");
});

deviceTest("render() shows the background when there are no Gaussians", async (device) => {
  const { camera } = benignScene({ seed: 621, count: 1, shDegree: 0 });
  using gaussians = Gaussians.create(device, { capacity: 8, shDegree: 1, count: 0 });
  const { rgb, alpha } = await render(gaussians, camera, { background: [0.25, 0.5, 0.75] });
  assert(rgb.every((value, i) => value === [0.25, 0.5, 0.75][i % 3]));
  assert(alpha!.every((value) => value === 0));
});

deviceTest("render() uses black when no background is given", async (device) => {
  const { splats, camera } = benignScene({ seed: 622, count: 50, shDegree: 0 });
  using gaussians = Gaussians.fromArrays(device, splats);
  const black = await render(gaussians, camera, { background: [0, 0, 0] });
  assertSameBits((await render(gaussians, camera)).rgb, black.rgb, "rgb");
});

deviceTest("rasterize() frees all memory when it is disposed", (device) => {
  const { splats, camera } = benignScene({ seed: 623, count: 100, shDegree: 3 });
  const once = (): void => {
    using rasterization = rasterize(device, splats, camera, {});
    rasterization.backward(new Float32Array(rasterization.image.length).fill(1));
  };
  once();
  const { live } = device.memory();
  for (let i = 0; i < 5; i++) once();
  assertEquals(device.memory().live, live);
});
