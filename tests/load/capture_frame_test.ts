// load/capture_frame.ts and load/scene.ts: which frame a capture gets, and that all of a scene is in it.

import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { cameraInFrame, CAPTURE_FRAME, type Frame, pointsInFrame, sameFrame } from "../../base/frame.ts";
import { DataError } from "../../base/errors.ts";
import { pointsPly } from "../../export/ply.ts";
import { frameOf } from "../../load/capture_frame.ts";
import { frameComments, frameInComments } from "../../load/frame_comment.ts";
import { loadScene } from "../../load/scene.ts";
import { capture } from "../../scripts/captures.ts";
import { image, model, pinhole, withFolder, writeCapture } from "./fixtures.ts";

const SIZE = { width: 40, height: 30 };
const UTM: Frame = { origin: [500_123.25, 4_649_776.5, -12_345], scale: 1 };
const TINY: Frame = { origin: [0, 0, 0], scale: 2 ** -13 };

/** Cameras 2 units apart along x, from 0 on. */
const row = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ rotation: [1, 0, 0, 0, 1, 0, 0, 0, 1], translation: [-2 * i, 0, 0] }));

/** Four images at x = 0, 2, 4 and 6 and some points before them, as they are in the frame `at`. */
async function writeMoved(folder: string, at: Frame, photos?: "none"): Promise<void> {
  const positions = Float64Array.from({ length: 60 }, (_, i) => i % 3 === 2 ? 5 + i / 64 : Math.sin(i) + 3);
  const names = ["a.png", "b.png", "c.png", "d.png"];
  const images = row(4).map((pose, i) => ({ ...image(i + 1, names[i]), ...cameraInFrame(pose, { from: at }) }));
  const points = { count: 20, positions: pointsInFrame(positions, { from: at }), colors: new Uint8Array(60).fill(9) };
  await writeCapture(folder, {
    ...SIZE,
    model: { ...model(pinhole(1, 40, 30), images), points },
    photos: photos === "none" ? [] : names.map((name) => join("images", name)),
  });
}

Deno.test("frameOf() leaves coordinates alone up to 16 sizes from the origin and for sizes from 1 on", () => {
  const at = (move: Partial<Frame>) =>
    row(6).map((pose) => cameraInFrame(pose, { from: { ...CAPTURE_FRAME, ...move } }));
  // The centres are from (0, 0, 0) to (10, 0, 0): the size is 1.1 * 5 = 5.5.
  const kept = (move: Partial<Frame>) => assert(frameOf(at(move)) === CAPTURE_FRAME, JSON.stringify(move));
  kept({});
  kept({ origin: [82, -88, 88] });
  kept({ scale: 1 / 5.4 });
  kept({ scale: 1e9 });
  // Beyond: the mean, rounded to multiples of 8.
  assertEquals(frameOf(at({ origin: [84, 0, 0] })), { origin: [88, 0, 0], scale: 1 });
  assertEquals(frameOf(at({ origin: [0, -89, 20] })), { origin: [8, -88, 24], scale: 1 });
  // Too small: to sizes from 4 to 8.
  assertEquals(frameOf(at({ scale: 1 / 8 })), { origin: [0, 0, 0], scale: 1 / 8 });
  for (let k = -40; k <= 40; k++) {
    const scale = 1.7 ** k;
    const found = frameOf(at({ scale })).scale;
    const local = 5.5 * scale / found;
    assert(found === 1 ? local >= 1 : local >= 4 && local < 8, `${scale}: ${found}`);
    assertEquals(Math.log2(found) % 1, 0);
  }
  // Both: multiples of 1/8 then, of which the mean, -5e6 + 5/64, is nearest to this.
  assertEquals(frameOf(at({ origin: [-5e6, 3, 0], scale: 1 / 64 })), {
    origin: [-5e6 + 1 / 8, 3, 0],
    scale: 1 / 64,
  });
});

