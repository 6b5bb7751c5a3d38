// measure/color_correction.ts: what a correction must leave alone, and what it must undo.

import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { colorCorrected } from "../../measure/color_correction.ts";
import { TameError } from "../../ffi/errors.ts";
import type { Image } from "../../ffi/image.ts";
import { psnr } from "../../ffi/metrics.ts";
import { deviceTest } from "../support/device.ts";

/** An image of 12 × 8 whose values are `value` of their index. */
function imageOf(value: (index: number) => number): Image {
  return { width: 12, height: 8, rgb: Float32Array.from({ length: 3 * 12 * 8 }, (_, i) => value(i)) };
}

const PHOTO = imageOf((i) => 0.2 + 0.6 * ((i * 37) % 101) / 101);
const RENDER = imageOf((i) => PHOTO.rgb[i] + 0.1 * Math.sin(i));

/** The image with another gain and offset in each channel. */
function affine(image: Image, gains: number[], offsets: number[]): Image {
  return { ...image, rgb: image.rgb.map((value, i) => gains[i % 3] * value + offsets[i % 3]) };
}

function assertClose(a: Image, b: Image, tolerance: number): void {
  a.rgb.forEach((value, i) => assertAlmostEquals(value, b.rgb[i], tolerance));
}

Deno.test("colorCorrected() returns equal images as they are, to the bit", () => {
  const given = PHOTO.rgb.slice();
  const corrected = colorCorrected(PHOTO, { ...PHOTO, rgb: PHOTO.rgb.slice() });
  assertEquals(corrected, PHOTO);
  assert(corrected.rgb !== PHOTO.rgb);
  assertEquals(PHOTO.rgb, given);
});

Deno.test("colorCorrected() undoes any gain and offset of a channel of the render", () => {
  const changes: [number[], number[]][] = [
    [[0.5, 0.5, 0.5], [0, 0, 0]],
    [[1.3, 0.8, 0.6], [0.05, -0.02, 0.2]],
    [[3, 0.01, -1], [-1, 0.5, 1]],
  ];
  for (const [gains, offsets] of changes) {
    assertClose(colorCorrected(affine(PHOTO, gains, offsets), PHOTO), PHOTO, 2e-5);
    const corrected = colorCorrected(affine(RENDER, gains, offsets), PHOTO);
    assertClose(corrected, colorCorrected(RENDER, PHOTO), 2e-5);
  }
});

Deno.test("colorCorrected() divides by the regression of the render on the photo, and clips", () => {
  // One channel: photo 0, 0, 1, 1, render 0.1, 0.3, 0.4, 0.8: covariance 0.1, variance 0.25, so a = 0.4, b = 0.2.
  const grey = (values: number[]): Image => ({
    width: 2,
    height: 2,
    rgb: Float32Array.from(values.flatMap((value) => [value, value, value])),
  });
  const { rgb } = colorCorrected(grey([0.1, 0.3, 0.4, 0.8]), grey([0, 0, 1, 1]));
  [0, 0.25, 0.5, 1].forEach((value, pixel) => {
    for (let channel = 0; channel < 3; channel++) assertAlmostEquals(rgb[3 * pixel + channel], value, 1e-6);
  });
});

Deno.test("colorCorrected() makes the means equal where there is nothing to regress on", () => {
  const flat = imageOf(() => 0.3);
  const shifted = colorCorrected(imageOf((i) => 0.5 + 0.1 * ((Math.floor(i / 3) % 2) * 2 - 1)), flat);
  assertClose(shifted, imageOf((i) => 0.3 + 0.1 * ((Math.floor(i / 3) % 2) * 2 - 1)), 1e-6);
  const mean = [0, 1, 2].map((channel) =>
    PHOTO.rgb.filter((_, i) => i % 3 === channel).reduce((sum, value) => sum + value) / 96
  );
  assertClose(colorCorrected(flat, PHOTO), imageOf((i) => mean[i % 3]), 1e-6);
});

Deno.test("colorCorrected() rejects images of two sizes", () => {
  assertThrows(() => colorCorrected(PHOTO, { ...PHOTO, width: 8, height: 12 }), TameError, "differ in size");
});

deviceTest("the PSNR after colorCorrected() does not depend on exposure", (device) => {
  const corrected = (image: Image) => psnr(device, colorCorrected(image, PHOTO), PHOTO);
  const dark = affine(RENDER, [0.6, 0.6, 0.6], [0, 0, 0]);
  assert(psnr(device, dark, PHOTO) < psnr(device, RENDER, PHOTO) - 5);
  assertAlmostEquals(corrected(dark), corrected(RENDER), 1e-3);
});
