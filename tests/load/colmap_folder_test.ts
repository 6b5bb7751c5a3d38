// load/colmap.ts and load/colmap_capture.ts: which files of a capture are read, and what is told about it.

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { writeColmap } from "../../export/colmap.ts";
import { readColmap } from "../../load/colmap.ts";
import { loadScene } from "../../load/scene.ts";
import { libraryMissing } from "../support/device.ts";
import { image, model, pinhole, raw, withFolder, writeCapture } from "./fixtures.ts";
import { writeColmapTexts } from "./texts.ts";

const SIZE = { width: 40, height: 30 };
const CAMERA = pinhole(1, SIZE.width, SIZE.height);

Deno.test("loadScene() reads text when there is no binary file, each file by itself", async () => {
  await withFolder(async (folder) => {
    const names = ["sub folder/ein Käfer.png", "sub folder/🦊.png"];
    const content = model(CAMERA, names.map((name, i) => image(i, name)));
    const sparse = join(folder, "sparse", "0");
    await writeCapture(folder, { model: content, photos: names.map((name) => `images/${name}`), ...SIZE });
    const binary = await loadScene(folder);
    await writeColmapTexts(sparse, content);
    for (const file of ["cameras", "images", "points3D"]) {
      await Deno.remove(join(sparse, `${file}.bin`));
      const scene = await loadScene(folder);
      assertEquals(scene.train.map(({ camera, path }) => [camera, path]), binary.train.map((v) => [v.camera, v.path]));
      assertEquals([scene.points, scene.notices], [binary.points, []]);
    }
    assertEquals(binary.train.map(({ name }) => name), ["sub folder/ein Käfer", "sub folder/🦊"]);
  });
});

Deno.test("loadScene() reads text and says so when a binary file is damaged, and fails when there is none", async () => {
  await withFolder(async (folder) => {
    const content = model(CAMERA, [image(1, "a.png"), image(2, "b.png")]);
    await writeCapture(folder, { model: content, photos: ["images/a.png", "images/b.png"], ...SIZE });
    const damaged = join(folder, "sparse", "0", "images.bin");
    await Deno.writeFile(damaged, (await Deno.readFile(damaged)).slice(0, 50));
    assertEquals((await assertRejects(() => loadScene(folder), DataError, "File states")).path, damaged);
    await writeColmapTexts(join(folder, "sparse", "0"), content);
    const { train, notices } = await loadScene(folder);
    assertEquals([train.length, notices?.length], [2, 1]);
    assert(notices![0].startsWith("images.txt is read instead: File "), notices![0]);
  });
});

Deno.test("loadScene() takes the model with the most images and says so when there are several", async () => {
  await withFolder(async (folder) => {
    const photos = ["images/a.png", "images/b.png", "images/c.png"];
    const names = ["a.png", "b.png", "c.png"];
    await writeCapture(folder, { model: model(CAMERA, [image(1, "a.png")]), photos, ...SIZE });
    await writeColmapTexts(join(folder, "sparse", "2"), model(CAMERA, names.map((name, i) => image(i, name))));
    await writeColmap(join(folder, "sparse", "10"), model(CAMERA, [image(1, "a.png"), image(2, "b.png")]));
    await Deno.mkdir(join(folder, "sparse", "3"));
    await Deno.writeTextFile(join(folder, "sparse", "3", "images.txt"), "what?\n");
    const { train, notices } = await loadScene(folder);
    assertEquals(train.map(({ name }) => name), ["a", "b", "c"]);
    assertEquals(notices, [
      "Of 4 models sparse/2 is used, with 3 registered images: sparse/0 has 1, sparse/3 cannot be read, sparse/10 has 2",
    ]);
  });
});

Deno.test("loadScene() reads a model that lies in sparse itself", async () => {
  await withFolder(async (folder) => {
    const content = model(CAMERA, [image(1, "a.png")]);
    await writeCapture(folder, { model: content, photos: ["images/a.png"], ...SIZE });
    await Deno.remove(join(folder, "sparse", "0"), { recursive: true });
    await writeColmap(join(folder, "sparse"), content);
    assertEquals((await loadScene(folder)).train.length, 1);
    assertEquals(await readColmap(join(folder, "sparse")), content);
  });
});