Deno.test("frameOf() takes the larger of the cameras' extent and the points' median distance as size", () => {
  const near = row(2).map((pose) => cameraInFrame(pose, { from: { origin: [0, 0, 0], scale: 1 / 16 } }));
  assertEquals(frameOf(near).scale, 2 ** -6);
  const wall = Float64Array.from({ length: 300 }, (_, i) => i % 3 === 2 ? 4 : 0);
  assertEquals(frameOf(near, wall), CAPTURE_FRAME, "close cameras before a wall at a usual distance");
  wall.fill(1e7, 0, 120);
  wall.fill(NaN, 120, 123);
  wall.fill(1e300, 123, 130);
  assertEquals(frameOf(near, wall), CAPTURE_FRAME, "some points far off, or of no use");
});

Deno.test("frameOf() takes the origin off cameras in one place, and of points alone; rounding errors are no size", () => {
  const still = row(1).flatMap((pose) => {
    const [a, b] = [1, 1 + 1e-10].map((x) => ({ ...pose, translation: [-5e5 * x, 0, 0] }));
    return [a, b, a];
  });
  const { origin, scale } = frameOf(still);
  assertEquals([origin, scale], [[5e5, 0, 0], 1]);
  const around = Float64Array.from({ length: 300 }, (_, i) => (i % 3 === 0 ? 5e5 : 0) + 30 * Math.sin(i));
  assertEquals(frameOf(still, around).scale, 1);
  const [x] = frameOf([], around).origin;
  assert(Math.abs(x - 5e5) <= 32, `${x}`);
  assertEquals(frameOf([]), CAPTURE_FRAME);
  assertEquals(frameOf(row(1)), CAPTURE_FRAME);
});

Deno.test("frameInComments() reads what frameComments() wrote, and names a damaged comment", () => {
  assertEquals(frameComments(CAPTURE_FRAME), []);
  assertEquals(frameInComments([], "a.ply"), undefined);
  for (const frame of [UTM, TINY, { origin: [0.1, -1e-9, 5e17], scale: 3.3e-12 }] as Frame[]) {
    assertEquals(frameInComments(["tame", ...frameComments(frame)], "a.ply"), frame);
  }
  assertEquals(frameComments(UTM)[0], "CaptureFrame: origin 500123.25 4649776.5 -12345 scale 1");
  const wrong = ["", "origin 1 2 scale 1", "origin 1 2 3 scale 0", "origin 1 2 3 scale -1", "origin 1 2 3 scale 1 2"];
  for (
    const text of [...wrong, "origin nan 2 3 scale 1", "origin 1 2 3 scale inf", "origin 1 2e19 3 scale 1", "1 2 3 4"]
  ) {
    const error = assertThrows(() => frameInComments([`CaptureFrame: ${text}`], "a.ply"), DataError, "states no frame");
    assertEquals(error.path, "a.ply");
  }
});

Deno.test("loadScene() takes origin and scale off all of a capture, which is then as it would be without them", async () => {
  await withFolder(async (folder) => {
    await writeMoved(folder, CAPTURE_FRAME);
    const clean = await loadScene(folder);
    assertEquals([clean.frame, clean.notices], [CAPTURE_FRAME, []]);
    for (const at of [UTM, TINY, { ...UTM, scale: 1000 }, { ...UTM, scale: 1 / 256 }]) {
      await Deno.remove(join(folder, "images"), { recursive: true });
      await writeMoved(folder, at);
      const scene = await loadScene(folder);
      const { frame } = scene;
      assert(frame !== undefined && !sameFrame(frame, CAPTURE_FRAME));
      // From the frame of the scene to that in which the capture was written: where it is clean.
      const change = { from: frame, to: at };
      assertAlmostEquals(scene.extent * frame.scale / at.scale, clean.extent, 1e-5);
      pointsInFrame(scene.points.positions, change).forEach((value, i) =>
        assertAlmostEquals(value, clean.points.positions[i], 1e-5)
      );
      for (const [i, { camera }] of scene.train.entries()) {
        const { translation } = cameraInFrame(camera, change);
        translation.forEach((value, k) => assertAlmostEquals(value, clean.train[i].camera.translation[k], 1e-5));
        assertEquals(camera.near, 0.2);
      }
      assert(scene.notices![0].includes("frame.json"), scene.notices![0]);
      const own = await loadScene(folder, { frame: CAPTURE_FRAME });
      assertEquals([own.frame, own.notices], [CAPTURE_FRAME, []]);
      assertEquals((await loadScene(folder, { referenceCameras: true })).frame, CAPTURE_FRAME);
    }
  });
});

