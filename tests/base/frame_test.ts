// base/frame.ts: points, cameras and Gaussians in other frames.

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  cameraInFrame,
  CAPTURE_FRAME,
  type Frame,
  pointInFrame,
  pointsInFrame,
  sameFrame,
  splatsInFrame,
} from "../../base/frame.ts";
import { cameraCenter, rotationFromQuaternion } from "../../load/camera.ts";

const GRID: Frame = { origin: [500_000, 4_649_776, -248], scale: 1 / 8 };
const OTHER: Frame = { origin: [500_064, 4_649_792, 0], scale: 4 };

Deno.test("pointsInFrame() takes off origin and scale exactly where both are on a grid, and puts them on again", () => {
  const positions = new Float64Array([500_003.375, 4_649_770.25, -247, 499_999, 4_649_776.0625, 12]);
  const local = pointsInFrame(positions, { to: GRID });
  assertEquals(local, new Float64Array([27, -46, 8, -8, 0.5, 2080]));
  assertEquals(pointsInFrame(local, { from: GRID }), positions);
  const there = pointsInFrame(local, { from: GRID, to: OTHER });
  assertEquals(there, pointsInFrame(positions, { to: OTHER }));
  assertEquals(pointInFrame([27, -46, 8], { from: GRID }), [500_003.375, 4_649_770.25, -247]);
});

Deno.test("pointsInFrame() keeps every bit between equal frames, however far their origin is", () => {
  const tiny = new Float32Array([1e-30, -3.1415927, 0.1]);
  const same = { ...GRID };
  assert(sameFrame(GRID, same) && !sameFrame(GRID, OTHER) && !sameFrame(GRID, { ...GRID, scale: 1 }));
  assertEquals(pointsInFrame(tiny, { from: GRID, to: same }), new Float64Array(tiny));
  assertEquals(pointsInFrame(tiny, {}), new Float64Array(tiny));
});

Deno.test("cameraInFrame() moves a camera with its points: pixels and relative depths stay", () => {
  const rotation = rotationFromQuaternion([0.9, -0.2, 0.3, 0.1]);
  const camera = { rotation, translation: [-400_000, 1_000, 4_500_000.5], near: 0.2 };
  const local = cameraInFrame(camera, { to: GRID });
  const place = pointInFrame(cameraCenter(camera), { to: GRID });
  cameraCenter(local).forEach((value, axis) => assertAlmostEquals(value, place[axis], 1e-6));
  assertEquals([local.rotation, local.near], [rotation, 0.2 * 8]);
  const back = cameraInFrame(local, { from: GRID });
  back.translation.forEach((value, k) => assertAlmostEquals(value, camera.translation[k], 1e-8));
  assertEquals(back.near, 0.2);
  assertEquals(cameraInFrame(camera, { from: GRID, to: GRID }), camera);
  assert(!("near" in cameraInFrame({ rotation, translation: [0, 0, 0] }, { to: GRID })));
});

Deno.test("splatsInFrame() scales Gaussians with their places, and leaves the rest alone", () => {
  const arrays = {
    means: new Float32Array([1, 2, 3]),
    logScales: new Float32Array([-1, 0, 1]),
    quats: new Float32Array([1, 0, 0, 0]),
    shDegree: 0,
  };
  const there = splatsInFrame(arrays, { from: GRID, to: CAPTURE_FRAME });
  assertEquals(there.means, new Float64Array([500_000.125, 4_649_776.25, -247.625]));
  assertEquals(there.logScales, arrays.logScales.map((value) => value - Math.log(8)));
  assertEquals([there.quats, there.shDegree], [arrays.quats, 0]);
  assertEquals(arrays.logScales[0], -1, "the argument is unchanged");
  assert(splatsInFrame(arrays, { from: OTHER, to: OTHER }).logScales === arrays.logScales);
});
