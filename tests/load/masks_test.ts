// load/masks.ts and loadScene(): where masks are found, which pixels they keep, and the sizes they may have.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { dirname, join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { readMask } from "../../load/masks.ts";
import { loadScene } from "../../load/scene.ts";
import { image, model, pinhole, raw, withFolder, writeCapture } from "./fixtures.ts";

/** Writes a file, and its folder. */
async function write(path: string, content: Promise<Uint8Array>): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeFile(path, await content);
}

/** The mask that sharp's encoder makes, read back from a file. */
async function readBack(encoded: Promise<Uint8Array>, width: number, height: number): Promise<number[]> {
  let mask: Uint8Array | undefined;
  await withFolder(async (folder) => {
    await write(join(folder, "mask.png"), encoded);
    mask = await readMask(join(folder, "mask.png"), { width, height });
  });
  return [...mask!];
}

function grey(values: number[], width: number): ReturnType<typeof raw> {
  return raw(Uint8Array.from(values), width, values.length / width).toColourspace("b-w");
}

Deno.test("readMask() keeps what is at least half as bright as white", async () => {
  const values = [0, 127, 128, 255, 1, 200];
  assertEquals(await readBack(grey(values, 3).png().toBuffer(), 3, 2), [0, 0, 255, 255, 0, 255]);
  const rgb = raw(new Uint8Array([255, 255, 255, 0, 0, 0, 90, 90, 90]), 3, 1).png().toBuffer();
  assertEquals(await readBack(rgb, 3, 1), [255, 0, 0]);
});

Deno.test("readMask() keeps ones when there are only zeros and ones, and nothing of a black mask", async () => {
  assertEquals(await readBack(grey([0, 1, 1, 0], 2).png().toBuffer(), 2, 2), [0, 255, 255, 0]);
  assertEquals(await readBack(grey([0, 0, 0, 0], 2).png().toBuffer(), 2, 2), [0, 0, 0, 0]);
});

Deno.test("readMask() leaves out what is transparent", async () => {
  const rgba = raw(new Uint8Array([255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 255]), 3, 1).png().toBuffer();
  assertEquals(await readBack(rgba, 3, 1), [255, 0, 0]);
});

Deno.test("readMask() takes 16 bits and palettes", async () => {
  const wide = raw(new Uint16Array([0, 0xffff, 0x7000, 0x9000]), 4, 1).toColourspace("grey16").png().toBuffer();
  assertEquals(await readBack(wide, 4, 1), [0, 255, 0, 255]);
  const palette = raw(new Uint8Array([255, 255, 255, 0, 0, 0]), 2, 1).png({ palette: true }).toBuffer();
  assertEquals(await readBack(palette, 2, 1), [255, 0]);
});

Deno.test("readMask() keeps a reduced pixel when at least half of its area is kept", async () => {
  // Four rows of 16: white from columns 0, 3, 5 and 8 of each eight on.
  const from = [0, 3, 5, 8];
  const values = Array.from({ length: 16 * 32 }, (_, i) => i % 8 >= from[Math.floor(i / 16 / 8)] ? 255 : 0);
  const mask = await readBack(grey(values, 16).png().toBuffer(), 2, 4);
  assertEquals([mask[0], mask[1], mask[6], mask[7]], [255, 255, 0, 0]);
  assert(mask.every((value) => value === 0 || value === 255), `${mask}`);
  const enlarged = await readBack(grey([255, 0], 2).png().toBuffer(), 8, 2);
  assertEquals([0, 2, 5, 7].map((x) => enlarged[x]), [255, 255, 0, 0]);
});

Deno.test("readMask() throws a DataError that names the mask when it is damaged", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "mask.png");
    await Deno.writeTextFile(path, "no image");
    const error = await assertRejects(() => readMask(path, { width: 2, height: 2 }), DataError, "Mask cannot be read");
    assertEquals(error.path, path);
  });
});

Deno.test("loadScene() finds masks by their photos' names with either ending, in sub-folders too", async () => {
  await withFolder(async (folder) => {
    const names = ["a/one.jpg.png", "a/two.png", "three.v2.png", "four.png"];
    const photos = names.map((name) => `images/${name}`);
    const images = names.map((name, i) => image(i, name));
    await writeCapture(folder, { model: model(pinhole(1, 16, 8), images), photos, width: 16, height: 8 });
    const masks = { "a/one.jpg.png": 0, "a/one.jpg.png.png": 8, "a/two.png.png": 4, "three.v2.png": 2, "three.png": 0 };
    for (const [name, columns] of Object.entries(masks)) {
      const values = Array.from({ length: 128 }, (_, i) => i % 16 < columns ? 255 : 0);
      await write(join(folder, "masks", name), grey(values, 16).png().toBuffer());
    }
    const { train } = await loadScene(folder, { resolution: 2 });
    const kept: Record<string, number | undefined> = {};
    for (const view of train) {
      const { mask, width } = await view.photo();
      assertEquals(mask?.length, view.maskPath === undefined ? undefined : 32);
      kept[view.name] = mask?.subarray(0, width).filter((value) => value === 255).length;
    }
    // "a/one.jpg.png" is both the photo's own name and, for a stem "a/one.jpg", the other ending.
    assertEquals(kept, { "a/one.jpg": 4, "a/two": 2, "three.v2": 1, four: undefined });
  });
});

Deno.test("loadScene() takes a mask of any size when it has its photo's shape, and rejects another", async () => {
  await withFolder(async (folder) => {
    const images = [image(0, "one.png")];
    await writeCapture(folder, {
      model: model(pinhole(1, 40, 20), images),
      photos: ["images/one.png"],
      width: 20,
      height: 10,
    });
    const path = join(folder, "masks", "one.png");
    for (const [width, height] of [[20, 10], [80, 40], [10, 5]]) {
      await write(path, grey(new Array(width * height).fill(255), width).png().toBuffer());
      const { train: [view] } = await loadScene(folder);
      assertEquals((await view.photo()).mask, new Uint8Array(200).fill(255));
    }
    await write(path, grey(new Array(200).fill(255), 10).png().toBuffer());
    const error = await assertRejects(() => loadScene(folder), DataError, "Mask is 10 x 20 pixels");
    assertEquals(error.path, path);
  });
});

Deno.test("loadScene() says which views have alpha, and photo() keeps it", async () => {
  await withFolder(async (folder) => {
    const images = [image(0, "clear.png"), image(1, "plain.png")];
    const photos = images.map(({ name }) => `images/${name}`);
    await writeCapture(folder, { model: model(pinhole(1, 16, 8), images), photos, width: 16, height: 8 });
    await write(join(folder, photos[0]), raw(new Uint8Array(4 * 128).fill(99), 16, 8).png().toBuffer());
    const { train } = await loadScene(folder);
    assertEquals(train.map(({ alpha }) => alpha ?? false), [true, false]);
    assertEquals(await Promise.all(train.map(async (view) => (await view.photo()).channels)), [4, 3]);
  });
});