Deno.test("loadScene() gives a capture that is small by a power of two the same bits", async () => {
  await withFolder(async (folder) => {
    await writeMoved(folder, CAPTURE_FRAME);
    const clean = await loadScene(folder);
    for (const scale of [2 ** -13, 2 ** -7]) {
      await Deno.remove(join(folder, "images"), { recursive: true });
      await writeMoved(folder, { origin: [0, 0, 0], scale });
      const scene = await loadScene(folder);
      assertEquals(scene.frame, { origin: [0, 0, 0], scale });
      assertEquals([scene.points, scene.extent], [clean.points, clean.extent]);
      assertEquals(scene.train.map(({ camera }) => camera), clean.train.map(({ camera }) => camera));
    }
  });
});

Deno.test("loadScene() takes a near plane in the capture's units, or as a percentage of the default", async () => {
  await withFolder(async (folder) => {
    await writeMoved(folder, TINY);
    const near = async (near?: number | `${number}%`) => (await loadScene(folder, { near })).train[0].camera.near;
    assertEquals([await near(), await near("100%")], [0.2, 0.2]);
    assertEquals([await near("50%"), await near("250%")], [0.1, 0.5]);
    assertEquals(await near(2 ** -14), 0.5);
  });
});

Deno.test("loadScene() keeps the near plane of a large capture, whose content may be near to its cameras", async () => {
  await withFolder(async (folder) => {
    await writeMoved(folder, { ...CAPTURE_FRAME, scale: 1000 });
    const { frame, train, notices } = await loadScene(folder);
    assertEquals([frame, train[0].camera.near, notices], [CAPTURE_FRAME, 0.2, []]);
  });
});

Deno.test("loadScene() rejects a frame that no coordinates can be in", async () => {
  await withFolder(async (folder) => {
    await writeMoved(folder, CAPTURE_FRAME);
    const wrong: Frame[] = [
      { origin: [0, 0, 0], scale: 0 },
      { origin: [0, 0, 0], scale: -1 },
      { origin: [0, NaN, 0], scale: 1 },
      { origin: [0, 0, 0], scale: Infinity },
    ];
    for (const frame of wrong) {
      await assertRejects(() => loadScene(folder, { frame }), RangeError, "Cannot use a frame");
    }
  });
});

Deno.test("loadScene() says so when float32 points have lost their precision far from the origin", async () => {
  await withFolder(async (folder) => {
    const lines = async () => (await loadScene(folder)).notices!.filter((line) => line.includes("precision is lost"));
    const sparse = join(folder, "sparse", "0");
    for (
      const [frame, expected] of [[UTM, ["multiples of 0.5 this far"]], [{ ...UTM, origin: [200, 0, 0] }, []]] as const
    ) {
      await writeMoved(folder, frame);
      assertEquals(await lines(), []);
      const { positions } = (await loadScene(folder, { frame: CAPTURE_FRAME })).points;
      await Deno.remove(join(sparse, "points3D.bin"));
      await Deno.writeFile(
        join(sparse, "points3D.ply"),
        pointsPly({ count: 20, positions, colors: new Uint8Array(60) }),
      );
      assert(!sameFrame((await loadScene(folder)).frame!, CAPTURE_FRAME));
      const found = await lines();
      assertEquals(found.length, expected.length);
      expected.forEach((text, i) => assert(found[i].includes(text), found[i]));
      for (const part of ["sparse", "images"]) await Deno.remove(join(folder, part), { recursive: true });
    }
  });
});

