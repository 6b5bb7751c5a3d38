// load/transforms.ts and load/transforms_file.ts: transforms.json of instant-ngp and nerfstudio, and the files of
// NeRF-synthetic scenes.

import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { dirname, join, relative } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { pointsPly } from "../../export/ply.ts";
import { reductionOf } from "../../load/lens.ts";
import { loadScene } from "../../load/scene.ts";
import { parseTransforms } from "../../load/transforms_file.ts";
import { libraryMissing } from "../support/device.ts";
import { pattern, raw, withFolder } from "./fixtures.ts";

type Json = Record<string, unknown>;

/** A camera at (x, 2, 3) that looks along the world's +z with its y down: OpenGL's axes turned half round x. */
function matrix(x: number): number[][] {
  return [[1, 0, 0, x], [0, -1, 0, 2], [0, 0, -1, 3], [0, 0, 0, 1]];
}

function frame(file_path: string, x = 0, more: Json = {}): Json {
  return { file_path, transform_matrix: matrix(x), ...more };
}

/** Writes files into a folder: objects as JSON, `null` as a photo of 40 × 30. */
async function write(folder: string, files: Record<string, Json | Uint8Array | null>): Promise<void> {
  const photo = await raw(pattern(40, 30), 40, 30).png().toBuffer();
  for (const [name, content] of Object.entries(files)) {
    await Deno.mkdir(dirname(join(folder, name)), { recursive: true });
    const bytes = content instanceof Uint8Array ? content : JSON.stringify(content);
    if (typeof bytes === "string" && content !== null) await Deno.writeTextFile(join(folder, name), bytes);
    else await Deno.writeFile(join(folder, name), content instanceof Uint8Array ? content : photo);
  }
}

const PLY = pointsPly({ count: 1, positions: new Float32Array([0, 0, 9]), colors: new Uint8Array([1, 2, 3]) });
const INTRINSICS = { fl_x: 50, fl_y: 60, cx: 21, cy: 14, w: 40.0, h: 30 };

Deno.test("loadScene() finds the masks of a synthetic scene by set, those of a transforms.json below the photos", async () => {
  await withFolder(async (folder) => {
    await write(folder, {
      "transforms_train.json": { camera_angle_x: 0.7, frames: [frame("./train/r_0")] },
      "transforms_test.json": { camera_angle_x: 0.7, frames: [frame("./test/r_0", 1)] },
      "transforms.json": { ...INTRINSICS, frames: [frame("images/a/b.png"), frame("images/c.png", 1)] },
      "train/r_0.png": null,
      "test/r_0.png": null,
      "images/a/b.png": null,
      "images/c.png": null,
      "images_2/b.png": null,
      "images_2/c.png": null,
      "masks/train/r_0.png": null,
      "masks/a/b.png": null,
    });
    const masks = async (path: string, images?: string) => {
      const { train, test } = await loadScene(path, { eval: path === folder, images });
      return [...train, ...test].map(({ maskPath }) => maskPath && relative(folder, maskPath));
    };
    assertEquals(await masks(folder), ["masks/train/r_0.png", undefined]);
    const file = join(folder, "transforms.json");
    assertEquals(await masks(file), ["masks/a/b.png", undefined]);
    assertEquals(await masks(file, "images_2"), ["masks/a/b.png", undefined], "found by its bare name");
  });
});

