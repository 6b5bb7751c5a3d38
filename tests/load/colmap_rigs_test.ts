// load/colmap_rigs.ts: the poses of images that only their frames have, against rotations by axis and angle.

import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { encodeImages } from "../../export/colmap.ts";
import { parseFrames, parseFramesText, parseRigs, parseRigsText, posesOfFrames } from "../../load/colmap_rigs.ts";
import { loadScene } from "../../load/scene.ts";
import { image, model, pinhole, withFolder, writeCapture } from "./fixtures.ts";
import {
  encodeFrames,
  encodeRigs,
  type FrameEntry,
  framesText,
  type Numbers,
  type RigEntry,
  rigsText,
} from "./rigs.ts";
import { writeColmapTexts } from "./texts.ts";

type Vec = [number, number, number];

/** A rotation about a unit axis, as a quaternion times `length`, and a translation. */
function turn(axis: Vec, degrees: number, translation: Vec, length = 1): Numbers {
  const half = degrees * Math.PI / 360;
  const [x, y, z] = axis.map((value) => value * Math.sin(half) * length);
  return [Math.cos(half) * length, x, y, z, ...translation];
}

/** A point rotated about a unit axis by Rodrigues' formula, then moved. */
function moved([x, y, z]: Vec, [a, b, c]: Vec, degrees: number, [tx, ty, tz]: Vec): Vec {
  const [cos, sin] = [Math.cos(degrees * Math.PI / 180), Math.sin(degrees * Math.PI / 180)];
  const along = (a * x + b * y + c * z) * (1 - cos);
  return [
    x * cos + (b * z - c * y) * sin + a * along + tx,
    y * cos + (c * x - a * z) * sin + b * along + ty,
    z * cos + (a * y - b * x) * sin + c * along + tz,
  ];
}

const OBLIQUE: Vec = [2 / 3, -1 / 3, 2 / 3];
const DOWN: Vec = [0, 1, 0];
const RIGS: RigEntry[] = [
  {
    id: 1,
    sensors: [
      { type: 0, id: 1 },
      { type: 0, id: 2, pose: turn(DOWN, 35, [-0.2, 0.01, 0.03]) },
      { type: 1, id: 2, pose: turn(OBLIQUE, 90, [9, 9, 9]) },
      { type: 0, id: 3 },
    ],
  },
  { id: 9, sensors: [{ type: 0, id: 4 }] },
];
const FRAMES: FrameEntry[] = [
  {
    id: 5,
    rigId: 1,
    pose: turn(OBLIQUE, 50, [1, -2, 3], 1.5), // a quaternion that is not of length 1
    data: [{ type: 0, sensor: 1, id: 11 }, { type: 1, sensor: 2, id: 77 }, { type: 0, sensor: 2, id: 12 }],
  },
  { id: 6, rigId: 9, pose: turn(DOWN, -20, [0, 0, 1]), data: [{ type: 0, sensor: 4, id: 13 }] },
];
const text = (content: string) => new TextEncoder().encode(content);

Deno.test("parsers of rigs and frames read the same from bytes and from text", () => {
  const rigs = parseRigs(encodeRigs(RIGS), "rigs.bin");
  const frames = parseFrames(encodeFrames(FRAMES), "frames.bin");
  assertEquals(parseRigsText(text(rigsText(RIGS)), "rigs.txt"), rigs);
  assertEquals(parseFramesText(text(framesText(FRAMES)), "frames.txt"), frames);
  assertEquals([...rigs.keys()], [1, 2, 3, 4]);
  assertEquals(frames.map(({ imageId }) => imageId), [11, 12, 13]);
});

Deno.test("parseRigsText() and parseFramesText() read the examples of COLMAP's documentation", () => {
  const rigs = parseRigsText(
    text(
      "# Number of rigs: 1\n1 2 CAMERA 1 CAMERA 2 1 -0.9999701516465348 -0.0011120266840749639 " +
        "-0.0075347911527510894 0.0012985125893421306 -0.19316906391350164 0.00085222218993398979 " +
        "0.0070758955539026785\n2 1 CAMERA 3\n",
    ),
    "rigs.txt",
  );
  const frames = parseFramesText(
    text(
      "1 1 0.99801363919752195 0.040985139360073107 0.041890917712361225 -0.023111584553400576 -5.2666546897987896 " +
        "-0.17120007823690631 0.12300519697527648 2 CAMERA 1 1 CAMERA 2 2\n2 2 0.99816472047267968 " +
        "0.037605501383281774 0.043101511724657163 -0.019881568259519072 -5.1956060695789192 -0.20794508616745555 " +
        "0.14967533910764824 1 CAMERA 3 3\n",
    ),
    "frames.txt",
  );
  const poses = posesOfFrames(frames, rigs, "frames.txt");
  assertEquals([...poses.keys()], [1, 2, 3]);
  assertEquals(poses.get(3)!.translation, [-5.1956060695789192, -0.20794508616745555, 0.14967533910764824]);
  assertAlmostEquals(Math.hypot(...poses.get(2)!.quaternion), 1, 1e-9);
});