Deno.test("loadScene() takes init files in the capture's coordinates and in a frame that they state", async () => {
  await withFolder(async (folder) => {
    await writeMoved(folder, UTM);
    const { frame, points } = await loadScene(folder);
    const header = (type: string, comment: string) =>
      `ply\nformat ascii 1.0\n${comment}element vertex 1\n` +
      ["x", "y", "z"].map((name) => `property ${type} ${name}\n`).join("") + "end_header\n";
    const init = join(folder, "init.ply");
    const place = async (text: string) => {
      await Deno.writeTextFile(init, text);
      const scene = await loadScene(folder, { init });
      assertEquals(scene.frame, frame);
      return [...scene.points.positions];
    };
    const [x, y, z] = frame!.origin;
    assertEquals(await place(`${header("double", "")}${x + 0.5} ${y - 2} ${z + 0.125}\n`), [0.5, -2, 0.125]);
    const same = `comment ${frameComments(frame!)[0]}\n`;
    assertEquals(await place(`${header("float", same)}0.1 -2 0.125\n`), [Math.fround(0.1), -2, 0.125]);
    const other = `comment ${frameComments({ origin: [x - 8, y, z], scale: 2 })[0]}\n`;
    assertEquals(await place(`${header("float", other)}4.5 -1 0.125\n`), [1, -2, 0.25]);
    assert(points.count === 20);
  });
});

Deno.test("loadScene() fills a synthetic scene's cube about what its cameras look at, as large as the scene", async () => {
  await withFolder(async (folder) => {
    await writeMoved(folder, CAPTURE_FRAME);
    const write = async (at: Frame) => {
      const frames = Array.from({ length: 6 }, (_, i) => {
        const [sin, cos] = [Math.sin(i), Math.cos(i)];
        const place = [sin, 0.5, cos].map((value, axis) => at.origin[axis] + at.scale * 4.5 * value);
        // Looks along -z of its own: at (0, 2.25, 0) in the frame.
        return {
          file_path: "images/a",
          transform_matrix: [[cos, 0, sin, place[0]], [0, 1, 0, place[1]], [-sin, 0, cos, place[2]]],
        };
      });
      await Deno.writeTextFile(join(folder, "transforms_train.json"), JSON.stringify({ camera_angle_x: 0.7, frames }));
      return await loadScene(folder);
    };
    await Deno.remove(join(folder, "sparse"), { recursive: true });
    const box = ({ positions }: { positions: Float32Array }) =>
      [0, 1, 2].flatMap((axis) => {
        const values = positions.filter((_, i) => i % 3 === axis);
        return [Math.min, Math.max].map((pick) => values.reduce((a, b) => pick(a, b)));
      });
    const usual = await write(CAPTURE_FRAME);
    box(usual.points).forEach((value, k) => assertAlmostEquals(value, k % 2 === 0 ? -1.3 : 1.3, 1e-3));
    const small = await write({ origin: [0, 0, 0], scale: 2 ** -7 });
    assertEquals(small.points, usual.points);
    const half = await write({ origin: [0, 0, 0], scale: 0.5 });
    assertEquals([half.frame, half.points.positions[0]], [CAPTURE_FRAME, usual.points.positions[0] / 2]);
    const far = await write({ origin: [5e6, 0, 5e6], scale: 1 });
    const local = box(far.points);
    const focus = [5e6, 2.25, 5e6].map((value, axis) => value - far.frame!.origin[axis]);
    local.forEach((value, k) => assertAlmostEquals(value, focus[k >> 1] + (k % 2 === 0 ? -1.3 : 1.3), 1e-3));
  });
});

Deno.test({
  name: "real captures are in their own coordinates, with a near plane of 0.2",
  async fn(): Promise<void> {
    for (const [name, images] of [["fox", "images_8"], ["caliterra", "images_4"], ["herzjesu", "images_2"]] as const) {
      const folder = capture(name, "sparse/0", images);
      if (folder === undefined) continue;
      const { frame, train } = await loadScene(folder, { images });
      assertEquals([frame, train[0].camera.near], [CAPTURE_FRAME, 0.2]);
    }
  },
});
