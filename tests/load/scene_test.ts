// load/scene.ts: captures that the test writes, and what must come of them.

import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { join, toFileUrl } from "@std/path";
import { DataError } from "../../base/errors.ts";
import type { Camera } from "../../base/scene.ts";
import { loadScene, sceneExtent } from "../../load/scene.ts";
import { image, model, pinhole, raw, withFolder, writeCapture } from "./fixtures.ts";

/** `count` numbered file names, the last first. */
function backwards(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${String(count - i).padStart(3, "0")}.png`);
}

Deno.test("loadScene() sorts by name and trains on all views when no evaluation is asked for", async () => {
  await withFolder(async (folder) => {
    const names = backwards(9);
    const images = names.map((name, i) => image(i, name));
    const photos = names.map((name) => `images/${name}`);
    await writeCapture(folder, { model: model(pinhole(1, 40, 30), images), photos, width: 40, height: 30 });
    for (const path of [folder, toFileUrl(folder)]) {
      const scene = await loadScene(path);
      assertEquals(scene.train.map((view) => view.name), names.map((name) => name.slice(0, 3)).reverse());
      assertEquals([scene.test, scene.source, scene.points.count], [[], folder, 2]);
      assertAlmostEquals(scene.extent, 1.1 * 4, 1e-12);
      const { camera, original, path: photo } = scene.train[0];
      assertEquals(photo, join(folder, "images", "001.png"));
      assertEquals(original, { width: 40, height: 30, fx: 50, fy: 60 });
      assertEquals([camera.fx, camera.fy, camera.cx, camera.cy], [50, 60, 21, 14]);
      assertEquals(camera.translation, [-8, 0, 0]);
      assertEquals(camera.rotation, [1, 0, 0, 0, 1, 0, 0, 0, 1]);
    }
  });
});

Deno.test("loadScene() holds out the 1st, 9th and 17th view when evaluation is asked for", async () => {
  await withFolder(async (folder) => {
    const images = backwards(18).map((name, i) => image(i, name));
    const photos = images.map(({ name }) => `photos/small/${name}`);
    await writeCapture(folder, { model: model(pinhole(1, 40, 30), images), photos, width: 20, height: 15 });
    const scene = await loadScene(folder, { images: "photos/small", eval: true });
    assertEquals(scene.test.map((view) => view.name), ["001", "009", "017"]);
    assertEquals(scene.train.length, 15);
    assertEquals(scene.train[0].camera.fx, 25);
    // Views 2 to 8, 10 to 16 and 18 stand at 16 … 0: the held-out ones do not count.
    const at = images.filter((_, i) => ![17, 9, 1].includes(i)).map(({ id }) => id);
    const mean = at.reduce((sum, x) => sum + x) / at.length;
    assertAlmostEquals(scene.extent, 1.1 * Math.max(...at.map((x) => Math.abs(x - mean))), 1e-12);
  });
});

Deno.test("loadScene() sorts by the path without extension, in code points", async () => {
  await withFolder(async (folder) => {
    // By UTF-16 units the surrogates of 🦊 (U+1F98A) would come before U+FF21.
    const names = ["🦊.png", "Ａ.png", "b/x.2.png", "a/x.9.png", "x-1.png", "X.png", "é.png"];
    const images = names.map((name, i) => image(i, name));
    const photos = names.map((name) => `images/${name}`);
    await writeCapture(folder, { model: model(pinhole(1, 40, 30), images), photos, width: 40, height: 30 });
    const { train } = await loadScene(folder);
    assertEquals(train.map((view) => view.name), ["X", "a/x.9", "b/x.2", "x-1", "é", "Ａ", "🦊"]);
    assertEquals(train[1].path, join(folder, "images", "a", "x.9.png"));
    assertEquals(train[2].path, join(folder, "images", "b", "x.2.png"));
  });
});

Deno.test("loadScene() looks for the bare file name when the photo is not at its path, and never outside", async () => {
  await withFolder(async (folder) => {
    const images = [image(1, "left/a.png"), image(2, "../b.png"), image(3, "/etc/c.png")];
    const photos = ["images/a.png", "images/b.png", "b.png", "images/c.png"];
    await writeCapture(folder, { model: model(pinhole(1, 40, 30), images), photos, width: 40, height: 30 });
    const { train } = await loadScene(folder);
    assertEquals(train.map((view) => view.path), ["b", "c", "a"].map((name) => join(folder, "images", `${name}.png`)));
  });
});

Deno.test("loadScene() names both images when they would have the same photo", async () => {
  await withFolder(async (folder) => {
    const images = [image(1, "left/a.png"), image(2, "right/a.png")];
    const content = { model: model(pinhole(1, 40, 30), images), width: 40, height: 30 };
    await writeCapture(folder, { ...content, photos: ["images/a.png"] });
    const error = await assertRejects(() => loadScene(folder), DataError, "left/a.png and right/a.png");
    assertEquals(error.path, join(folder, "images", "a.png"));
    await writeCapture(folder, { ...content, photos: ["images/right/a.png"] });
    assertEquals((await loadScene(folder)).train.length, 2); // each has its own now
  });
});

Deno.test("loadScene() gives the cameras the near plane asked for, 0.2 by default", async () => {
  await withFolder(async (folder) => {
    const content = { model: model(pinhole(1, 40, 30), [image(1, "a.png")]), photos: ["images/a.png"] };
    await writeCapture(folder, { ...content, width: 40, height: 30 });
    assertEquals((await loadScene(folder)).train[0].camera.near, 0.2);
    assertEquals((await loadScene(folder, { near: 0.01 })).train[0].camera.near, 0.01);
  });
});

Deno.test("loadScene() scales the camera to the training size, which photo() then has", async () => {
  await withFolder(async (folder) => {
    const images = [image(1, "a.png")];
    const content = { model: model(pinhole(1, 41, 31), images), photos: ["images/a.png"], width: 21, height: 16 };
    await writeCapture(folder, content);
    const [view] = (await loadScene(folder, { resolution: 2 })).train;
    assertEquals([view.camera.width, view.camera.height], [10, 8]);
    assertAlmostEquals(view.camera.fx, (1.25 * 41 * 10) / 41, 1e-12);
    assertAlmostEquals(view.camera.cy, (14.5 * 8) / 31, 1e-12);
    assertEquals(view.original.width, 41);
    const photo = await view.photo();
    assertEquals([photo.width, photo.height, photo.channels, photo.data.length], [10, 8, 3, 240]);
    await assertRejects(() => loadScene(folder, { resolution: 0 }), RangeError);
  });
});

Deno.test("loadScene() mentions rotation when a photo has not its camera's shape", async () => {
  await withFolder(async (folder) => {
    const content = { model: model(pinhole(1, 40, 30), [image(1, "a.png")]), photos: ["images/a.png"] };
    await writeCapture(folder, { ...content, width: 30, height: 40 });
    const error = await assertRejects(() => loadScene(folder), DataError, "rotate");
    assertEquals(error.path, join(folder, "images", "a.png"));
    await writeCapture(folder, { ...content, width: 40, height: 28 });
    await assertRejects(() => loadScene(folder), DataError, "40 x 28");
    await writeCapture(folder, { ...content, width: 40, height: 29 });
    await loadScene(folder); // within a pixel
    // An EXIF rotation is not applied, so it neither breaks a photo that fits nor mends one that does not.
    const pixels = raw(new Uint8Array(3600), 40, 30).withMetadata({ orientation: 6 });
    await Deno.writeFile(join(folder, "images", "a.png"), await pixels.png().toBuffer());
    assertEquals((await loadScene(folder)).train[0].camera.width, 40);
  });
});

Deno.test("loadScene() counts the missing photos and names the first", async () => {
  await withFolder(async (folder) => {
    const images = backwards(9).map((name, i) => image(i, name));
    const photos = ["images/004.png", "images/001.png"];
    await writeCapture(folder, { model: model(pinhole(1, 40, 30), images), photos, width: 40, height: 30 });
    await assertRejects(() => loadScene(folder), DataError, "7 of 9 photos are missing, the first is 002.png");
    const endless = image(1, "x".repeat(5000));
    await writeCapture(folder, { model: model(pinhole(1, 40, 30), [endless]), photos: [], width: 40, height: 30 });
    await assertRejects(() => loadScene(folder), DataError, "1 of 1 photos are missing");
  });
});

Deno.test("loadScene() names the folders there are when the one for photos is missing", async () => {
  await withFolder(async (folder) => {
    const content = { model: model(pinhole(1, 40, 30), [image(1, "a.png")]), width: 40, height: 30 };
    await writeCapture(folder, { ...content, photos: ["images_4/a.png", "images_2/a.png"] });
    const error = await assertRejects(() => loadScene(folder), DataError, "-i: images_2, images_4");
    assertEquals(error.path, join(folder, "images"));
    await assertRejects(() => loadScene(folder, { images: "no/such" }), DataError, "missing");
  });
});

Deno.test("loadScene() says what is wrong when there is no usable model", async () => {
  await withFolder(async (folder) => {
    await assertRejects(() => loadScene(join(folder, "nowhere")), DataError, "No such file or folder (");
    await assertRejects(() => loadScene(folder), DataError, "sparse/0");
    const camera = pinhole(1, 40, 30);
    const photos = ["images/a.png"];
    const write = (content: ReturnType<typeof model>): Promise<void> =>
      writeCapture(folder, { model: content, photos, width: 40, height: 30 });

    await write(model(camera, []));
    await assertRejects(() => loadScene(folder), DataError, "no registered images");
    await write(model(camera, [image(1, "a.png", 9)]));
    await assertRejects(() => loadScene(folder), DataError, "camera 9");
    await write(model({ ...camera, model: "SIMPLE_RADIAL", params: [50, 20, 15, NaN] }, [image(1, "a.png")]));
    await assertRejects(() => loadScene(folder), DataError, "Camera 1 (SIMPLE_RADIAL, of a.png) has unusable");
  });
});

Deno.test("loadScene() reads no pixels before photo() is called", async () => {
  await withFolder(async (folder) => {
    const content = { model: model(pinhole(1, 200, 150), [image(1, "a.png")]), photos: ["images/a.png"] };
    await writeCapture(folder, { ...content, width: 200, height: 150 });
    const path = join(folder, "images", "a.png");
    const bytes = await Deno.readFile(path);
    await Deno.writeFile(path, bytes.subarray(0, bytes.length / 2));
    const [view] = (await loadScene(folder)).train;
    await assertRejects(() => view.photo(), DataError, "Photo cannot be read");
  });
});

Deno.test("loadScene() rejects with the signal's reason when the signal has fired", async () => {
  const signal = AbortSignal.abort(new Error("no longer wanted"));
  await assertRejects(() => loadScene("/nowhere", { signal }), Error, "no longer wanted");
});

Deno.test("sceneExtent() is 1.1 times the largest distance from the mean centre", () => {
  const camera = (x: number, y: number, z: number): Camera => ({
    ...{ width: 1, height: 1, fx: 1, fy: 1, cx: 0, cy: 0, rotation: [0, 0, 1, 1, 0, 0, 0, 1, 0] },
    translation: [-z, -x, -y], // −R c for this rotation
  });
  const cameras = [camera(0, 0, 0), camera(4, 0, 0), camera(2, 3, 0), camera(2, -3, 12)];
  const farthest = Math.hypot(0, -3, 12 - 3);
  assertAlmostEquals(sceneExtent(cameras), 1.1 * farthest, 1e-12);
  assertEquals(sceneExtent([camera(5, 6, 7)]), 0);
  assert(sceneExtent([]) === 0);
});
