// Camera paths: the geometry of orbits and spirals, and the smoothness of keyframe paths.

import { assert, assertAlmostEquals, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { DataError } from "../../base/errors.ts";
import { OptionError } from "../../base/option.ts";
import type { Camera, View } from "../../base/scene.ts";
import { axisOf, dot, length, normalize, subtract, type Vec3 } from "../../base/vec3.ts";
import { parseKeyframes } from "../../eval/keyframes.ts";
import { keyframePath, lookAt, orbitPath, pathAtWidth, spiralPath } from "../../eval/paths.ts";
import { quaternionFromRotation, slerp } from "../../eval/quaternion.ts";
import { catmullRom } from "../../eval/spline.ts";
import { cameraCenter, rotationFromQuaternion } from "../../load/camera.ts";
import { Random } from "../reference/random.ts";

const LENS: Camera = {
  width: 64,
  height: 48,
  fx: 60,
  fy: 62,
  cx: 32,
  cy: 24,
  rotation: [],
  translation: [],
};
const UP: Vec3 = [0, -1, 0]; // y is down in COLMAP's frames

/** Projection of a point, in pixels. */
function project(camera: Camera, point: Vec3): [number, number] {
  const [x, y, z] = [0, 1, 2].map((row) => dot(axisOf(camera.rotation, row), point) + camera.translation[row]);
  assert(z > 0, "the point is behind the camera");
  return [camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy];
}

function assertRotation(rotation: number[]): void {
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) {
      assertAlmostEquals(dot(axisOf(rotation, i), axisOf(rotation, j)), i === j ? 1 : 0, 1e-9);
    }
  }
  const [a, b, c] = [0, 1, 2].map((row) => axisOf(rotation, row));
  assert(dot([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]], c) > 0.9);
}

Deno.test("pathAtWidth() keeps what a camera sees, at any width and the same aspect ratio", () => {
  const camera = lookAt({ ...LENS, cx: 30, cy: 20 }, { position: [1, 0, -4], target: [0, 0, 1], up: UP });
  const point: Vec3 = [0.3, 0.2, 1];
  const [x, y] = project(camera, point);
  for (const [width, height] of [[64, 48], [1920, 1440], [31, 23], [1, 1]]) {
    const [resized] = pathAtWidth([camera], width);
    assertEquals([resized.width, resized.height], [width, height]);
    assertEquals([resized.rotation, resized.translation], [camera.rotation, camera.translation]);
    const [across, down] = project(resized, point);
    assertAlmostEquals(across / width, x / 64, 1e-12);
    assertAlmostEquals(down / height, y / 48, 1e-12);
  }
  const tall = { ...camera, width: 48, height: 64 };
  assertThrows(() => pathAtWidth([tall], 16_384), OptionError, "frames would be 21845 pixels high, at most 16384");
});

/** Cameras on a ring of radius 5 around a point, 2 above it. */
function ring(target: Vec3, count = 12): Camera[] {
  return Array.from({ length: count }, (_, i) => {
    const angle = 2 * Math.PI * i / count;
    const position: Vec3 = [target[0] + 5 * Math.cos(angle), target[1] - 2, target[2] + 5 * Math.sin(angle)];
    return lookAt(LENS, { position, target, up: UP });
  });
}

/** Cameras of a flight that look straight down, half of them flying back. */
function flight(): Camera[] {
  return Array.from({ length: 20 }, (_, i) => {
    const position: Vec3 = [i % 5 - 2, Math.floor(i / 5) - 1.5, -10];
    const ahead = Math.floor(i / 5) % 2 === 0 ? 1 : -1;
    return lookAt(LENS, { position, target: [position[0], position[1], 0], up: [ahead, 0, 0] });
  });
}

Deno.test("lookAt() projects its target to the centre, with up above it", () => {
  const camera = lookAt(LENS, { position: [3, -1, 2], target: [0, 1, 7], up: UP });
  assertRotation(camera.rotation);
  const [x, y] = project(camera, [0, 1, 7]);
  assertAlmostEquals(x, 32, 1e-9);
  assertAlmostEquals(y, 24, 1e-9);
  assert(project(camera, [0, 0.5, 7])[1] < 24);
  cameraCenter(camera).forEach((value, i) => assertAlmostEquals(value, [3, -1, 2][i], 1e-12));
  assertThrows(() => lookAt(LENS, { position: [0, 0, 0], target: [0, -3, 0], up: UP }), RangeError);
});

Deno.test("orbitPath() circles a scene at the cameras' height and distance, and is closed", () => {
  const target: Vec3 = [1, 2, 3];
  const path = orbitPath(ring(target), 90);
  assertEquals(path.length, 90);
  const centers = path.map(cameraCenter);
  for (const [i, camera] of path.entries()) {
    assertRotation(camera.rotation);
    const [x, y] = project(camera, target);
    assertAlmostEquals(x, 32, 1e-3);
    assertAlmostEquals(y, 24, 1e-3);
    assertAlmostEquals(centers[i][1], 0, 1e-3);
    assertAlmostEquals(Math.hypot(centers[i][0] - 1, centers[i][2] - 3), 5, 1e-3);
    const step = length(subtract(centers[(i + 1) % 90], centers[i]));
    assertAlmostEquals(step, 10 * Math.sin(Math.PI / 90), 1e-3);
  }
});