Deno.test("loadScene() reads a model that lies in the capture itself, with photos beside it or in a folder", async () => {
  await withFolder(async (folder) => {
    const content = model(CAMERA, [image(1, "a.png")]);
    await writeCapture(folder, { model: content, photos: ["images/a.png"], ...SIZE });
    const [{ camera }] = (await loadScene(folder)).train;
    await Deno.remove(join(folder, "sparse"), { recursive: true });
    await writeColmapTexts(folder, content);
    assertEquals((await loadScene(folder)).train[0].camera, camera);
    await Deno.rename(join(folder, "images", "a.png"), join(folder, "a.png"));
    await Deno.remove(join(folder, "images"));
    const [view] = (await loadScene(folder)).train;
    assertEquals([view.camera, view.path], [camera, join(folder, "a.png")]);
  });
});

Deno.test("loadScene() leaves points out and counts them when they have no usable place", async () => {
  await withFolder(async (folder) => {
    const positions = new Float32Array([0, 0, 5, NaN, 0, 0, 1, Infinity, 0, 3e18, 1, 1, 2, 2, 2]);
    const points = { count: 5, positions, colors: Uint8Array.from({ length: 15 }, (_, i) => i) };
    const content = { ...model(CAMERA, [image(1, "a.png"), image(2, "b.png")]), points };
    await writeCapture(folder, { model: content, photos: ["images/a.png", "images/b.png"], ...SIZE });
    const scene = await loadScene(folder);
    assertEquals(scene.points, {
      count: 2,
      positions: new Float32Array([0, 0, 5, 2, 2, 2]),
      colors: new Uint8Array([0, 1, 2, 12, 13, 14]),
    });
    assertEquals(scene.notices, [
      "3 of 5 points are left out: their coordinates are not finite numbers, or beyond 1e18",
    ]);
  });
});

Deno.test("loadScene() takes random points in view and says so when there are none", async () => {
  await withFolder(async (folder) => {
    const points = { count: 1, positions: new Float32Array([0, NaN, 0]), colors: new Uint8Array(3) };
    const content = { ...model(CAMERA, [image(1, "a.png"), image(4, "b.png")]), points };
    await writeCapture(folder, { model: content, photos: ["images/a.png", "images/b.png"], ...SIZE });
    const first = await loadScene(folder);
    assertEquals(
      first.notices?.[1],
      "The capture has no points: training starts from 100000 random ones in the cameras' view",
    );
    assertEquals((await loadScene(folder)).points, first.points);
    assert((await loadScene(folder, { seed: 1 })).points.positions[0] !== first.points.positions[0]);
    await Deno.remove(join(folder, "sparse", "0", "points3D.bin"));
    assertEquals((await loadScene(folder)).points, first.points);
    const seen = (i: number) =>
      first.train.some(({ camera: { fx, fy, cx, cy, translation: [tx, ty, tz] } }) => {
        const [x, y, z] = first.points.positions.subarray(3 * i, 3 * i + 3);
        const u = fx * (x + tx) / (z + tz) + cx;
        const v = fy * (y + ty) / (z + tz) + cy;
        return z + tz > 0 && u > -1e-3 && u < 40 + 1e-3 && v > -1e-3 && v < 30 + 1e-3;
      });
    for (let i = 0; i < first.points.count; i++) assert(seen(i), `Point ${i}`);
  });
});

