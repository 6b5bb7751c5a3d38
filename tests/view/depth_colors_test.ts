// Depths as colours: near is light, far is dark, nothing is black.
import { assert, assertEquals, assertGreater } from "@std/assert";
import { depthColors } from "../../view/depth_colors.ts";

/** Red, green and blue of each pixel. */
function pixels(depth: number[], alpha: number[] = depth.map(() => 1)): number[][] {
  const data = depthColors(Float32Array.from(depth), Float32Array.from(alpha));
  return Array.from(depth, (_, i) => [...data.subarray(3 * i, 3 * i + 3)]);
}

const light = (pixel: number[]): number => pixel[0] + pixel[1] + pixel[2];

Deno.test("depthColors() is light where it is near, on a scale of inverse depths", () => {
  const colors = pixels([1, 2, 4, 8, 16]);
  const lights = colors.map(light);
  assertEquals(lights, lights.toSorted((a, b) => b - a));
  assertEquals(colors[0], [255, 243, 210]);
  assertEquals(colors[4], [13, 22, 62]);
  assertGreater(lights[0] - lights[1], 5 * (lights[3] - lights[4]), "what is near is spread");
});

Deno.test("depthColors() leaves pixels black that are not covered, and they do not set the scale", () => {
  const colors = pixels([1, 1000, 2, 0], [1, 0.4, 0.6, 0]);
  assertEquals([colors[1], colors[3]], [[0, 0, 0], [0, 0, 0]]);
  assertEquals([colors[0], colors[2]], [[255, 243, 210], [13, 22, 62]]);
});

Deno.test("depthColors() has colours for one depth, and for none", () => {
  for (const pixel of pixels([3, 3, 3])) assert(light(pixel) > 0 && pixel.every(Number.isFinite));
  assertEquals(pixels([5, 5], [0, 0]), [[0, 0, 0], [0, 0, 0]]);
});

Deno.test("depthColors() lets no single pixel set the scale of a large image", () => {
  const depths = Array.from({ length: 1000 }, (_, i) => i === 500 ? 0.01 : 2 + i / 1000);
  assertEquals(light(pixels(depths)[0]) > 600, true);
});
