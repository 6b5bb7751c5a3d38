// Photos and renders in one picture.
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { sideBySide } from "../../eval/side_by_side.ts";

Deno.test("sideBySide() joins renders and photos, with alpha over black, row by row", () => {
  const render = { width: 1, height: 2, rgb: new Float32Array([1, 0, 0, 2, 0, -1]) };
  const photo = { width: 1, height: 2, channels: 4, data: new Uint8Array([255, 255, 255, 0, 0, 51, 0, 255]) } as const;
  const { width, height, rgb } = sideBySide(render, photo);
  assertEquals([width, height], [2, 2]);
  const expected = [1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0.2, 0];
  for (const [i, value] of expected.entries()) assertAlmostEquals(rgb[i], value, 1e-6);
});

Deno.test("sideBySide() refuses no images, and images that differ in size", () => {
  assertThrows(() => sideBySide(), RangeError, "no image");
  const wide = { width: 2, height: 1, rgb: new Float32Array(6) };
  const high = { width: 1, height: 2, rgb: new Float32Array(6) };
  assertThrows(() => sideBySide(wide, high), RangeError, "2 x 1 and 1 x 2");
});
