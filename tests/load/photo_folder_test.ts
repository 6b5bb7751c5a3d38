// load/photo_folder.ts: photos of captures that state paths of another machine.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { dirname, join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { mostCameras, type NamedCamera, photoFolder, photosInFolder } from "../../load/photo_folder.ts";
import { withFolder } from "./fixtures.ts";

const OPTIONS = { images: "images", eval: false, allowOutside: false };

function camera(name: string): NamedCamera {
  return {
    name,
    intrinsics: ({ width, height }) => ({ width, height, fx: width, fy: width, cx: 0, cy: 0 }),
    stated: { name, path: "cameras" },
    rotation: [1, 0, 0, 0, 1, 0, 0, 0, 1],
    translation: [0, 0, 0],
  };
}

/** Runs `body` with a folder of empty files. */
async function withFiles(files: string[], body: (folder: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    for (const file of files) {
      await Deno.mkdir(dirname(join(folder, file)), { recursive: true });
      await Deno.writeTextFile(join(folder, file), "");
    }
    await body(folder);
  });
}

Deno.test("photosInFolder() finds each photo by the longest end of its path, and names it by where it is", async () => {
  await withFiles(["images/left/a.jpg", "images/right/a.jpg", "images/b.JPG", "masks/left/a.png"], async (source) => {
    const folder = join(source, "images");
    const stated = [
      "/home/me/garden/images/left/a.jpg",
      "C:\\photos\\images\\right\\a.jpg",
      "../other/b",
      "images/c.jpg",
    ];
    const { photos, notices } = await photosInFolder(stated.map(camera), { path: "cameras", source }, OPTIONS);
    assertEquals(photos.map(({ name }) => name), ["left/a.jpg", "right/a.jpg", "b.JPG"]);
    assertEquals(photos.map(({ path }) => path), photos.map(({ name }) => join(folder, name)));
    assertEquals(photos[0].maskPath, join(source, "masks", "left", "a.png"));
    assert(notices[0].startsWith("1 of 4 photos are missing and left out, the first is images/c.jpg"), notices[0]);
    assert(notices[0].endsWith(`(looked for in ${folder})`));
    const strict = () =>
      photosInFolder(stated.map(camera), { path: "cameras", source }, { ...OPTIONS, missing: "error" });
    await assertRejects(strict, DataError, "with --missing skip");
  });
});

Deno.test("photosInFolder() finds photos under other names as every reader does, and says so", async () => {
  await withFiles(["images/left/img_1.jpg", "images/my photo.png"], async (source) => {
    const cameras = ["D:\\x\\Left\\IMG_1.HEIC", "my%20photo.PNG"].map(camera);
    const found = await photosInFolder(cameras, { path: "cameras", source }, OPTIONS);
    assertEquals(found.photos.map(({ name }) => name), ["left/img_1.jpg", "my photo.png"]);
    assert(found.notices[0].startsWith("2 of 2 photos have other names than the capture states"), found.notices[0]);
  });
});

Deno.test("photosInFolder() never looks outside its folder, and rejects two photos that have one file", async () => {
  await withFiles(["images/a.jpg", "secret.jpg"], async (source) => {
    const find = (...names: string[]) => photosInFolder(names.map(camera), { path: "cameras", source }, OPTIONS);
    const error = await assertRejects(
      () => find("../secret.jpg", join(source, "secret.jpg")),
      DataError,
      "2 of 2 photos",
    );
    assertEquals(error.path, "cameras");
    assert(
      error.message.includes(`(looked for in ${join(source, "images")}). Add them, or name their folder with -i`),
      error.message,
    );
    await assertRejects(() => find("left/a.jpg", "right/a.jpg"), DataError, "have the same file");
  });
});

Deno.test("photosInFolder() rejects two cameras of one photo, and names both", async () => {
  await withFiles(["images/b.jpg", "images/a.jpg"], async (source) => {
    const photo = join(source, "images", "a.jpg");
    for (const [first, second] of [["a.jpg", "a.jpg"], ["a", "a"], ["a", "a.jpg"], ["A.JPG", "A.JPG"]]) {
      const cameras = ["b.jpg", first, second].map(camera);
      const error = await assertRejects(
        () => photosInFolder(cameras, { path: "cameras.xml", source }, OPTIONS),
        DataError,
        `Cameras 2 (${first}) and 3 (${second}) are both of the photo ${photo}: give photos names of their own`,
      );
      assertEquals(error.path, "cameras.xml");
    }
  });
});

Deno.test("photoFolder() is the one that is named, else the first that exists, else the capture's", async () => {
  await withFiles(["RGB/a.jpg"], async (source) => {
    const at = (folder: string, ...notices: string[]) => ({ folder, notices });
    assertEquals(await photoFolder(source, "images"), at(source));
    const said = "The folder of photos is RGB, named as rgb";
    assertEquals(await photoFolder(source, "images", ["images", "rgb"]), at(join(source, "RGB"), said));
    assertEquals(await photoFolder(source, "rgb", ["images"]), at(join(source, "RGB"), said));
    assertEquals(await photoFolder(source, "images_4", ["rgb"]), at(join(source, "images_4")));
  });
});

Deno.test("mostCameras() allows a few cameras in any file, and no more than its bytes can state", () => {
  assertEquals([mostCameras(0), mostCameras(80_000)], [64, 1064]);
});
