// load/opensfm.ts against the formulas of OpenSfM's documentation (doc/source/geometry.rst).

import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { parseOpenSfm } from "../../load/opensfm.ts";
import { loadScene } from "../../load/scene.ts";
import { libraryMissing } from "../support/device.ts";
import { assertSees, beacon, plus, type Point, rotationAbout, times, type Vec } from "./beacon.ts";
import { withFolder } from "./fixtures.ts";

const [WIDTH, HEIGHT] = [160, 120];
const POINT: Vec = [0.4, -0.3, 5];
const AXIS: Vec = [2 / 3, -1 / 3, 2 / 3];
const DEGREES = 12;
const TRANSLATION: Vec = [0.3, 0.1, 0.2];
const SHOT = {
  camera: "c",
  rotation: AXIS.map((value) => value * DEGREES * Math.PI / 180),
  translation: TRANSLATION,
  orientation: 1,
  gps_position: [1, 2, 3],
};

type Camera = Record<string, number | string>;
const camera = (type: string, numbers: Record<string, number>): Camera => ({
  projection_type: type,
  width: 2 * WIDTH, // reconstructed from photos of twice the size
  height: 2 * HEIGHT,
  ...numbers,
});

/** Where a lens images (x, y) at depth 1: the formulas, in longer sides of the photo from its centre. */
const CAMERAS: Record<string, { numbers: Record<string, number>; image: (x: number, y: number) => Point }> = {
  perspective: {
    numbers: { focal: 0.9, k1: -0.2, k2: 0.05 },
    image(x, y): Point {
      const r2 = x * x + y * y;
      const d = 1 - 0.2 * r2 + 0.05 * r2 * r2;
      return [0.9 * d * x, 0.9 * d * y];
    },
  },
  simple_radial: {
    numbers: { focal_x: 0.9, focal_y: 0.92, c_x: 0.01, c_y: -0.02, k1: -0.1 },
    image(x, y): Point {
      const d = 1 - 0.1 * (x * x + y * y);
      return [0.9 * d * x + 0.01, 0.92 * d * y - 0.02];
    },
  },
  radial: {
    numbers: { focal_x: 0.9, focal_y: 0.92, c_x: 0.01, c_y: -0.02, k1: -0.1, k2: 0.3 },
    image(x, y): Point {
      const r2 = x * x + y * y;
      const d = 1 - 0.1 * r2 + 0.3 * r2 * r2;
      return [0.9 * d * x + 0.01, 0.92 * d * y - 0.02];
    },
  },
  brown: {
    numbers: { focal_x: 0.9, focal_y: 0.92, c_x: 0.01, c_y: -0.02, k1: -0.2, k2: 0.1, k3: 0.4, p1: 0.02, p2: -0.03 },
    image(x, y): Point {
      const r2 = x * x + y * y;
      const d = 1 - 0.2 * r2 + 0.1 * r2 * r2 + 0.4 * r2 * r2 * r2;
      const tx = 2 * 0.02 * x * y - 0.03 * (r2 + 2 * x * x);
      const ty = 2 * -0.03 * x * y + 0.02 * (r2 + 2 * y * y);
      return [0.9 * (d * x + tx) + 0.01, 0.92 * (d * y + ty) - 0.02];
    },
  },
  fisheye: {
    numbers: { focal: 0.6, k1: 0.1, k2: -0.2 },
    image(x, y): Point {
      const r = Math.hypot(x, y);
      const theta = Math.atan(r);
      const d = 1 + 0.1 * theta ** 2 - 0.2 * theta ** 4;
      return [0.6 * d * theta * x / r, 0.6 * d * theta * y / r];
    },
  },
  fisheye_opencv: {
    numbers: { focal_x: 0.6, focal_y: 0.62, c_x: 0.01, c_y: -0.02, k1: 0.1, k2: -0.1, k3: 0.06, k4: -0.04 },
    image(x, y): Point {
      const r = Math.hypot(x, y);
      const theta = Math.atan(r);
      const d = 1 + 0.1 * theta ** 2 - 0.1 * theta ** 4 + 0.06 * theta ** 6 - 0.04 * theta ** 8;
      return [0.6 * d * theta * x / r + 0.01, 0.62 * d * theta * y / r - 0.02];
    },
  },
};

const file = (content: unknown) => JSON.stringify(content);
const bytes = (content: unknown) => new TextEncoder().encode(file(content));

for (const [type, { numbers, image }] of Object.entries(CAMERAS)) {
  Deno.test({
    name: `loadScene() sees a point of an OpenSfM reconstruction where a ${type} camera shows it`,
    ignore: libraryMissing !== undefined,
    async fn(): Promise<void> {
      await withFolder(async (folder) => {
        const [x, y, z] = plus(times(rotationAbout(AXIS, DEGREES), POINT), TRANSLATION);
        const [u, v] = image(x / z, y / z);
        await Deno.mkdir(join(folder, "images", "left"), { recursive: true });
        const photo = await beacon(WIDTH, HEIGHT, [WIDTH / 2 + u * WIDTH, HEIGHT / 2 + v * WIDTH]);
        await Deno.writeFile(join(folder, "images", "left", "a.JPG.png"), photo);
        const points = { 1: { coordinates: POINT, color: [10.6, 255.2, -1] } };
        const reconstruction = { cameras: { c: camera(type, numbers) }, shots: { "left/a.JPG.png": SHOT }, points };
        await Deno.writeTextFile(join(folder, "reconstruction.json"), file([reconstruction]));
        const scene = await loadScene(folder);
        const { train: [view], points: cloud } = scene;
        assertEquals(view.name, "left/a.JPG");
        await assertSees(scene, POINT);
        assertEquals([cloud.count, ...cloud.colors], [1, 11, 255, 0]);
        cloud.positions.forEach((value, i) => assertAlmostEquals(value, POINT[i], 1e-6));
      });
    },
  });
}

