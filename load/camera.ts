// Camera geometry: position, resizing, rotation from a quaternion.

import type { Pose } from "../base/frame.ts";
import type { Camera } from "../base/scene.ts";
import { add, axisOf, scale, type Vec3 } from "../base/vec3.ts";
import { resizeIntrinsics } from "./lens.ts";

/**
 * Position of a camera in the world, −Rᵀt.
 *
 * @example
 * ```ts
 * import { cameraCenter } from "./camera.ts";
 *
 * const rotation = [1, 0, 0, 0, 1, 0, 0, 0, 1];
 * const camera = { width: 4, height: 4, fx: 4, fy: 4, cx: 2, cy: 2, rotation, translation: [0, 0, 5] };
 * console.log(cameraCenter(camera)); // 5 units behind the origin: z is −5
 * ```
 */
export function cameraCenter(camera: Pose): [number, number, number] {
  const [r00, r01, r02, r10, r11, r12, r20, r21, r22] = camera.rotation;
  const [tx, ty, tz] = camera.translation;
  return [
    -(r00 * tx + r10 * ty + r20 * tz),
    -(r01 * tx + r11 * ty + r21 * tz),
    -(r02 * tx + r12 * ty + r22 * tz),
  ];
}

/**
 * The mean of the cameras' up directions: of length 1 if they have one in common, and 0 if these cancel out.
 *
 * @example
 * ```ts
 * import { meanUp } from "./camera.ts";
 *
 * console.log(meanUp([{ rotation: [1, 0, 0, 0, 1, 0, 0, 0, 1], translation: [0, 0, 5] }])[1]); // −1: y points down
 * ```
 */
export function meanUp(cameras: readonly Pose[]): Vec3 {
  const sum = cameras.map(({ rotation }) => axisOf(rotation, 1)).reduce<Vec3>(add, [0, 0, 0]);
  return scale(sum, -1 / cameras.length);
}

/**
 * The same camera looking at a resized photo: fx and cx scale by the ratio of the widths, fy and cy by that of the
 * heights, because a reduced photo's size is rounded separately on each axis.
 *
 * @example
 * ```ts
 * import { resizeCamera } from "./camera.ts";
 *
 * const rotation = [1, 0, 0, 0, 1, 0, 0, 0, 1];
 * const camera = { width: 100, height: 50, fx: 80, fy: 80, cx: 50, cy: 25, rotation, translation: [0, 0, 0] };
 * console.log(resizeCamera(camera, { width: 50, height: 25 }).fx); // 40
 * ```
 */
export function resizeCamera(camera: Camera, size: { width: number; height: number }): Camera {
  return resizeIntrinsics(camera, size);
}

/**
 * Rotation matrix (9 numbers, row-major) of a quaternion (w, x, y, z), which need not have unit length but must not be
 * zero.
 *
 * @example
 * ```ts
 * import { rotationFromQuaternion } from "./camera.ts";
 *
 * console.log(rotationFromQuaternion([0, 0, 0, 1])); // half a turn about z: diagonal −1, −1, 1
 * ```
 */
export function rotationFromQuaternion(q: ArrayLike<number>): number[] {
  const length = Math.hypot(q[0], q[1], q[2], q[3]);
  const w = q[0] / length, x = q[1] / length, y = q[2] / length, z = q[3] / length;
  return [
    1 - 2 * (y * y + z * z),
    2 * (x * y - w * z),
    2 * (x * z + w * y),
    2 * (x * y + w * z),
    1 - 2 * (x * x + z * z),
    2 * (y * z - w * x),
    2 * (x * z - w * y),
    2 * (y * z + w * x),
    1 - 2 * (x * x + y * y),
  ];
}