Deno.test("loadScene() reads poses and intrinsics of a transforms.json, of the file or of a frame", async () => {
  await withFolder(async (folder) => {
    await write(folder, {
      "transforms.json": {
        ...INTRINSICS,
        ply_file_path: "points/sparse.ply",
        applied_transform: [[1, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0]],
        frames: [
          frame("./images/b b.png", 5),
          frame("images/sub/🦊", 1, { fl_x: 55, fl_y: 65, cx: 20, cy: 15, mask_path: "masks\\a.png" }),
        ],
      },
      "points/sparse.ply": PLY,
      "masks/a.png": null,
      "masks/b b.png.png": null,
      "images/b b.png": null,
      "images/sub/🦊.png": null,
    });
    const { train: [b, fox], points, notices, source } = await loadScene(folder);
    assertEquals([b.name, fox.name, source], ["b b", "sub/🦊", folder]);
    assertEquals([b.camera.fx, b.camera.fy, b.camera.cx, b.camera.cy], [50, 60, 21, 14]);
    assertEquals([fox.camera.fx, fox.camera.fy, fox.camera.cx, fox.camera.cy], [55, 65, 20, 15]);
    assertEquals(b.camera.rotation.map(Math.abs), [1, 0, 0, 0, 1, 0, 0, 0, 1]);
    assertEquals(b.camera.rotation.filter((value) => value < 0), []);
    assertEquals(b.camera.translation, [-5, -2, -3]);
    assertEquals([fox.maskPath, b.maskPath], [join(folder, "masks", "a.png"), join(folder, "masks", "b b.png.png")]);
    assertEquals([points.count, points.positions[2], notices], [1, 9, []]);
    // The file itself can be named, where a COLMAP model would come first.
    const named = await loadScene(join(folder, "transforms.json"));
    assertEquals([named.source, named.train.length], [join(folder, "transforms.json"), 2]);
  });
});

Deno.test("loadScene() takes focal lengths from angles, and size and centre from the photo, when a file has no more", async () => {
  await withFolder(async (folder) => {
    const file = { camera_angle_x: 0.8, frames: [frame("a"), frame("b", 1, { camera_angle_y: 0.5 })] };
    await write(folder, { "transforms.json": file, "a.png": null, "b.png": null });
    const { train: [a, b] } = await loadScene(folder, { resolution: 2 });
    assertAlmostEquals(a.camera.fx, 20 / (2 * Math.tan(0.4)), 1e-12);
    assertAlmostEquals(a.camera.fy, a.camera.fx, 1e-12);
    assertEquals([a.camera.width, a.camera.cx, a.camera.cy], [20, 10, 7.5]);
    assertAlmostEquals(b.camera.fy, 15 / (2 * Math.tan(0.25)), 1e-12);
  });
});

Deno.test("loadScene() leaves missing photos out and counts them, and fails when all are missing", async () => {
  await withFolder(async (folder) => {
    const frames = ["z", "a", "b"].map((name, i) => frame(`images/${name}.jpg`, i));
    await write(folder, { "transforms.json": { ...INTRINSICS, frames }, "images/a.jpg": null });
    const { train, notices } = await loadScene(folder);
    assertEquals(train.map(({ name }) => name), ["a"]);
    assertEquals(notices![0], "2 of 3 photos are missing and left out, the first is images/z.jpg");
    await Deno.remove(join(folder, "images", "a.jpg"));
    await assertRejects(() => loadScene(folder), DataError, "3 of 3 photos are missing");
  });
});

Deno.test("loadScene() scales the intrinsics when photos of another folder are asked for, if it knows their size", async () => {
  await withFolder(async (folder) => {
    const frames = [frame("images/sub/a.png"), frame("images/b.png", 1)];
    const stated = { ...INTRINSICS, w: 80, h: 60 };
    const photos = { "images_2/sub/a.png": null, "images_2/b.png": null };
    await write(folder, { "transforms.json": { ...stated, frames }, ...photos });
    const { train } = await loadScene(folder, { images: "images_2" });
    assertEquals(train.map(({ camera }) => [camera.fx, camera.cy]), [[25, 7], [25, 7]]);
    await write(folder, { "transforms.json": { ...stated, w: undefined, frames } });
    await assertRejects(() => loadScene(folder, { images: "images_2" }), DataError, "state w and h");
  });
});

