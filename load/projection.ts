// Where a camera sees points of the world.

import type { Camera } from "../base/scene.ts";
import { DEFAULT_NEAR } from "../base/scene.ts";

/**
 * A camera that projects points one by one, without an object for each: `sees` leaves the place of its point here.
 *
 * @example
 * ```ts
 * import { Projection } from "./projection.ts";
 *
 * const pose = { rotation: [1, 0, 0, 0, 1, 0, 0, 0, 1], translation: [0, 0, 0] };
 * const projection = new Projection({ width: 4, height: 4, fx: 4, fy: 4, cx: 2, cy: 2, ...pose });
 * console.log(projection.sees(0.5, 0, 2), projection.u, projection.v, projection.z); // true 3 2 2
 * ```
 */
export class Projection {
  /** Where the last point is across, in pixels. */
  u = 0;
  /** Where it is down, in pixels. */
  v = 0;
  /** Its depth, in world units. */
  z = 0;

  /** Projects into a camera. */
  constructor(readonly camera: Camera) {}

  /** Whether a point is in the image, and farther than the near plane. */
  sees(x: number, y: number, z: number): boolean {
    const { rotation: r, translation: t, width, height, fx, fy, cx, cy, near = DEFAULT_NEAR } = this.camera;
    this.z = r[6] * x + r[7] * y + r[8] * z + t[2];
    if (!(this.z > near)) return false;
    this.u = fx * (r[0] * x + r[1] * y + r[2] * z + t[0]) / this.z + cx;
    this.v = fy * (r[3] * x + r[4] * y + r[5] * z + t[1]) / this.z + cy;
    return this.u >= 0 && this.u < width && this.v >= 0 && this.v < height;
  }
}
