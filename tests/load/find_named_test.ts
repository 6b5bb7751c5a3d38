// load/find_named.ts through loadScene(): folders of photos, masks and points under other names than the capture states.

import { assertEquals, assertRejects } from "@std/assert";
import { dirname, join, relative } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { pointsPly } from "../../export/ply.ts";
import { loadScene } from "../../load/scene.ts";
import { image, model, pattern, pinhole, raw, withFolder, writeCapture } from "./fixtures.ts";

const transform_matrix = [[1, 0, 0, 0], [0, -1, 0, 0], [0, 0, -1, 0], [0, 0, 0, 1]];
const photo = await raw(pattern(40, 30), 40, 30).png().toBuffer();
const PLY = pointsPly({ count: 1, positions: new Float32Array([0, 0, 9]), colors: new Uint8Array([1, 2, 3]) });

/** Writes a transforms.json of two photos, whose first has a mask, and the files beside it. */
async function writeTransforms(
  folder: string,
  { mask, points, files }: { mask?: string; points?: string; files: Record<string, Uint8Array> },
): Promise<void> {
  for (const [path, bytes] of Object.entries({ "images/a.png": photo, "images/b.png": photo, ...files })) {
    await Deno.mkdir(dirname(join(folder, path)), { recursive: true });
    await Deno.writeFile(join(folder, path), bytes);
  }
  const frames = ["a", "b"].map((name) => ({
    file_path: `images/${name}.png`,
    transform_matrix,
    ...(name === "a" && mask !== undefined ? { mask_path: mask } : {}),
  }));
  await Deno.writeTextFile(
    join(folder, "transforms.json"),
    JSON.stringify({ camera_angle_x: 0.8, ply_file_path: points, frames }),
  );
}

for (
  const [stated, found] of [
    ["mattes/a.PNG", "mattes/a.png"],
    ["Mattes\\a.png", "mattes/a.png"],
    ["mattes/caf\u00e9%20a.png", "mattes/cafe\u0301 a.png"],
    ["mattes/a.jpg", "mattes/a.png"],
  ]
) {
  Deno.test(`loadScene() finds the mask ${found} of a transforms.json that states ${stated}`, async () => {
    await withFolder(async (folder) => {
      await writeTransforms(folder, { mask: stated, files: { [found]: photo } });
      const { train, notices } = await loadScene(folder);
      assertEquals(train.map(({ maskPath }) => maskPath && relative(folder, maskPath)), [found, undefined]);
      const name = found.slice("mattes/".length);
      assertEquals(notices!.filter((line) => line.startsWith("1 masks have other names")), [
        `1 masks have other names than the capture states: the first is ${name}, stated as ` +
        stated.replaceAll("\\", "/"),
      ]);
    });
  });
}

Deno.test("loadScene() takes no photo for a mask, no one of several files, and no file out of the capture", async () => {
  for (
    const [mask, files] of [
      ["images/a.jpg", {}],
      ["mattes/a.PNG", { "mattes/A.png": photo, "mattes/a.png": photo }],
      ["mattes/%2e%2e/a.png", { "mattes/b.png": photo, "a.png": photo }],
    ] as [string, Record<string, Uint8Array>][]
  ) {
    await withFolder(async (folder) => {
      await writeTransforms(folder, { mask, files });
      const error = await assertRejects(() => loadScene(folder), Error);
      assertEquals(error.message.includes(mask.slice(mask.lastIndexOf("/") + 1)), true, `${error.message}`);
    });
  }
});

Deno.test("loadScene() finds the points of a transforms.json in other case, and says so", async () => {
  await withFolder(async (folder) => {
    await writeTransforms(folder, { points: "Sparse_PC.ply", files: { "sparse_pc.PLY": PLY } });
    const { points, notices } = await loadScene(folder);
    assertEquals(points.count, 1);
    assertEquals(notices!.filter((line) => line.includes("points")), [
      "The file of points is sparse_pc.PLY, stated as Sparse_PC.ply",
    ]);
    await Deno.writeFile(join(folder, "SPARSE_PC.ply"), PLY);
    const several = await loadScene(folder);
    assertEquals(several.notices!.some((line) => line.startsWith("File of points is missing")), true);
  });
});

Deno.test("loadScene() reads photos from a folder in other case, as stated or as -i names it, and says so", async () => {
  await withFolder(async (folder) => {
    const content = model(pinhole(1, 40, 30), [image(1, "a.png")]);
    await writeCapture(folder, { model: content, photos: ["Images/a.png"], width: 40, height: 30 });
    const { train, notices } = await loadScene(folder);
    assertEquals(train.map(({ name, path }) => [name, path]), [["a", join(folder, "Images", "a.png")]]);
    assertEquals(notices, ["The folder of photos is Images, named as images"]);
    assertEquals((await loadScene(folder, { images: "IMAGES" })).train[0].path, train[0].path);
    await Deno.mkdir(join(folder, "IMAGES"));
    await assertRejects(() => loadScene(folder), DataError, "choose another with -i: IMAGES, Images");
    await assertRejects(() => loadScene(join(folder, "Images"), { images: "../IMAGES" }), DataError);
  });
  await withFolder(async (folder) => {
    await writeTransforms(folder, { files: { "Images_2/a.png": photo, "Images_2/b.png": photo } });
    const { train, notices } = await loadScene(folder, { images: "images_2" });
    assertEquals(train.map(({ path }) => relative(folder, path)), ["Images_2/a.png", "Images_2/b.png"]);
    assertEquals(notices![0], "The folder of photos is Images_2, named as images_2");
  });
});
