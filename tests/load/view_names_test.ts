// load/view_names.ts and loadScene(): each view has a name of its own, which does not depend on the order of a file.

import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { loadScene } from "../../load/scene.ts";
import { viewNames } from "../../load/view_names.ts";
import { image, model, pattern, pinhole, raw, withFolder, writeCapture } from "./fixtures.ts";

const SIZE = { width: 40, height: 30 };

Deno.test("viewNames() drops the extension where the rest tells photos apart", () => {
  assertEquals(viewNames(["0001.jpg", "left/0001.jpg", "a.b.c.png", ".hidden", "d/.hidden", "none"]), [
    ...["0001", "left/0001", "a.b.c", ".hidden", "d/.hidden", "none"],
  ]);
  assertEquals(viewNames(["a.jpg", "b.jpg", "a.png", "c/a.jpg"]), ["a.jpg", "b", "a.png", "c/a"]);
  assertEquals(viewNames(["a.jpg", "a.jpg"]), ["a", "a"], "one photo, stated twice");
});

/** Photos whose names are equal up to the first dot or below their folders. */
const ALIKE = ["right/1.png", "left/1.png", "DSC.2.png", "DSC.1.png", "left/2.png", "right/2.png", "DSC.3.png"];
const SORTED = ["DSC.1", "DSC.2", "DSC.3", "left/1", "left/2", "right/1", "right/2"];

/** The views that are trained on and held out of a capture; each camera must be that of its photo. */
async function splitOf(source: string): Promise<{ train: string[]; test: string[] }> {
  const { train, test } = await loadScene(source, { eval: true, testEvery: 3 });
  for (const { name, path, camera } of [...train, ...test]) {
    assertEquals(path.endsWith(`/images/${name}.png`), true, path);
    assertEquals(-camera.translation[0], ALIKE.indexOf(`${name}.png`), name);
  }
  return { train: train.map(({ name }) => name), test: test.map(({ name }) => name) };
}

const EXPECTED = {
  train: SORTED.filter((_, i) => i % 3 !== 0),
  test: SORTED.filter((_, i) => i % 3 === 0),
};

Deno.test("loadScene() tells photos of a COLMAP model apart by their whole paths, in any order", async () => {
  await withFolder(async (folder) => {
    const images = ALIKE.map((name, i) => image(i, name));
    const photos = ALIKE.map((name) => `images/${name}`);
    for (const order of [images, images.toReversed()]) {
      await writeCapture(folder, { model: model(pinhole(1, 40, 30), order), photos, ...SIZE });
      assertEquals(await splitOf(folder), EXPECTED);
    }
  });
});

Deno.test("loadScene() tells frames of a transforms.json apart by their whole paths, in any order", async () => {
  await withFolder(async (folder) => {
    const photos = ALIKE.map((name) => `images/${name}`);
    await writeCapture(folder, { model: model(pinhole(1, 40, 30), []), photos, ...SIZE });
    await Deno.remove(join(folder, "sparse"), { recursive: true });
    const frames = photos.map((file_path, x) => ({
      file_path,
      transform_matrix: [[1, 0, 0, x], [0, -1, 0, 0], [0, 0, -1, 0], [0, 0, 0, 1]],
    }));
    const stems = frames.map((frame) => ({ ...frame, file_path: frame.file_path.replace(/\.png$/, "") }));
    for (const order of [frames, frames.toReversed(), stems]) {
      await Deno.writeTextFile(join(folder, "transforms.json"), JSON.stringify({ fl_x: 50, frames: order }));
      assertEquals(await splitOf(folder), EXPECTED);
    }
    // Without a folder that all share, the whole path counts: for the masks too.
    const sides = frames.slice(0, 2).map((frame) => ({ ...frame, file_path: frame.file_path.slice("images/".length) }));
    const mask = await raw(pattern(40, 30), 40, 30).png().toBuffer();
    for (const side of ["left", "right"]) {
      await Deno.rename(join(folder, "images", side), join(folder, side));
      await Deno.mkdir(join(folder, "masks", side), { recursive: true });
      await Deno.writeFile(join(folder, "masks", side, "1.png"), mask);
    }
    await Deno.writeTextFile(join(folder, "transforms.json"), JSON.stringify({ fl_x: 50, frames: sides }));
    const { train } = await loadScene(folder);
    assertEquals(train.map(({ name, path, maskPath }) => [name, path, maskPath]), [
      ["left/1", join(folder, "left", "1.png"), join(folder, "masks", "left", "1.png")],
      ["right/1", join(folder, "right", "1.png"), join(folder, "masks", "right", "1.png")],
    ]);
  });
});

Deno.test("loadScene() holds out by name in a synthetic scene without a test set, and keeps the file's order", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(join(folder, "train"));
    const photo = await raw(pattern(40, 30), 40, 30).png().toBuffer();
    const names = ["r_2", "r_0", "r_3", "r_1"];
    for (const name of names) await Deno.writeFile(join(folder, "train", `${name}.png`), photo);
    const transform_matrix = [[1, 0, 0, 0], [0, -1, 0, 0], [0, 0, -1, 0], [0, 0, 0, 1]];
    const frames = names.map((name) => ({ file_path: `./train/${name}`, transform_matrix }));
    await Deno.writeTextFile(
      join(folder, "transforms_train.json"),
      JSON.stringify({ camera_angle_x: 0.7, frames }),
    );
    const { train, test } = await loadScene(folder, { eval: true, testEvery: 2 });
    assertEquals(train.map(({ name }) => name), ["train/r_3", "train/r_1"]);
    assertEquals(test.map(({ name }) => name), ["train/r_2", "train/r_0"]);
  });
});
