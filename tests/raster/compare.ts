// How closely a backend must agree with the oracle, and at which pixels it need not.
import { assert, assertEquals, assertLessOrEqual, fail } from "@std/assert";
import { type Rasterization, rasterize, type SplatGradients } from "../../ffi/rasterizer.ts";
import type { Device } from "../../ffi/device.ts";
import { Random } from "../reference/random.ts";
import { rasterizeReference, type ReferenceGradients, type ReferenceRasterization } from "../reference/rasterizer.ts";
import type { TestScene } from "../reference/scenes.ts";
import { testBackend } from "../support/device.ts";

/** Largest error of a benign image; the GPU's exponentials are coarser. */
export const BENIGN_ERROR = testBackend === "cuda" ? 2e-4 : 2e-5;
/** Bounds for 99 % of a hostile image's values, and for all of them. */
export const HOSTILE_ERROR = { p99: 1e-4, max: 1e-3 };

const LARGEST_EXCLUDED_SHARE = 0.005;
const GRADIENT_ERROR = 1e-3;
const MEDIAN_GRADIENT_ERROR = 1e-4;

/** Loss gradients of a random loss over the pixels that the oracle does not exclude. */
export interface Upstream {
  dImage: Float32Array;
  dAlpha: Float32Array;
}

/** A scene rendered by the backend under test and by the oracle. */
export interface Pair {
  name: string;
  ours: Rasterization;
  reference: ReferenceRasterization;
  scene: TestScene;
}

/** Rasterises a scene twice; the caller disposes `ours`. */
export function rasterizePair(device: Device, name: string, scene: TestScene): Pair {
  const { splats, camera, background } = scene;
  const reference = rasterizeReference(splats, camera, { background });
  return { name, ours: rasterize(device, splats, camera, { background }), reference, scene };
}

/** Fails if image, alpha or depth differ by more than the bounds; prints the worst error and the excluded share. */
export function assertImagesAgree({ name, ours, reference }: Pair, bound: { p99?: number; max: number }): void {
  const share = sum(reference.excluded) / reference.excluded.length;
  assertLessOrEqual(share, LARGEST_EXCLUDED_SHARE, `${name}: ${percent(share)} of the pixels are too close to call`);
  const line: string[] = [];
  for (const plane of ["image", "alpha", "depth"] as const) {
    assert(ours[plane].every(Number.isFinite), `${name}: ${plane} holds a value that is not finite`);
    const channels = plane === "image" ? 3 : 1;
    const errors = Array.from(ours[plane], (value, i) => {
      if (reference.excluded[Math.floor(i / channels)]) return 0;
      const expected = reference[plane][i];
      // A depth's error is relative if the depth is more than one unit.
      return Math.abs(value - expected) / (plane === "depth" ? Math.max(expected, 1) : 1);
    });
    const worst = errors.reduce((best, error, i) => (error > errors[best] ? i : best), 0);
    const where = `${name}: ${plane}[${worst}] is ${ours[plane][worst]}, the oracle has ${reference[plane][worst]}`;
    assertLessOrEqual(errors[worst], bound.max, where);
    const p99 = errors.toSorted((a, b) => a - b)[Math.floor(0.99 * (errors.length - 1))];
    assertLessOrEqual(p99, bound.p99 ?? bound.max, `${name}: 1 % of ${plane} is wrong by more than ${p99}`);
    line.push(`${plane} ${errors[worst].toExponential(1)}`);
  }
  console.log(`${name}: largest error ${line.join(", ")}; ${percent(share)} of the pixels excluded`);
}

/** Fails if a radius differs from the oracle's by more than rounding can explain. */
export function assertRadiiAgree({ name, ours, reference }: Pair): void {
  for (const [i, radius] of ours.radii().entries()) {
    const [smallest, largest] = reference.possibleRadii[i];
    assert(
      radius === reference.radii[i] || radius === smallest || radius === largest,
      `${name}: radius ${i} is ${radius}, the oracle has ${reference.radii[i]}`,
    );
  }
}

/** Random loss gradients, 0 on excluded pixels. */
export function randomUpstream({ reference }: Pair, seed: number): Upstream {
  const random = new Random(seed);
  const { excluded } = reference;
  const draw = (channels: number): Float32Array =>
    Float32Array.from({ length: channels * excluded.length }, (_, i) => {
      const value = random.normal();
      return excluded[Math.floor(i / channels)] ? 0 : value;
    });
  return { dImage: draw(3), dAlpha: draw(1) };
}

const FIELDS = ["means", "logScales", "quats", "opacities", "sh", "means2d"] as const;
/** A field counts as zero if all its gradients are below this share of the largest gradient of all fields. */
const VANISHING = 1e-6;

function largestOf(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]));
  return largest;
}

/**
 * Fails if a gradient is off by more than 1e-3 of the field's largest, or the median over the Gaussians of the relative
 * error exceeds 1e-4; prints both.
 */
export function assertGradientsAgree(name: string, ours: SplatGradients, reference: ReferenceGradients): void {
  const line: string[] = [];
  // A field whose gradients vanish by symmetry (the rotations of spherical Gaussians) is only rounding error: errors
  // that are small relative to the other fields are ignored.
  const overall = FIELDS.reduce((most, field) => Math.max(most, largestOf(reference[field])), 0);
  for (const field of FIELDS) {
    const [actual, expected] = [ours[field], reference[field]];
    assertEquals(actual.length, expected.length, `${name}: length of ${field}`);
    const largest = largestOf(expected);
    const worst = expected.reduce(
      (best, value, i) => Math.abs(actual[i] - value) > Math.abs(actual[best] - expected[best]) ? i : best,
      0,
    );
    const where = `${name}: gradient of ${field}[${worst}] is ${actual[worst]}, the oracle has ${expected[worst]}; ` +
      `the largest is ${largest}`;
    assert(actual.every(Number.isFinite), `${name}: a gradient of ${field} is not finite`);
    const error = Math.abs(actual[worst] - expected[worst]);
    assertLessOrEqual(error, Math.max(GRADIENT_ERROR * largest, VANISHING * overall), where);
    const median = largest < VANISHING * overall
      ? 0
      : medianRelativeError(actual, expected, reference.opacities.length);
    assertLessOrEqual(median, MEDIAN_GRADIENT_ERROR, `${name}: half the gradients of ${field} are off by ${median}`);
    line.push(`${field} ${(error / (largest || 1)).toExponential(0)}/${median.toExponential(0)}`);
  }
  console.log(`${name}: gradients, largest/median error: ${line.join(", ")}`);
}

/** Fails if two arrays are not bit-identical. */
export function assertSameBits(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  assertEquals(actual.length, expected.length, `Length of ${what}`);
  for (let i = 0; i < expected.length; i++) {
    if (!Object.is(actual[i], expected[i])) fail(`${what}[${i}] is ${actual[i]}, not ${expected[i]}`);
  }
}

// Over the Gaussians that have a gradient.
function medianRelativeError(actual: ArrayLike<number>, expected: ArrayLike<number>, count: number): number {
  const size = expected.length / count;
  const errors: number[] = [];
  for (let gaussian = 0; gaussian < count; gaussian++) {
    let [difference, length] = [0, 0];
    for (let i = size * gaussian; i < size * (gaussian + 1); i++) {
      difference = Math.hypot(difference, actual[i] - expected[i]);
      length = Math.hypot(length, expected[i]);
    }
    if (length > 0) errors.push(difference / length);
  }
  return errors.toSorted((a, b) => a - b)[Math.floor(errors.length / 2)] ?? 0;
}

function sum(values: Uint8Array): number {
  return values.reduce((total, value) => total + value, 0);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