Deno.test("loadScene() scales full-size intrinsics without w and h when the principal point tells the ratio", async () => {
  await withFolder(async (folder) => {
    const frames = [frame("images/a.png"), frame("images/b.png", 4, { cx: 19.5, cy: 15.2 })];
    const load = async (stated: Json, images?: string) => {
      await write(folder, { "transforms.json": { ...stated, frames }, "images/a.png": null, "images/b.png": null });
      return await loadScene(folder, { images });
    };
    // Photos are of 40 × 30 pixels: a's intrinsics are for 160 × 120.
    const full = { fl_x: 200, fl_y: 240, cx: 82, cy: 58 };
    const { train: [a, b], notices } = await load(full);
    assertEquals([a.camera.fx, a.camera.fy, a.camera.cx, a.camera.cy], [50, 60, 20.5, 14.5]);
    assertEquals([b.camera.fx, b.camera.fy, b.camera.cx, b.camera.cy], [200, 240, 19.5, 15.2]);
    assertEquals(notices!.slice(0, -1), [
      "1 of 2 photos are smaller than their intrinsics, which state no size and are scaled; the first is " +
      "a.png: 40 instead of 160 pixels wide",
    ]);
    // Stated or not, the same camera; a stated size needs no notice.
    const { train: [same], notices: none } = await load({ ...full, w: 160, h: 120 });
    assertEquals([same.camera, none!.length], [a.camera, 1]);
    // In another folder too; b's focal lengths are then for that folder's photos.
    await write(folder, { "images_4/a.png": null, "images_4/b.png": null });
    assertEquals((await load(full, "images_4")).train[0].camera, a.camera);
    // No ratio that both axes share: too large for the photo, or within it and taken as it is.
    const beyond = "Camera of images/a.png has its principal point at 90, 45, outside its photos of 40 x 30 pixels";
    const error = await assertRejects(() => load({ ...full, cx: 90, cy: 45 }), DataError, beyond);
    assertEquals(error.path, join(folder, "transforms.json"));
    assertEquals((await load({ ...full, cx: 39, cy: 16 })).train[0].camera.cx, 39);
    await assertRejects(() => load({ ...full, cx: 39, cy: 16 }, "images_4"), DataError, "state w and h");
    await assertRejects(
      () => load({ fl_x: 0.8, cx: 20, cy: 15 }),
      DataError,
      "Camera of images/a.png has focal lengths",
    );
  });
});