Deno.test("orbitPath() and spiralPath() stay in front of a scene that is seen from one side, and look at it", () => {
  for (const path of [orbitPath(flight(), 24), spiralPath(flight(), 24)]) {
    for (const camera of path) {
      assertRotation(camera.rotation);
      const [x, y, z] = cameraCenter(camera);
      assert(Math.abs(x) < 4 && Math.abs(y) < 4 && z < -5 && z > -15, `a camera at ${x}, ${y}, ${z}`);
      assert(axisOf(camera.rotation, 2)[2] > 0.5, "a camera looks away from the ground");
    }
  }
});

Deno.test("spiralPath() stays near one camera where the cameras are all around", () => {
  const cameras = ring([0, 0, 0]);
  const path = spiralPath(cameras, 50);
  const distances = path.map((camera) =>
    Math.min(...cameras.map((other) => length(subtract(cameraCenter(other), cameraCenter(camera)))))
  );
  assert(Math.max(...distances) < 4);
  for (const camera of path) assertAlmostEquals(project(camera, [0, 0, 0])[0], 32, 0.1);
});

Deno.test("orbitPath() and spiralPath() pass over a camera far from all others", () => {
  const stray = lookAt({ ...LENS, width: 10 }, { position: [1000, 0, 0], target: [1000, 3, 7], up: UP });
  for (const cameras of [ring([1, 2, 3]), flight()]) {
    for (const path of [orbitPath, spiralPath]) assertEquals(path([stray, ...cameras], 9), path(cameras, 9));
  }
});

Deno.test("a path of one camera is that camera's own", () => {
  const [camera] = ring([0, 0, 0], 1);
  for (const path of [orbitPath([camera], 3), spiralPath([camera], 3)]) {
    for (const { rotation, translation } of path) {
      assertRotation(rotation);
      assert([...rotation, ...translation].every(Number.isFinite));
    }
  }
});

Deno.test("quaternionFromRotation() reproduces every rotation, also half turns", () => {
  const random = new Random(3);
  const quaternions = Array.from({ length: 50 }, () => Array.from({ length: 4 }, () => random.normal()));
  for (const q of [...quaternions, [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 0, 0, 0]]) {
    const rotation = rotationFromQuaternion(q);
    rotationFromQuaternion(quaternionFromRotation(rotation)).forEach((value, i) =>
      assertAlmostEquals(value, rotation[i], 1e-12)
    );
  }
});

Deno.test("slerp() rotates at constant speed", () => {
  const half = (angle: number): [number, number, number, number] => [Math.cos(angle / 2), 0, 0, Math.sin(angle / 2)];
  slerp(half(0.2), half(1.4), 0.25).forEach((value, i) => assertAlmostEquals(value, half(0.5)[i], 1e-12));
  slerp(half(1), half(1), 0.3).forEach((value, i) => assertAlmostEquals(value, half(1)[i], 1e-12));
});

Deno.test("catmullRom() passes through its values, keeps straight lines straight, and can be closed", () => {
  const times = [0, 1, 3, 4.5];
  const values = [[0], [2], [-1], [5]];
  times.forEach((time, i) => assertAlmostEquals(catmullRom({ times, values }, time)[0], values[i][0], 1e-12));
  const line = { times, values: times.map((time) => [2 * time + 1]) };
  for (const time of [0.3, 0.9, 2, 4.4]) assertAlmostEquals(catmullRom(line, time)[0], 2 * time + 1, 1e-12);
  const closed = { times, values, period: 6 };
  assertAlmostEquals(catmullRom(closed, 6)[0], 0, 1e-12);
  for (const time of [1, 3, 4.5]) { // the same slope on either side of a value
    const [before, after] = [-1e-6, 1e-6].map((d) =>
      (catmullRom(closed, time + d)[0] - catmullRom(closed, time)[0]) / d
    );
    assertAlmostEquals(before, after, 1e-4);
  }
});