Deno.test("loadScene() takes the poses of images from their frames when they have none of their own", async () => {
  await withFolder(async (folder) => {
    const cameras = [1, 2, 4].map((id) => pinhole(id, 40, 30));
    const images = [image(11, "a.png", 1), image(12, "b.png", 2), image(13, "c.png", 4)];
    const whole = { ...model(cameras[0], images), cameras: new Map(cameras.map((camera) => [camera.id, camera])) };
    const photos = ["images/a.png", "images/b.png", "images/c.png"];
    await writeCapture(folder, { model: whole, photos, width: 40, height: 30 });
    const sparse = join(folder, "sparse", "0");
    const own = (await loadScene(folder)).train;
    await Deno.writeFile(join(sparse, "rigs.bin"), encodeRigs(RIGS));
    await Deno.writeFile(join(sparse, "frames.bin"), encodeFrames(FRAMES));
    assertEquals(
      (await loadScene(folder)).train.map((v) => v.camera),
      own.map((v) => v.camera),
      "their own come first",
    );

    const without = images.map((image) => ({ ...image, quaternion: [0, 0, 0, 0], translation: [0, 0, 0] }));
    await Deno.writeFile(join(sparse, "images.bin"), encodeImages(without));
    const check = async () => {
      const { train } = await loadScene(folder);
      const point: Vec = [0.3, -0.7, 4];
      const inRig = moved(point, OBLIQUE, 50, [1, -2, 3]);
      const expected = [
        inRig,
        moved(inRig, DOWN, 35, [-0.2, 0.01, 0.03]),
        moved(point, DOWN, -20, [0, 0, 1]),
      ];
      for (const [i, { camera: { rotation: r, translation: t } }] of train.entries()) {
        for (let k = 0; k < 3; k++) {
          const at = r[3 * k] * point[0] + r[3 * k + 1] * point[1] + r[3 * k + 2] * point[2] + t[k];
          assertAlmostEquals(at, expected[i][k], 1e-12, `image ${i}, axis ${k}`);
        }
      }
    };
    await check();
    await Deno.remove(join(sparse, "images.bin"));
    await writeColmapTexts(sparse, { ...whole, images: without });
    await Deno.remove(join(sparse, "rigs.bin"));
    await Deno.remove(join(sparse, "frames.bin"));
    await Deno.writeTextFile(join(sparse, "rigs.txt"), rigsText(RIGS));
    await assertRejects(() => loadScene(folder), DataError, "Image 11 has no usable pose");
    await Deno.writeTextFile(join(sparse, "frames.txt"), framesText(FRAMES));
    await check();
    await Deno.writeTextFile(join(sparse, "frames.txt"), framesText(FRAMES.slice(0, 1)));
    await assertRejects(() => loadScene(folder), DataError, "Image 13 has no usable pose");
  });
});

Deno.test("posesOfFrames() leaves out cameras whose pose in the rig is unknown, and rejects what does not exist", () => {
  const rigs = parseRigs(encodeRigs(RIGS), "rigs.bin");
  const frame = (sensor: number) =>
    parseFrames(encodeFrames([{ ...FRAMES[0], data: [{ type: 0, sensor, id: 1 }] }]), "frames.bin");
  assertEquals(posesOfFrames(frame(3), rigs, "frames.bin").size, 0);
  const words = "Frame 5 has an image of camera 7, which is in no rig (frames.bin)";
  assertThrows(() => posesOfFrames(frame(7), rigs, "frames.bin"), DataError, words);
});

Deno.test("parsers of rigs and frames name the place of what is wrong", () => {
  const wrong: [() => unknown, string][] = [
    [() => parseRigs(encodeRigs([RIGS[1], RIGS[1]]), "r"), "Camera 4 is in a rig twice (r, byte 32)"],
    [() => parseRigs(Uint8Array.from([1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0]), "r"), "States 9 sensors"],
    [
      () => parseFrames(encodeFrames([{ ...FRAMES[0], pose: [0, 0, 0, 0, 1, 2, 3] }]), "f"),
      "Frame 5 has no usable pose",
    ],
    [() => parseRigsText(text("1 2 CAMERA 1\n"), "r"), "Line ends, expected a sensor's type (r, line 1)"],
    [() => parseRigsText(text("1 1 CAMERA 1\n2 1 CAMERA 1\n"), "r"), "Camera 1 is in a rig twice (r, line 2)"],
    [() => parseRigsText(text("\n1 1 CAMERA 1 CAMERA 2 0\n"), "r"), "Rig 1 has more than its 1 sensors (r, line 2)"],
    [() => parseFramesText(text("1 1 1 0 0 0 0 0 0 0 CAMERA 1 1\n"), "f"), "Frame 1 has more than its 0 data"],
    [() => parseFramesText(text("1 -1 1 0 0 0 0 0 0 0\n"), "f"), "a frame's rig is -1"],
  ];
  for (const [parse, words] of wrong) {
    const error = assertThrows(parse, DataError);
    assert(error.message.toLowerCase().includes(words.toLowerCase()), `${error.message}, not ${words}`);
  }
});
