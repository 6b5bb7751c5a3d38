// psnr(), ssim() and imageLoss() against their oracles.
import { assert, assertAlmostEquals, assertEquals, assertLessOrEqual } from "@std/assert";
import type { Image } from "../../ffi/image.ts";
import { imageLoss, psnr, ssim } from "../../ffi/metrics.ts";
import { imageLossReference, psnrReference, ssimReference } from "../reference/image.ts";
import { Random } from "../reference/random.ts";
import { deviceTest } from "../support/device.ts";

const METRIC_ERROR = 1e-6;
// The loss is computed in float32, where a window's variance is the difference of two almost equal numbers. The error
// is visible if there is no L1 term.
const LOSS_ERROR = { value: 1e-5, gradient: 1e-4 };
const SSIM_LOSS_ERROR = { value: 5e-5, gradient: 5e-4 };

/** Pairs of images, from similar to different, in irregular sizes. */
const PAIRS: { name: string; a: Image; b: Image }[] = [
  { name: "noise", a: noise(37, 29, 1), b: noise(37, 29, 2) },
  { name: "noise on a ramp", ...rampPair(53, 41, 0.05) },
  { name: "almost equal", ...rampPair(40, 31, 1e-3) },
  { name: "constant and different", a: flat(30, 22, 0.2), b: flat(30, 22, 0.9) },
  { name: "smaller than the window", a: noise(7, 3, 3), b: noise(7, 3, 4) },
  { name: "one pixel", a: noise(1, 1, 5), b: noise(1, 1, 6) },
  { name: "out of range", a: scaledBy(noise(33, 20, 7), 3), b: noise(33, 20, 8) },
];

for (const { name, a, b } of PAIRS) {
  deviceTest(`psnr() agrees with the oracle when the images are: ${name}`, (device) => {
    assertAlmostEquals(psnr(device, a, b), psnrReference(a, b), METRIC_ERROR);
  });

  deviceTest(`ssim() agrees with the oracle when the images are: ${name}`, (device) => {
    assertAlmostEquals(ssim(device, a, b), ssimReference(a, b), METRIC_ERROR);
    if (Math.min(a.width, a.height) < 11) return;
    const padding = "valid";
    assertAlmostEquals(ssim(device, a, b, { padding }), ssimReference(a, b, { padding }), METRIC_ERROR);
  });

  for (const lambdaDssim of [undefined, 0, 1]) {
    const weight = lambdaDssim === undefined ? "absent" : `${lambdaDssim}`;
    deviceTest(
      `imageLoss() agrees with the oracle when lambdaDssim is ${weight} and the images are: ${name}`,
      (device) => {
        const options = lambdaDssim === undefined ? {} : { lambdaDssim: Math.fround(lambdaDssim) };
        const expected = imageLossReference(a, b, { lambdaDssim: Math.fround(lambdaDssim ?? 0.2) });
        const { value, gradient } = imageLoss(device, a, b, options);
        const bound = lambdaDssim === 1 ? SSIM_LOSS_ERROR : LOSS_ERROR;
        assertAlmostEquals(value, expected.value, bound.value);
        assertEquals(gradient.length, expected.gradient.length);
        const largest = expected.gradient.reduce((most, d) => Math.max(most, Math.abs(d)), 0);
        for (let i = 0; i < gradient.length; i++) {
          const error = Math.abs(gradient[i] - expected.gradient[i]);
          const where = `Gradient ${i} is ${gradient[i]}, the oracle has ${
            expected.gradient[i]
          }; the largest is ${largest}`;
          assertLessOrEqual(error, bound.gradient * largest, where);
        }
      },
    );
  }
}

deviceTest("psnr() is infinite when the images are equal", (device) => {
  assertEquals(psnr(device, PAIRS[0].a, PAIRS[0].a), Infinity);
});

deviceTest("psnr() is 30 dB when the mean squared error is 0.001", (device) => {
  assertAlmostEquals(psnr(device, flat(30, 22, 0.5), flat(30, 22, 0.5 + Math.sqrt(1e-3))), 30, 1e-4);
});

deviceTest("ssim() is 1 when the images are equal", (device) => {
  for (const { a } of PAIRS) assertAlmostEquals(ssim(device, a, a), 1, METRIC_ERROR);
});

deviceTest("imageLoss() is 0 with no gradient when the images are equal", (device) => {
  const { a } = PAIRS[1];
  const { value, gradient } = imageLoss(device, a, a);
  assertAlmostEquals(value, 0, LOSS_ERROR.value);
  // Against 1 / (3 W H), the gradient of one value's absolute difference.
  assert(gradient.every((d) => Math.abs(d) * gradient.length <= LOSS_ERROR.gradient));
});

function noise(width: number, height: number, seed: number): Image {
  const random = new Random(seed);
  return { width, height, rgb: Float32Array.from({ length: 3 * width * height }, () => random.uniform()) };
}

function flat(width: number, height: number, value: number): Image {
  return { width, height, rgb: new Float32Array(3 * width * height).fill(value) };
}

// A smooth image, and the same with noise.
function rampPair(width: number, height: number, deviation: number): { a: Image; b: Image } {
  const random = new Random(width);
  const b = flat(width, height, 0);
  b.rgb.forEach((_, i) => b.rgb[i] = 0.1 + 0.8 * (Math.floor(i / 3) % width) / width);
  return { a: { width, height, rgb: b.rgb.map((value) => value + deviation * random.normal()) }, b };
}

function scaledBy(image: Image, factor: number): Image {
  return { ...image, rgb: image.rgb.map((value) => value * factor) };
}
