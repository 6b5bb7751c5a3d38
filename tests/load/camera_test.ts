// load/camera.ts: poses and intrinsics against values worked out by hand.

import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { Camera } from "../../base/scene.ts";
import { cameraCenter, resizeCamera, rotationFromQuaternion } from "../../load/camera.ts";

const IDENTITY = [1, 0, 0, 0, 1, 0, 0, 0, 1];

function camera(rotation: number[], translation: number[]): Camera {
  return { width: 1061, height: 1893, fx: 1375.6, fy: 1374.844, cx: 530.5, cy: 946.5, rotation, translation };
}

Deno.test("rotationFromQuaternion() turns x into y when it is a quarter turn about z", () => {
  const rotation = rotationFromQuaternion([Math.SQRT1_2, 0, 0, Math.SQRT1_2]);
  [0, -1, 0, 1, 0, 0, 0, 0, 1].forEach((value, i) => assertAlmostEquals(rotation[i], value, 1e-15));
});

Deno.test("rotationFromQuaternion() is a rotation when the quaternion has not unit length", () => {
  const long = rotationFromQuaternion([3, -1, 2, 0.5]);
  for (let row = 0; row < 3; row++) {
    for (let other = 0; other < 3; other++) {
      const dot = [0, 1, 2].reduce((sum, k) => sum + long[3 * row + k] * long[3 * other + k], 0);
      assertAlmostEquals(dot, row === other ? 1 : 0, 1e-15);
    }
  }
});

Deno.test("cameraCenter() is the point that the pose takes to the origin when the camera is turned", () => {
  const rotation = rotationFromQuaternion([0.8, 0.2, -0.4, 0.1]);
  const translation = [0.3, -2, 5];
  const center = cameraCenter(camera(rotation, translation));
  for (let row = 0; row < 3; row++) {
    const seen = [0, 1, 2].reduce((sum, k) => sum + rotation[3 * row + k] * center[k], translation[row]);
    assertAlmostEquals(seen, 0, 1e-15);
  }
});

Deno.test("resizeCamera() scales each axis by its own ratio when the new size is rounded", () => {
  const small = resizeCamera({ ...camera(IDENTITY, [1, 2, 3]), near: 0.5 }, { width: 133, height: 237 });
  assertEquals([small.width, small.height, small.near], [133, 237, 0.5]);
  assertAlmostEquals(small.fx, (1375.6 * 133) / 1061, 1e-12);
  assertAlmostEquals(small.fy, (1374.844 * 237) / 1893, 1e-12);
  assertAlmostEquals(small.cx, 66.5, 1e-12);
  assertAlmostEquals(small.cy, 118.5, 1e-12);
  assertEquals(small.translation, [1, 2, 3]);
});
