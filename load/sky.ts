// Far points to start from, where photos show what no point of the capture explains: the sky, and what is far behind.
// Structure from motion finds few points there or none, so that nothing near them can be cloned or moved that far.

import type { Image8, PointCloud, View } from "../base/scene.ts";
import { add, dot, length, scale, type Vec3 } from "../base/vec3.ts";
import { cameraCenter, meanUp } from "./camera.ts";
import { loadPhotos } from "./images.ts";
import { Projection } from "./projection.ts";

/** Directions of the whole sphere that are considered: 0.64° apart, so that half of them are at most 50 000 points. */
const DIRECTIONS = 100_000;

/** The shell's radius in extents of the cameras, which then see a point of it within 6° of one direction. */
const RADIUS = 10;

/** The shell is farther than this many times the distance within which 99 % of the points are. */
const BEYOND_POINTS = 2;

/**
 * A pixel is explained if a point projects into its cell or one of the eight around it, or above these. Cells are
 * squares of this fraction of the image's longer side.
 */
const CELL = 1 / 40;

/** The least length of the mean of the cameras' up directions with which they are upright. */
const UPRIGHT = 0.5;

/** Alpha from which a pixel shows something. */
const OPAQUE = 128;

const GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5));

/** What the points of a shell depend on; all in one frame. */
export interface Surrounded {
  /** The training views, at least one. */
  views: readonly View[];
  /** The capture's own points. */
  points: PointCloud;
  /** Extent of the cameras. */
  extent: number;
}

/**
 * Points on a sphere about the cameras, as far apart as 100 000 on all of it would be: those that a training photo sees
 * at a pixel that no point of the capture explains, with a point near it. If the cameras are upright, only those above
 * the horizon, and a point also explains all below it in the photo: walls without texture have some above, skies have
 * none. Their colours are the mean of these pixels, without masked and transparent ones. No random numbers, and no order of photos:
 * the same capture gives the same points.
 *
 * @param scene What the shell depends on
 * @param signal Stops the decoding of the photos
 * @returns The points, their distance from the cameras' mean centre, and from each other
 */
export async function skyPoints(
  { views, points, extent }: Surrounded,
  signal?: AbortSignal,
): Promise<{ points: PointCloud; radius: number; spacing: number }> {
  const cameras = views.map(({ camera }) => camera);
  const center = scale(cameras.map(cameraCenter).reduce<Vec3>(add, [0, 0, 0]), 1 / cameras.length);
  const radius = Math.max(RADIUS * extent, BEYOND_POINTS * reachOf(points, center));
  const up = meanUp(cameras), upright = length(up) >= UPRIGHT;
  const explained = cameras.map((camera) => new ExplainedPixels(new Projection(camera), points, upright));
  const candidates = directions(upright ? up : undefined)
    .map((direction) => add(center, scale(direction, radius)))
    .filter((place) => explained.some((photo) => photo.leavesOut(place)));

  const sums = new Uint32Array(3 * candidates.length);
  const counts = new Uint32Array(candidates.length);
  await loadPhotos(views, {
    signal,
    onPhoto: (index, photo) =>
      candidates.forEach((place, i) => {
        if (!explained[index].leavesOut(place)) return;
        const { u, v } = explained[index].projection;
        counts[i] += addPixel(photo, Math.floor(v) * photo.width + Math.floor(u), sums.subarray(3 * i, 3 * i + 3));
      }),
  });
  const colored = [...candidates.keys()].filter((i) => counts[i] > 0);
  return {
    points: {
      count: colored.length,
      positions: Float32Array.from(colored.flatMap((i) => [...candidates[i]])),
      colors: Uint8Array.from(colored.flatMap((i) => [0, 1, 2].map((c) => Math.round(sums[3 * i + c] / counts[i])))),
    },
    radius,
    spacing: radius * Math.sqrt(4 * Math.PI / DIRECTIONS),
  };
}

/** The distance from a centre within which 99 % of the points are. */
function reachOf({ count, positions: p }: PointCloud, [x, y, z]: Vec3): number {
  const distance = (_: unknown, i: number) => Math.hypot(p[3 * i] - x, p[3 * i + 1] - y, p[3 * i + 2] - z);
  return Float64Array.from({ length: count }, distance).sort()[Math.floor(0.99 * count)] ?? 0;
}

/** Directions spread evenly over the sphere, on a spiral by the golden angle; above the horizon if `up` says where. */
function directions(up: Vec3 | undefined): Vec3[] {
  const sphere = Array.from({ length: DIRECTIONS }, (_, i): Vec3 => {
    const z = 1 - (2 * i + 1) / DIRECTIONS;
    const across = Math.sqrt(1 - z * z);
    return [across * Math.cos(i * GOLDEN_ANGLE), across * Math.sin(i * GOLDEN_ANGLE), z];
  });
  return up === undefined ? sphere : sphere.filter((direction) => dot(direction, up) >= 0);
}

/** Adds the colour of a pixel that shows something; returns how many pixels that were. */
function addPixel({ channels, data, mask }: Image8, pixel: number, sums: Uint32Array): 0 | 1 {
  if (mask?.[pixel] === 0 || (channels === 4 && data[4 * pixel + 3] < OPAQUE)) return 0;
  for (let c = 0; c < 3; c++) sums[c] += data[channels * pixel + c];
  return 1;
}

/** The pixels of a photo near which a point projects. */
class ExplainedPixels {
  readonly #cell: number;
  readonly #columns: number;
  readonly #explained: Uint8Array;

  constructor(readonly projection: Projection, { count, positions }: PointCloud, upright: boolean) {
    const { width, height } = projection.camera;
    this.#cell = CELL * Math.max(width, height);
    this.#columns = Math.ceil(width / this.#cell);
    const rows = Math.ceil(height / this.#cell);
    this.#explained = new Uint8Array(this.#columns * rows);
    for (let i = 0; i < count; i++) {
      if (!projection.sees(positions[3 * i], positions[3 * i + 1], positions[3 * i + 2])) continue;
      const column = Math.floor(projection.u / this.#cell), row = Math.floor(projection.v / this.#cell);
      for (let y = Math.max(0, row - 1); y <= Math.min(rows - 1, row + 1); y++) {
        const from = y * this.#columns;
        this.#explained.fill(1, from + Math.max(0, column - 1), from + Math.min(this.#columns, column + 2));
      }
    }
    if (!upright) return;
    for (let cell = this.#columns; cell < this.#explained.length; cell++) {
      this.#explained[cell] |= this.#explained[cell - this.#columns];
    }
  }

  /** Whether the photo sees a place of the world at a pixel that no point explains; `projection` then has it. */
  leavesOut([x, y, z]: Vec3): boolean {
    if (!this.projection.sees(x, y, z)) return false;
    const column = Math.floor(this.projection.u / this.#cell), row = Math.floor(this.projection.v / this.#cell);
    return this.#explained[row * this.#columns + column] === 0;
  }
}
