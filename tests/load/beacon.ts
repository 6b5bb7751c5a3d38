// A photo of one bright point: whether a reader's camera sees a point of the world where the photo shows it. The photo
// is drawn by the formulas of the program that wrote the capture, and goes through decoding and undistortion.

import { assert, assertAlmostEquals } from "@std/assert";
import { pointInFrame } from "../../base/frame.ts";
import type { Scene } from "../../base/scene.ts";
import { raw } from "./fixtures.ts";

export type Vec = [number, number, number];
export type Point = [number, number];

/** Radius of the point in pixels, as a standard deviation. */
const RADIUS = 1.5;

/** A PNG with a bright point at a pixel; pixel (i, j) covers [i, i + 1] × [j, j + 1]. */
export async function beacon(width: number, height: number, [u, v]: Point): Promise<Uint8Array> {
  assert(u > 8 && v > 8 && u < width - 8 && v < height - 8, `(${u}, ${v}) is outside the photo, or at its edge`);
  const data = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) {
    const [dx, dy] = [i % width + 0.5 - u, Math.floor(i / width) + 0.5 - v];
    data.fill(Math.round(255 * Math.exp(-(dx * dx + dy * dy) / (2 * RADIUS ** 2))), 3 * i, 3 * i + 3);
  }
  return new Uint8Array(await raw(data, width, height).png().toBuffer());
}

/**
 * Asserts that the photo of a scene's first view shows the bright point where its camera sees `place`, in the capture's
 * coordinates, within `tolerance` pixels.
 */
export async function assertSees({ train: [view], frame }: Scene, place: Vec, tolerance = 0.1): Promise<void> {
  const point = pointInFrame(place, { to: frame });
  const { rotation: r, translation: t, fx, fy, cx, cy, width, height } = view.camera;
  const [x, y, z] = [0, 1, 2].map((k) =>
    r[3 * k] * point[0] + r[3 * k + 1] * point[1] + r[3 * k + 2] * point[2] + t[k]
  );
  assert(z > 0, `${view.name} looks away from the point`);
  const photo = await view.photo();
  assert(photo.width === width && photo.height === height);
  let [sum, across, down] = [0, 0, 0];
  for (let i = 0; i < width * height; i++) {
    const level = photo.data[photo.channels * i];
    sum += level;
    across += level * (i % width + 0.5);
    down += level * (Math.floor(i / width) + 0.5);
  }
  assert(sum > 1000, `${view.name} shows no point`);
  assertAlmostEquals(across / sum, fx * x / z + cx, tolerance, `${view.name}, across`);
  assertAlmostEquals(down / sum, fy * y / z + cy, tolerance, `${view.name}, down`);
}

/** A row-major rotation about a unit axis, by Rodrigues' formula. */
export function rotationAbout([a, b, c]: Vec, degrees: number): number[] {
  const [cos, sin] = [Math.cos(degrees * Math.PI / 180), Math.sin(degrees * Math.PI / 180)];
  const rest = 1 - cos;
  return [
    ...[cos + a * a * rest, a * b * rest - c * sin, a * c * rest + b * sin],
    ...[b * a * rest + c * sin, cos + b * b * rest, b * c * rest - a * sin],
    ...[c * a * rest - b * sin, c * b * rest + a * sin, cos + c * c * rest],
  ];
}

/** A matrix of 3 × 3 numbers times a point. */
export function times(m: number[], [x, y, z]: Vec): Vec {
  return [
    m[0] * x + m[1] * y + m[2] * z,
    m[3] * x + m[4] * y + m[5] * z,
    m[6] * x + m[7] * y + m[8] * z,
  ];
}

/** The transpose of a matrix of 3 × 3 numbers. */
export function transposed(m: number[]): number[] {
  return [m[0], m[3], m[6], m[1], m[4], m[7], m[2], m[5], m[8]];
}

/** a + b. */
export function plus(a: Vec, b: Vec): Vec {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
}

/** a − b. */
export function minus(a: Vec, b: Vec): Vec {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}
