// The points of a capture that each photo shows, with their depths: from the tracks of the reconstruction or, without,
// those in the image that no nearer point hides.

import type { Camera, PointCloud } from "../base/scene.ts";
import { Projection } from "./projection.ts";
import type { Tracks } from "./tracks.ts";

/** Images that make a point certain: the weight of a point in fewer is lower, down to a quarter for two. */
const CERTAIN = 5;

/**
 * Without tracks: a point is hidden if another one, in its square of the image or the eight around it, is nearer by
 * more than this share. Squares are this fraction of the image's longer side.
 */
const NEARER = 0.1;
const CELL = 1 / 40;

/** Where a photo shows points: x and y (pixels), depth (world units) and weight (0 to 1) of each. */
export type PointDepths = Float32Array<ArrayBuffer>;

/** The points that photos show. */
export class SeenPoints {
  readonly #points: PointCloud;
  readonly #tracks: Tracks | undefined;
  /** Points of each image, by its id. */
  #ofImage: Map<number, number[]> | undefined;

  /** Of points with the tracks that they have, if any. */
  constructor(points: PointCloud, tracks: Tracks | undefined) {
    this.#points = points;
    this.#tracks = tracks;
  }

  /** The depths of the points that a photo shows; `image` is its id in the tracks. */
  depths(camera: Camera, image: number | undefined): PointDepths {
    const projection = new Projection(camera);
    return this.#tracks === undefined || image === undefined
      ? this.#unhidden(projection)
      : this.#tracked(projection, this.#tracks, image);
  }

  #sees(projection: Projection, i: number): boolean {
    const { positions } = this.#points;
    return projection.sees(positions[3 * i], positions[3 * i + 1], positions[3 * i + 2]);
  }

  #tracked(projection: Projection, tracks: Tracks, image: number): PointDepths {
    const found: number[] = [];
    for (const i of (this.#ofImage ??= pointsOfImages(tracks)).get(image) ?? []) {
      if (!this.#sees(projection, i)) continue;
      const length = tracks.starts[i + 1] - tracks.starts[i];
      const weight = Math.min(Math.max(length - 1, 1) / (CERTAIN - 1), 1);
      found.push(projection.u, projection.v, projection.z, weight);
    }
    return new Float32Array(found);
  }

  #unhidden(projection: Projection): PointDepths {
    const { width, height } = projection.camera;
    const cell = CELL * Math.max(width, height);
    const columns = Math.ceil(width / cell) + 2; // one more on each side
    const nearest = new Float64Array(columns * (Math.ceil(height / cell) + 2)).fill(Infinity);
    const cellOf = (x: number, y: number) => (Math.floor(y / cell) + 1) * columns + Math.floor(x / cell) + 1;
    const found: number[] = [];
    for (let i = 0; i < this.#points.count; i++) {
      if (!this.#sees(projection, i)) continue;
      const { u, v, z } = projection;
      found.push(u, v, z, 1);
      nearest[cellOf(u, v)] = Math.min(nearest[cellOf(u, v)], z);
    }
    const shown: number[] = [];
    for (let k = 0; k < found.length; k += 4) {
      const middle = cellOf(found[k], found[k + 1]);
      let least = Infinity;
      for (const row of [-columns, 0, columns]) {
        for (const column of [-1, 0, 1]) least = Math.min(least, nearest[middle + row + column]);
      }
      if (found[k + 2] <= (1 + NEARER) * least) shown.push(...found.slice(k, k + 4));
    }
    return new Float32Array(shown);
  }
}

function pointsOfImages({ starts, images }: Tracks): Map<number, number[]> {
  const points = new Map<number, number[]>();
  for (let i = 0; i + 1 < starts.length; i++) {
    for (const image of new Set(images.subarray(starts[i], starts[i + 1]))) {
      const list = points.get(image);
      if (list === undefined) points.set(image, [i]);
      else list.push(i);
    }
  }
  return points;
}
