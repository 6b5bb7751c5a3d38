// The image oracles: values known in closed form, and the loss gradient against central differences.
import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { imageLossReference, psnrReference, type ReferenceImage, ssimReference } from "./image.ts";
import { Random } from "./random.ts";

Deno.test("psnrReference() is 30 dB when the mean squared error is 0.001", () => {
  assertAlmostEquals(psnrReference(flat(0.5), flat(0.5 + Math.sqrt(0.001))), 30, 1e-9);
});

Deno.test("ssimReference() is 1 when the images are equal", () => {
  const image = noise(1);
  assertAlmostEquals(ssimReference(image, image), 1, 1e-12);
  assertAlmostEquals(ssimReference(image, image, { padding: "valid" }), 1, 1e-12);
});

Deno.test("ssimReference() is the luminance term when flat images meet windows wholly inside", () => {
  const [a, b] = [0.2, 0.6];
  const expected = (2 * a * b + 1e-4) / (a * a + b * b + 1e-4);
  assertAlmostEquals(ssimReference(flat(a), flat(b), { padding: "valid" }), expected, 1e-12);
});

Deno.test("imageLossReference() has the gradient of central differences", () => {
  const [a, b] = [noise(1), noise(2)];
  const { value, gradient } = imageLossReference(a, b, { lambdaDssim: 0.3 });
  assertAlmostEquals(value, 0.7 * meanDifference(a, b) + 0.3 * (1 - ssimReference(a, b)), 1e-12);
  const step = 1e-6;
  for (let i = 0; i < a.rgb.length; i += 7) {
    const at = (change: number): number => {
      const rgb = Float64Array.from(a.rgb);
      rgb[i] += change;
      return imageLossReference({ ...a, rgb }, b, { lambdaDssim: 0.3 }).value;
    };
    assertLess(Math.abs((at(step) - at(-step)) / (2 * step) - gradient[i]), 1e-9, `Value ${i}`);
  }
});

Deno.test("imageLossReference() has no gradient when the images are equal", () => {
  const image = noise(3);
  const { value, gradient } = imageLossReference(image, image);
  assertAlmostEquals(value, 0, 1e-12);
  assertEquals(gradient.findIndex((d) => Math.abs(d) > 1e-12), -1);
});

function flat(value: number): ReferenceImage {
  return { width: 13, height: 12, rgb: new Float64Array(3 * 13 * 12).fill(value) };
}

function noise(seed: number): ReferenceImage {
  const random = new Random(seed);
  return { width: 13, height: 12, rgb: Float64Array.from({ length: 3 * 13 * 12 }, () => random.uniform()) };
}

function meanDifference(a: ReferenceImage, b: ReferenceImage): number {
  let sum = 0;
  for (let i = 0; i < a.rgb.length; i++) sum += Math.abs(a.rgb[i] - b.rgb[i]);
  return sum / a.rgb.length;
}
