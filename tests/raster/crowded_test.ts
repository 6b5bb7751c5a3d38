// More splats in a tile than a GPU sorts at a time, and more large splats than it processes at a time: they are blended
// in the order of their depths, for any order of the array.
import { assertEquals, assertLessOrEqual } from "@std/assert";
import { Gaussians, type SplatArrays } from "../../ffi/gaussians.ts";
import { renderColors } from "../../ffi/rasterizer.ts";
import { Random } from "../reference/random.ts";
import { deviceTest } from "../support/device.ts";

const ROTATION = [1, 0, 0, 0, 1, 0, 0, 0, 1];
/** 48 tiles. */
const CAMERA = { width: 128, height: 96, fx: 40, fy: 40, cx: 20, cy: 12, rotation: ROTATION, translation: [0, 0, 0] };
/** The pixel that all splats are centred on. */
const PIXEL = { x: 8, y: 8 };
const OPACITY = 0.005; // slightly above 1/255, so that about 1800 splats contribute
const SH_C0 = 0.28209479177387814;

/**
 * Gaussians of `sigma` pixels on the ray through a pixel, the k-th at depths[k], with different colours.
 */
function queue(depths: readonly number[], sigma: number): SplatArrays {
  const count = depths.length;
  const { fx, fy, cx, cy } = CAMERA;
  return {
    means: Float32Array.from({ length: 3 * count }, (_, i) => {
      const z = depths[Math.floor(i / 3)];
      return [(PIXEL.x + 0.5 - cx) / fx * z, (PIXEL.y + 0.5 - cy) / fy * z, z][i % 3];
    }),
    logScales: Float32Array.from({ length: 3 * count }, (_, i) => Math.log(sigma * depths[Math.floor(i / 3)] / fx)),
    quats: Float32Array.from({ length: 4 * count }, (_, i) => i % 4 === 0 ? 1 : 0),
    opacities: new Float32Array(count).fill(Math.log(OPACITY / (1 - OPACITY))),
    sh: Float32Array.from({ length: 3 * count }, (_, i) => (colorOf(depths[Math.floor(i / 3)], i % 3) - 0.5) / SH_C0),
    shDegree: 0,
  };
}

/** A colour that depends only on the depth, not on the Gaussian's index. */
function colorOf(depth: number, channel: number): number {
  const value = Math.sin(1e4 * depth * (channel + 1));
  return value * value;
}

/** The pixel's colour from Gaussians at rising depths. */
function blended(depths: readonly number[]): number[] {
  const color = [0, 0, 0];
  let transmittance = 1;
  for (const depth of depths) {
    if (transmittance * (1 - OPACITY) < 1e-4) break;
    for (let c = 0; c < 3; c++) color[c] += OPACITY * transmittance * colorOf(depth, c);
    transmittance *= 1 - OPACITY;
  }
  return color;
}

for (
  const [what, count, sigma] of [
    ["a tile holds 2048 splats", 2048, 0.5],
    ["a tile holds 2049 splats", 2049, 0.5],
    ["a tile holds 5000 splats", 5000, 0.5],
    ["a tile holds 20 000 splats", 20_000, 0.5],
    ["3000 splats reach every tile", 3000, 2000],
  ] as const
) {
  deviceTest(`render() blends front to back when ${what}`, async (device) => {
    const random = new Random(count);
    const rising = Array.from({ length: count }, (_, k) => 2 + 4 * (k + random.uniform(0, 0.9)) / count);
    const keys = rising.map(() => random.uniform());
    const mixed = rising.map((_, k) => k).sort((a, b) => keys[a] - keys[b]).map((k) => rising[k]);
    const images: Float32Array[] = [];
    for (const order of [rising, rising.toReversed(), mixed]) {
      using gaussians = Gaussians.fromArrays(device, queue(order, sigma));
      images.push((await renderColors(gaussians, CAMERA)).rgb);
    }
    const at = 3 * (PIXEL.y * CAMERA.width + PIXEL.x);
    blended(rising).forEach((value, c) => assertLessOrEqual(Math.abs(images[0][at + c] - value), 1e-3));
    for (const image of images.slice(1)) assertEquals(image, images[0]);
  });
}
