// Images side by side.
import { assertEquals } from "@std/assert";
import type { Image8 } from "../../base/scene.ts";
import { imageGrid, leftHalf } from "../../eval/image_grid.ts";

/** An image of two by one pixels. */
function pair(left: number, right: number): Image8 {
  return { width: 2, height: 1, channels: 3, data: Uint8Array.from([left, left, left, right, right, right]) };
}

/** The first channel, row by row. */
function values({ width, height, data }: Image8): number[][] {
  return Array.from({ length: height }, (_, y) => Array.from({ length: width }, (_, x) => data[3 * (y * width + x)]));
}

Deno.test("imageGrid() fills rows from left to right, and leaves the rest black", () => {
  const images = [pair(1, 2), pair(3, 4), pair(5, 6)];
  assertEquals(values(imageGrid(images, 2)), [[1, 2, 3, 4], [5, 6, 0, 0]]);
  assertEquals(values(imageGrid(images, 1)), [[1, 2], [3, 4], [5, 6]]);
  assertEquals(values(imageGrid(images, 4)), [[1, 2, 3, 4, 5, 6, 0, 0]]);
});

Deno.test("leftHalf() takes the first of two images", () => {
  const image = imageGrid([pair(1, 2), pair(3, 4), pair(5, 6), pair(7, 8)], 2);
  assertEquals(values(leftHalf(image)), [[1, 2], [5, 6]]);
});