Deno.test("loadScene() reads an OpenDroneMap project, and the file itself, with photos beside the folder opensfm", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(join(folder, "images"));
    await Deno.mkdir(join(folder, "opensfm"));
    const photo = await beacon(WIDTH, HEIGHT, [50, 50]);
    for (const name of ["a.png", "b.png"]) await Deno.writeFile(join(folder, "images", name), photo);
    const path = join(folder, "opensfm", "reconstruction.json");
    const cameras = { c: camera("perspective", { focal: 0.9 }) };
    const one = { cameras, shots: { "a.png": SHOT } };
    const two = { cameras, shots: { "a.png": SHOT, "b.png": SHOT, "gone.png": SHOT } };
    await Deno.writeTextFile(path, file([one, two]));
    for (const source of [folder, path, join(folder, "opensfm")]) {
      const { train, notices } = await loadScene(source);
      assertEquals(train.map(({ name }) => name), ["a", "b"], source);
      assertEquals(notices![0], "Of 2 reconstructions the largest is used, with 3 shots");
      assert(notices![1].startsWith("1 of 3 photos are missing and left out, the first is gone.png"), notices![1]);
    }
    await Deno.remove(join(folder, "images"), { recursive: true });
    const error = await assertRejects(() => loadScene(folder), DataError, "3 of 3 photos are missing");
    assertEquals(error.path, path);
  });
});

Deno.test("parseOpenSfm() gives the identity for no rotation, and keeps translations in float64", () => {
  const shot = { ...SHOT, rotation: [0, 0, 0], translation: [123456789.123456, 0, 0] };
  const { cameras: [{ rotation, translation }] } = parseOpenSfm(
    bytes([{ cameras: { c: camera("perspective", { focal: 1 }) }, shots: { a: shot }, points: {} }]),
    "r.json",
  );
  assertEquals(rotation, [1, 0, 0, 0, 1, 0, 0, 0, 1]);
  assertEquals(translation[0], 123456789.123456);
});

Deno.test("parseOpenSfm() names what is wrong", () => {
  const cameras = { c: camera("perspective", { focal: 0.9 }) };
  const shots = { "a.png": SHOT };
  const wrong: [content: unknown, words: string][] = [
    [{}, "not a list of reconstructions"],
    [[], "empty"],
    [[3], "[0] has no shots"],
    [[{ shots: {}, cameras }], "No photo is in a reconstruction"],
    [[{ shots }], "[0] has no cameras"],
    [[{ shots, cameras: {} }], 'Shot "a.png" is of the camera "c", which does not exist'],
    [[{ shots, cameras: { c: camera("spherical", {}) } }], 'Camera "c" is "spherical", which is not supported'],
    [[{ shots, cameras: { c: camera("toString", {}) } }], "not supported"],
    [[{ shots, cameras: { c: camera("fisheye62", {}) } }], "export undistorted photos"],
    [[{ shots, cameras: { c: { width: 10 } } }], 'Camera "c".height is missing'],
    [[{ shots, cameras: { c: camera("perspective", {}) } }], 'focal of Camera "c" is missing: expected a number'],
    [[{ shots, cameras: { c: camera("brown", { focal_x: 1 }) } }], "focal_y of"],
    [[{ shots, cameras: { c: camera("perspective", { focal: 900 }) } }], 'Camera "c" has focal lengths of'],
    [[{ shots: { a: { ...SHOT, rotation: [1, 2] } }, cameras }], 'Pose of shot "a" is not a rotation'],
    [[{ shots: { a: { ...SHOT, rotation: [1.5e308, 1.5e308, 1.5e308] } }, cameras }], "is not a rotation"],
    [[{ shots: { a: { ...SHOT, translation: [1e30, 0, 0] } }, cameras }], 'Pose of shot "a" is out of range'],
    [[{ shots: { a: { ...SHOT, rotation: ["1", 0, 0] } }, cameras }], 'Shot "a".rotation[0]'],
    [[{ shots: { a: { camera: "c" } }, cameras }], 'Shot "a".rotation is missing'],
    [[{ shots, cameras, points: { 7: { color: [1, 2, 3] } } }], 'Point "7" has no coordinates'],
    [[{ shots, cameras, points: [] }], "Points are not an object"],
  ];
  for (const [content, words] of wrong) {
    const error = assertThrows(() => parseOpenSfm(bytes(content), "r.json"), DataError, "", words);
    assert(error.message.includes(words), `${error.message}, not ${words}`);
    assertEquals(error.path, "r.json");
  }
});