Deno.test("keyframePath() passes through its cameras without a jump in position, direction or speed", () => {
  const random = new Random(8);
  const cameras = Array.from({ length: 5 }, () => {
    const position: Vec3 = [4 * random.normal(), random.normal(), 4 * random.normal()];
    return { ...lookAt(LENS, { position, target: [0.3, 0.1, 0.2], up: UP }), fx: 50 + 20 * random.uniform() };
  });
  for (const loop of [false, true]) {
    const keyframes = cameras.map((camera, time) => ({ camera, time }));
    const steps = loop ? 500 : 401;
    const path = keyframePath(keyframes, { frames: steps, loop });
    cameras.forEach((camera, i) => {
      const frame = path[100 * i];
      frame.rotation.forEach((value, k) => assertAlmostEquals(value, camera.rotation[k], 1e-9));
      cameraCenter(frame).forEach((value, k) => assertAlmostEquals(value, cameraCenter(camera)[k], 1e-9));
      assertAlmostEquals(frame.fx, camera.fx, 1e-9);
    });
    path.forEach(({ rotation }) => assertRotation(rotation));
    const motions = (read: (camera: Camera) => number[]) =>
      path.slice(1).map((camera, i) => read(camera).map((value, k) => value - read(path[i])[k]));
    for (const read of [cameraCenter, (camera: Camera) => camera.rotation]) {
      const changes = motions(read);
      const largest = Math.max(...changes.flat().map(Math.abs));
      for (let i = 1; i < changes.length; i++) {
        const jerk = Math.max(...changes[i].map((value, k) => Math.abs(value - changes[i - 1][k])));
        assert(jerk < 0.12 * largest, `step ${i} of the ${loop ? "closed" : "open"} path jumps`);
      }
    }
  }
  assertEquals(keyframePath([{ camera: cameras[0], time: 3 }], { frames: 2 }), [cameras[0], cameras[0]]);
});

/** Views of a ring, named view0, view1 and so on. */
function views(): View[] {
  return ring([0, 0, 0], 4).map((camera, i) => ({
    name: `view${i}`,
    path: "",
    camera,
    original: { width: 64, height: 48, fx: 60, fy: 62 },
    photo: () => Promise.reject(new Error("not read")),
  }));
}

Deno.test("parseKeyframes() accepts views by name, and positions with the point they look at", () => {
  const file = {
    loop: true,
    keyframes: [
      { view: "view2", time: 1 },
      { position: [0, -1, -4], look_at: [0, 0, 0], fov: 90, time: 2.5 },
    ],
  };
  const { keyframes: [first, second], loop } = parseKeyframes(JSON.stringify(file), "/k.json", { views: views() });
  assertEquals([loop, first.time, second.time], [true, 1, 2.5]);
  assertEquals(first.camera, views()[2].camera);
  assertAlmostEquals(second.camera.fx, 32, 1e-9);
  assertAlmostEquals(second.camera.fy / second.camera.fx, 62 / 60, 1e-9);
  assertAlmostEquals(dot(axisOf(second.camera.rotation, 2), normalize([0, 1, 4])), 1, 1e-12);
  const untimed = { keyframes: [{ view: "view0" }, { view: "view1" }] };
  assertEquals(parseKeyframes(JSON.stringify(untimed), "", { views: views() }).keyframes.map(({ time }) => time), [
    0,
    1,
  ]);
});

Deno.test("parseKeyframes() finds views by whole names, and without folders where one view ends so", () => {
  const named = views().slice(0, 3).map((view, i) => ({ ...view, name: ["left/a", "right/a", "right/b"][i] }));
  const camera = (view: string) =>
    parseKeyframes(JSON.stringify({ keyframes: [{ view }] }), "/k.json", { views: named }).keyframes[0].camera;
  assertEquals(camera("right/a").translation, named[1].camera.translation);
  assertEquals(camera("b").translation, named[2].camera.translation);
  assertThrows(() => camera("a"), DataError, 'names the view "a", which may be left/a or right/a');
});

Deno.test("parseKeyframes() names the keyframe when a file is invalid", () => {
  const place = { position: [0, 0, -4], look_at: [0, 0, 0] };
  const wrong: [unknown, string][] = [
    ["nonsense", "File is not JSON"],
    [`{"keyframes":[{"view":${"[".repeat(100_000)}`, "nested too deeply"],
    ['{"keyframes":[{"view":"0","time":1e999}]}', 'has a "time" that is not a number'],
    [{}, '"keyframes" is missing or empty'],
    [{ keyframes: [place], loop: 1 }, '"loop" is neither'],
    [{ keyframes: [place, 3] }, "keyframe 1 is not an object"],
    [{ keyframes: [{ ...place, fow: 3 }] }, 'keyframe 0 has "fow"'],
    [{ keyframes: [{ view: "vew" }] }, 'names the view "vew", which does not exist'],
    [{ keyframes: [{ view: "view0", ...place }] }, 'both a "view" and a position'],
    [{ keyframes: [{ position: [0, 0, null], look_at: [0, 0, 0] }] }, '"position" of three numbers'],
    [{ keyframes: [{ position: [0, 0, 1] }] }, 'no "look_at"'],
    [{ keyframes: [{ ...place, up: [1] }] }, 'no "up"'],
    [{ keyframes: [{ ...place, up: [0, 0, 2] }] }, "an impossible position"],
    [{ keyframes: [{ ...place, fov: 180 }] }, '"fov"'],
    [{ keyframes: [{ ...place, time: 1 }, place] }, 'some keyframes have a "time"'],
    [{ keyframes: [{ ...place, time: 1 }, { ...place, time: 1 }] }, "keyframe 1 does not come after"],
  ];
  for (const [value, message] of wrong) {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    const error = assertThrows(() => parseKeyframes(text, "/k.json", { views: views() }), DataError, message);
    assertStringIncludes(error.message, "/k.json");
  }
});
