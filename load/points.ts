// Initial points: those of a capture, or random ones.

import { GREY } from "../base/numbers.ts";
import { randomWords } from "../base/random.ts";
import type { Camera, PointCloud } from "../base/scene.ts";
import { ABI } from "../ffi/abi.ts";
import { cameraCenter } from "./camera.ts";
import type { CapturePoints } from "./capture.ts";
import { keptTracks } from "./tracks.ts";

/** Random points of a capture without points, the customary number for NeRF-synthetic scenes. */
export const RANDOM_POINTS = 100_000;

/** Half the side of the cube that random points of a synthetic scene fill (Kerbl et al. 2023). */
const CUBE = 1.3;

/** Extent of the scenes that this cube is for: cameras 4.03 from the middle, on a hemisphere or a sphere. */
const CUBE_EXTENT = 5;

/** Coordinates beyond this overflow the float32 squares of distances. */
export const FARTHEST = 1e18;

/** Depths of random points, relative to the distance from the camera to what it looks at. */
const NEAREST_DEPTH = 0.1;
const FARTHEST_DEPTH = 2;

/** Depth that parallel cameras look at, in extents of the cameras: they have no common point. */
const PARALLEL_DEPTH = 2;

/** Least determinant of the mean of 1 − d dᵀ over viewing directions d that meet in a point: about 2° apart. */
const MEETING = 1e-3;

/** The points with usable coordinates, and the number of others: NaN, infinite, or too large to square in float32. */
export function usablePoints<Points extends CapturePoints>(points: Points): { points: Points; dropped: number } {
  const { positions, colors } = points;
  const isUsable = (i: number) => [0, 1, 2].every((axis) => Math.abs(positions[3 * i + axis]) <= FARTHEST);
  const usable = Uint8Array.from({ length: points.count }, (_, i) => isUsable(i) ? 1 : 0);
  const count = usable.reduce((sum, is) => sum + is, 0);
  if (count === points.count) return { points, dropped: 0 };
  const ofUsable = (_: number, i: number) => usable[Math.floor(i / 3)] === 1;
  const tracks = points.tracks && { tracks: keptTracks(points.tracks, usable) };
  const kept = { ...points, count, positions: positions.filter(ofUsable), colors: colors.filter(ofUsable), ...tracks };
  return { points: kept, dropped: points.count - count };
}

/** Which random points, and how many. */
export interface RandomPoints {
  /** Their seed. */
  seed: number;
  /** How many. */
  count: number;
}

/** A cube for random points. */
export interface Cube {
  /** Its middle. */
  center: readonly number[];
  /** Half its side. */
  half: number;
}

/** The cube of the reference implementation, whatever the size of the scene. */
export const REFERENCE_CUBE: Cube = { center: [0, 0, 0], half: CUBE };

/**
 * The cube for the random points of a synthetic scene: from -1.3 to 1.3 at the usual extent of 5, and larger or smaller
 * by the power of two nearest to the ratio of the extents. Its middle is the origin, or in a frame with another origin
 * the point that the cameras look at.
 */
export function cubeOf(cameras: Camera[], { extent, moved }: { extent: number; moved: boolean }): Cube {
  const half = CUBE * (extent > 0 ? 2 ** Math.round(Math.log2(extent / CUBE_EXTENT)) : 1);
  return { center: (moved ? focusOf(cameras) : undefined) ?? [0, 0, 0], half };
}

/** Two clouds as one, in order. */
export function joinPoints(first: PointCloud, second: PointCloud): PointCloud {
  const count = first.count + second.count;
  const positions = new Float32Array(3 * count), colors = new Uint8Array(3 * count);
  positions.set(first.positions);
  positions.set(second.positions, 3 * first.count);
  colors.set(first.colors);
  colors.set(second.colors, 3 * first.count);
  return { count, positions, colors };
}

/** Grey points, uniform in a cube; the same for the same seed. */
export function pointsInCube({ seed, count }: RandomPoints, { center, half }: Cube): PointCloud {
  return randomPoints({ seed, count }, (random, position) => {
    for (let axis = 0; axis < 3; axis++) position[axis] = center[axis] + half * (2 * random[axis] - 1);
  });
}

/**
 * Grey points in the cameras' view, the same for the same seed: each in a camera drawn at random, at a pixel drawn
 * uniformly, and at a depth drawn uniformly up to twice the distance of the point that the cameras look at.
 */
export function pointsInViews(
  cameras: Camera[],
  { extent, ...drawn }: RandomPoints & { extent: number },
): PointCloud {
  const focus = focusOf(cameras);
  const depths = cameras.map(({ rotation: r, translation: t }) => {
    const depth = focus === undefined ? 0 : r[6] * focus[0] + r[7] * focus[1] + r[8] * focus[2] + t[2];
    return depth > 0 ? depth : PARALLEL_DEPTH * (extent > 0 ? extent : 1);
  });
  return randomPoints(drawn, ([which, across, down, deep], position) => {
    const index = Math.floor(which * cameras.length);
    const { width, height, fx, fy, cx, cy, rotation: r, translation: t } = cameras[index];
    const z = depths[index] * (NEAREST_DEPTH + (FARTHEST_DEPTH - NEAREST_DEPTH) * deep);
    const local = [z * (across * width - cx) / fx - t[0], z * (down * height - cy) / fy - t[1], z - t[2]];
    for (let axis = 0; axis < 3; axis++) {
      position[axis] = r[axis] * local[0] + r[3 + axis] * local[1] + r[6 + axis] * local[2];
    }
  });
}

/** `place` writes a position for four random numbers of [0, 1). */
function randomPoints(
  { seed, count }: RandomPoints,
  place: (random: number[], position: Float32Array) => void,
): PointCloud {
  const positions = new Float32Array(3 * count);
  for (let index = 0; index < count; index++) {
    const words = randomWords({ seed, stream: ABI.STREAM_FIRST_POINTS, iteration: 0, index });
    place(words.map((word) => word / 2 ** 32), positions.subarray(3 * index, 3 * index + 3));
  }
  return { count, positions, colors: new Uint8Array(3 * count).fill(GREY) };
}

/** The point nearest to all optical axes, by least squares; undefined if they are nearly parallel. */
function focusOf(cameras: Camera[]): [number, number, number] | undefined {
  const a = new Array(9).fill(0);
  const b = [0, 0, 0];
  for (const camera of cameras) {
    const direction = camera.rotation.slice(6, 9);
    const center = cameraCenter(camera);
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) {
        const entry = ((i === j ? 1 : 0) - direction[i] * direction[j]) / cameras.length;
        a[3 * i + j] += entry;
        b[i] += entry * center[j];
      }
    }
  }
  const determinant = det(a);
  if (!(determinant > MEETING)) return undefined;
  // Cramer's rule: each column in turn is replaced by the right-hand side.
  return [0, 1, 2].map((column) =>
    det(a.map((entry, k) => k % 3 === column ? b[Math.floor(k / 3)] : entry)) / determinant
  ) as [number, number, number];
}

function det([a, b, c, d, e, f, g, h, i]: number[]): number {
  return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
}