Deno.test({
  name: "loadScene() undistorts photos, crops them, says so in one line, and then reduces them",
  ignore: libraryMissing !== undefined,
  async fn(): Promise<void> {
    await withFolder(async (folder) => {
      const [width, height] = [160, 120];
      const params = [140, 142, 79, 61, -0.2, 0.03, 0.001, -0.002];
      const camera = { id: 1, model: "OPENCV", width: 2 * width, height: 2 * height, params };
      for (let i = 0; i < 4; i++) camera.params[i] *= 2; // the model was made at twice the size
      const photos = ["images/a.png", "images/b.png"];
      const images = [image(1, "a.png"), image(2, "b.png")];
      await writeCapture(folder, { model: model(camera, images), photos, width, height });
      const { train, notices } = await loadScene(folder, { resolution: 2 });
      const [{ camera: reduced, lens, original }] = train;
      const { pinhole } = lens!;
      assert(pinhole.width > width && pinhole.height > height, "a barrel's middle keeps its scale, so its sides grow");
      assertEquals(notices!.length, 1);
      assertStringIncludes(
        notices![0],
        `2 photos are undistorted and cropped as they are read: 160 x 120 pixels become ${pinhole.width} x ` +
          `${pinhole.height}, with 9`,
      );
      assertEquals([lens!.width, lens!.fx, lens!.cy], [160, 140, 61]);
      assertEquals([original.width, original.fx], [pinhole.width, 140]);
      assertEquals(reduced.width, Math.round(pinhole.width / 2));
      assertEquals(reduced.fx, (140 * reduced.width) / pinhole.width);
      const photo = await train[0].photo();
      assertEquals([photo.width, photo.height], [reduced.width, reduced.height]);
      // Undistorted first: the same as from photos that were undistorted beforehand.
      const full = await (await loadScene(folder, { resolution: 1 })).train[0].photo();
      assertEquals([full.width, full.height], [pinhole.width, pinhole.height]);
      const expected = await raw(full.data, full.width, full.height)
        .resize({ width: photo.width, height: photo.height, fit: "fill", kernel: "cubic" }).raw().toBuffer();
      assertEquals(photo.data, new Uint8Array(expected));
    });
  },
});

Deno.test({
  name: "loadScene() undistorts alpha and masks as it does the photos",
  ignore: libraryMissing !== undefined,
  async fn(): Promise<void> {
    await withFolder(async (folder) => {
      const [width, height] = [160, 120];
      const camera = { id: 1, model: "SIMPLE_RADIAL", width, height, params: [140, 80, 60, -0.2] };
      const images = [image(1, "a.png"), image(2, "b.png")];
      await writeCapture(folder, { model: model(camera, images), photos: ["images/b.png"], width, height });
      // Whole but for a disc around the middle, in the photo's alpha and in a mask of half the size.
      const outside = (x: number, y: number, scale: number) => Math.hypot(x - 80 / scale, y - 60 / scale) > 40 / scale;
      const rgba = new Uint8Array(4 * width * height).fill(200);
      for (let i = 0; i < width * height; i++) {
        rgba[4 * i + 3] = outside(i % width + 0.5, Math.floor(i / width) + 0.5, 1) ? 255 : 0;
      }
      await Deno.writeFile(join(folder, "images", "a.png"), await raw(rgba, width, height).png().toBuffer());
      const mask = Uint8Array.from(
        { length: 80 * 60 },
        (_, i) => outside(i % 80 + 0.5, Math.floor(i / 80) + 0.5, 2) ? 255 : 0,
      );
      await Deno.mkdir(join(folder, "masks"));
      await Deno.writeFile(join(folder, "masks", "a.png"), await raw(mask, 80, 60).png().toBuffer());
      const [view] = (await loadScene(folder)).train;
      assertEquals([view.alpha, view.maskPath], [true, join(folder, "masks", "a.png")]);
      const photo = await view.photo();
      const { pinhole } = view.lens!;
      assertEquals([photo.width, photo.height, photo.channels], [pinhole.width, pinhole.height, 4]);
      // r (1 − 0.2 r²) is 40 / 140 at r = 0.2906: 40.7 pixels from the middle.
      for (let i = 0; i < photo.width * photo.height; i++) {
        const away = Math.hypot(i % photo.width + 0.5 - pinhole.cx, Math.floor(i / photo.width) + 0.5 - pinhole.cy) -
          40.7;
        if (Math.abs(away) < 2.5) continue;
        assertEquals([photo.data[4 * i + 3], photo.mask![i]], away > 0 ? [255, 255] : [0, 0], `${i}`);
      }
    });
  },
});