Deno.test("reductionOf() finds whole ratios up to 16 that both axes share, within 5 %", () => {
  const size = { width: 240, height: 135 };
  const ratio = (x: number, y: number) => reductionOf({ cx: 120 * x, cy: 67.5 * y }, size);
  for (const factor of [1, 2, 3, 8, 16]) {
    assertEquals([ratio(factor, factor), ratio(0.951 * factor, 1.049 * factor)], [factor, factor]);
    assertEquals([ratio(0.94 * factor, factor), ratio(factor, 1.06 * factor)], [undefined, undefined]);
  }
  assertEquals([ratio(17, 17), ratio(0, 0), ratio(2, 1), ratio(1.5, 1.5)], [
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

Deno.test("loadScene() holds out the sets of a transforms.json when it names some, else every eighth view", async () => {
  await withFolder(async (folder) => {
    const names = Array.from({ length: 10 }, (_, i) => `images/${i}.png`);
    const frames = names.map((name, i) => frame(name, i));
    const photos = Object.fromEntries(names.map((name) => [name, null]));
    await write(folder, { "transforms.json": { ...INTRINSICS, frames }, ...photos });
    const tested = async () => (await loadScene(folder, { eval: true })).test.map(({ name }) => name).join(" ");
    assertEquals(await tested(), "0 8");
    const sets = { train_filenames: names.slice(0, 6), val_filenames: names.slice(6, 7), test_filenames: [names[7]] };
    await write(folder, { "transforms.json": { ...INTRINSICS, frames, ...sets } });
    assertEquals(await tested(), "7");
    const { train, notices } = await loadScene(folder, { eval: true });
    assertEquals(train.map(({ name }) => name).join(" "), "0 1 2 3 4 5");
    assertEquals(notices![0], "3 of 10 photos are in no set that is used");
    assertEquals((await loadScene(folder)).train.length, 10);
    await write(folder, { "transforms.json": { ...INTRINSICS, frames, ...sets, test_filenames: undefined } });
    assertEquals(await tested(), "6");
  });
});

Deno.test("loadScene() reads a synthetic scene in the order of its files, and starts it from a cube of points", async () => {
  await withFolder(async (folder) => {
    const set = (name: string, count: number) => ({
      camera_angle_x: 0.7,
      frames: Array.from(
        { length: count },
        (_, i) => frame(`./${name}/r_${count - i}`, 4 * i + (name === "test" ? 9 : 0)),
      ),
    });
    const photos = ["train/r_1", "train/r_2", "train/r_3", "test/r_1"].map((name) => [`${name}.png`, null]);
    const files = { "transforms_train.json": set("train", 3), "transforms_test.json": set("test", 1) };
    await write(folder, { ...files, ...Object.fromEntries(photos) });
    const held = await loadScene(folder, { eval: true });
    assertEquals(held.train.map(({ name }) => name), ["train/r_3", "train/r_2", "train/r_1"]);
    assertEquals(held.test.map(({ path }) => path), [join(folder, "test", "r_1.png")]);
    assertEquals(held.notices, [
      "The capture has no points: training starts from 100000 random ones in the cube from -1.3 to 1.3",
    ]);
    const { positions, colors, count } = held.points;
    assertEquals([count, colors.every((value) => value === 127)], [100_000, true]);
    assert(positions.every((value) => value >= -1.3 && value <= 1.3));
    for (const axis of [0, 1, 2]) {
      const mean = positions.reduce((sum, value, i) => i % 3 === axis ? sum + value / count : sum, 0);
      assert(Math.abs(mean) < 0.02, `${mean}`);
    }
    const all = await loadScene(folder);
    assertEquals(all.train.map(({ name }) => name), ["train/r_3", "train/r_2", "train/r_1", "test/r_1"]);
    assertEquals(all.test, []);
    await write(folder, { "points3d.ply": PLY });
    assertEquals((await loadScene(folder)).points.count, 1);
  });
});

Deno.test({
  name: "loadScene() undistorts by the coefficients of a transforms.json, as OpenCV's lens or its fisheye",
  ignore: libraryMissing !== undefined,
  async fn(): Promise<void> {
    await withFolder(async (folder) => {
      const lens = { k1: 0.1, k2: 0.02, p1: 0.001, p2: -0.002 };
      const load = async (more: Json) => {
        await write(folder, {
          "transforms.json": { ...INTRINSICS, ...lens, ...more, frames: [frame("a.png")] },
          "a.png": null,
        });
        return (await loadScene(folder)).train[0].lens;
      };
      assertEquals((await load({}))?.coefficients, [0.1, 0.02, 0.001, -0.002, 0]);
      assertEquals((await load({ camera_model: "OPENCV", k3: 0.3 }))?.coefficients, [0.1, 0.02, 0.001, -0.002, 0.3]);
      const fisheye = { model: "fisheye", coefficients: [0.1, 0.02, 0, 0, 0.3, 0.4] };
      for (const kind of [{ camera_model: "OPENCV_FISHEYE" }, { is_fisheye: true }]) {
        const { model, coefficients } = (await load({ ...kind, k3: 0.3, k4: 0.4 }))!;
        assertEquals({ model: model as string, coefficients }, fisheye);
      }
      assertEquals(await load({ camera_model: "PINHOLE", k1: 0, k2: 0, p1: 0, p2: 0 }), undefined);
      await assertRejects(() => load({ k4: 0.4 }), DataError, "k4");
    });
  },
});

Deno.test("parseTransforms() rounds a pose to a rotation, divides its scale out, and rejects what is none", () => {
  const parse = (transform_matrix: unknown) =>
    parseTransforms(
      new TextEncoder().encode(JSON.stringify({ fl_x: 1, frames: [{ file_path: "a", transform_matrix }] })),
      "t",
    )
      .frames[0];
  const rounded = [[2, 0.001, 0, 1], [-0.001, -2, 0, 2], [0, 0, -2, 3]];
  const { rotation: r, translation } = parse(rounded);
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) {
      const product = r[3 * i] * r[3 * j] + r[3 * i + 1] * r[3 * j + 1] + r[3 * i + 2] * r[3 * j + 2];
      assertAlmostEquals(product, i === j ? 1 : 0, 1e-12);
    }
  }
  assertAlmostEquals(translation[2], -3, 1e-3);
  const mirrored = matrix(0).map((row) => [-row[0], ...row.slice(1)]);
  const sheared = matrix(0).map((row) => [row[0], row[1] + 0.1 * row[2], row[2], row[3]]);
  const flat = matrix(0).map((row) => [0, ...row.slice(1)]);
  for (const bad of [mirrored, sheared, flat, [[1]], [], "none", undefined, [...matrix(0), [0, 0, 0, 1]]]) {
    assertThrows(() => parse(bad), DataError, "transform_matrix of frames[0]");
  }
  assertThrows(
    () => parse([[1, 0, 0, 1e308], [0, -1, 0, 1e308], [0, 0, -1, null]]),
    DataError,
    "transform_matrix of frames[0] has null in row 2, column 3",
  );
});

Deno.test("parseTransforms() takes null for a value that is not stated, and reads numbers that are strings", () => {
  const parse = (file: Json, own: Json) =>
    parseTransforms(new TextEncoder().encode(JSON.stringify({ ...file, frames: [frame("a", 5, own)] })), "t").frames[0];
  const size = { width: 40, height: 30 };
  const unstated = { fl_x: null, fl_y: null, cx: null, w: null, k1: null, camera_model: null, is_fisheye: null };
  const expected = parse(INTRINSICS, {});
  assertEquals(parse(INTRINSICS, unstated).intrinsics(size), expected.intrinsics(size));
  const strings = {
    fl_x: "50",
    fl_y: "6e1",
    cx: " 21.0 ",
    cy: "+14",
    w: "40.0",
    h: "30",
    k1: "0",
    is_fisheye: "false",
  };
  const matrixOfStrings = matrix(5).map((row) => row.map(String));
  const read = parse(strings, { transform_matrix: matrixOfStrings, mask_path: null });
  assertEquals(read.intrinsics(size), expected.intrinsics(size));
  assertEquals([read.rotation, read.translation], [expected.rotation, expected.translation]);
  for (const is_fisheye of [true, "true", 1, "1"]) {
    assertEquals(parse({ ...INTRINSICS, is_fisheye }, {}).intrinsics(size).distortion?.model, "fisheye");
  }
});

Deno.test("parseTransforms() names the file and the place when something is wrong", () => {
  const wrong: [text: string, words: string][] = [
    ["", "not JSON"],
    ["{", "not JSON"],
    ['{\n"frames": [\n}', "line 3"],
    ['{"a": "NaN \\" NaN", "fl_x": NaN}', "File has NaN, which is not a number in JSON (t.json, byte 28)"],
    ['\uFEFF{"é": [-Infinity]}', "File has -Infinity, which is not a number in JSON (t.json, byte 11)"],
    ["[]", "is not a JSON object"],
    ["{}", "no list of frames"],
    ['{"frames": []}', "List of frames is empty"],
    ['{"frames": [1]}', "frames[0] is not an object"],
    ['{"frames": [{}]}', "frames[0] has no file_path"],
    ['{"frames": [{"file_path": 7}]}', "frames[0].file_path is 7"],
    ['{"frames": [{"file_path": "a"}]}', "neither fl_x nor camera_angle_x"],
    ['{"fl_x": "wide", "frames": [{"file_path": "a"}]}', 'fl_x of frames[0] is "wide"'],
    ['{"fl_x": "0x10", "frames": [{"file_path": "a"}]}', 'fl_x of frames[0] is "0x10"'],
    ['{"fl_x": "NaN", "frames": [{"file_path": "a"}]}', 'fl_x of frames[0] is "NaN"'],
    ['{"fl_x": 1e999, "frames": [{"file_path": "a"}]}', "fl_x of frames[0] is Infinity"],
    ['{"fl_x": [1], "frames": [{"file_path": "a"}]}', "fl_x of frames[0] is [1]"],
    ['{"camera_angle_x": 40, "frames": [{"file_path": "a"}]}', "camera_angle_x of frames[0] is 40: expected radians"],
    ['{"fl_x": 1, "is_fisheye": "maybe", "frames": [{"file_path": "a"}]}', 'is_fisheye of frames[0] is "maybe"'],
    ['{"fl_x": 1, "camera_model": "EQUIRECTANGULAR", "frames": [{"file_path": "a"}]}', "EQUIRECTANGULAR"],
    ['{"fl_x": 1, "train_filenames": 1, "frames": []}', "List of frames is empty"],
    [`{"frames": ${"[".repeat(100)}`, "nested too deeply"],
    [`{"frames": [${"[],".repeat(1000)}1]}`, "1002 arrays and objects"],
    ['{"frames": "\xff"}', "not UTF-8"],
  ];
  for (const [text, words] of wrong) {
    const bytes = text.includes("\xff")
      ? Uint8Array.from(text, (c) => c.charCodeAt(0))
      : new TextEncoder().encode(text);
    const error = assertThrows(() => parseTransforms(bytes, "t.json"), DataError, words);
    assertEquals(error.path, "t.json");
  }
});

Deno.test("loadScene() reads what a transforms.json names outside its folder only if that is allowed", async () => {
  await withFolder(async (parent) => {
    const folder = join(parent, "capture");
    const photos = { "photo.png": null, "images/a.png": null, "capture/images/a.png": null, "capture/mask.png": null };
    await write(parent, { ...photos, "points.ply": PLY, "secret.png": null, "capture.png": null });
    const load = async (file: Json, allowOutside?: boolean) => {
      await write(folder, { "transforms.json": { ...INTRINSICS, ...file } });
      return await loadScene(folder, { allowOutside });
    };
    const inside = frame("images/a.png");
    const outside: [string, Json][] = [
      ['file_path "../photo.png"', { frames: [inside, frame("../photo.png", 1)] }],
      ['file_path "..\\\\photo"', { frames: [inside, frame("..\\photo", 1)] }],
      ["photo.png", { frames: [frame(join(parent, "photo.png"))] }],
      ['file_path "."', { frames: [frame(".")] }],
      ["mask_path of images/a.png", { frames: [frame("images/a.png", 0, { mask_path: "images/../../secret.png" })] }],
      ['ply_file_path "../points.ply"', { frames: [inside], ply_file_path: "../points.ply" }],
    ];
    for (const [what, file] of outside) {
      const error = await assertRejects(() => load(file), DataError, "is outside the capture's folder");
      assertStringIncludes(error.message, what.replaceAll("\\\\", "/"));
      assertStringIncludes(error.message, "--allow_outside");
      assertStringIncludes(error.message, join(folder, "transforms.json"));
      if (!what.includes('"."')) await load(file, true);
    }
    // Absolute paths into the folder are inside; the automatic mask and -i never leave their folders.
    assertEquals((await load({ frames: [frame(join(folder, "images", "a.png"))] })).train.length, 1);
    await write(parent, { "capture/images_2/a.png": null, "b.png": null });
    const { train: [a] } = await loadScene(folder, { images: "images_2" });
    assertEquals(a.path, join(folder, "images_2", "a.png"));
    await write(folder, { "transforms.json": { ...INTRINSICS, frames: [frame("images/../../b.png")] } });
    await assertRejects(() => loadScene(folder, { images: "images_2" }), DataError, "1 of 1 photos are missing");
    const { train: [b] } = await loadScene(folder, { allowOutside: true });
    assertEquals([b.path, b.maskPath], [join(parent, "b.png"), undefined]);
  });
});
