// load/find_masks.ts through loadScene(): every usual name of a mask, and what is said of masks that have no effect.

import { assertEquals } from "@std/assert";
import { dirname, join } from "@std/path";
import { loadScene } from "../../load/scene.ts";
import { image, model, pinhole, raw, withFolder, writeCapture } from "./fixtures.ts";

const SIZE = { width: 40, height: 30 };

/** A mask of one grey value. */
async function plain(value: number): Promise<Uint8Array> {
  return await raw(new Uint8Array(3 * 40 * 30).fill(value), 40, 30).png().toBuffer();
}

/** Writes a COLMAP capture of some photos with masks of a grey value, and runs `body`. */
async function withMasks(
  photos: string[],
  masks: Record<string, number>,
  body: (folder: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const images = photos.map((name, i) => image(i, name));
    const files = photos.map((name) => `images/${name}`);
    await writeCapture(folder, { model: model(pinhole(1, 40, 30), images), photos: files, ...SIZE });
    for (const [name, value] of Object.entries(masks)) {
      await Deno.mkdir(dirname(join(folder, name)), { recursive: true });
      await Deno.writeFile(join(folder, name), await plain(value));
    }
    await body(folder);
  });
}

/** The masks of a capture's views relative to it, by the views' names, and the notices. */
async function masksOf(folder: string): Promise<{ masks: Record<string, string | undefined>; notices: string[] }> {
  const { train, notices = [] } = await loadScene(folder);
  const masks = train.map(({ name, maskPath }) => [name, maskPath?.slice(folder.length + 1)]);
  return { masks: Object.fromEntries(masks), notices };
}

const SPELLINGS = [
  ...["x.JPG.png", "x.png", "x.mask.png", "x_mask.png", "x.JPG.mask.png", "x.JPG"],
  ...["X.jpg.PNG", "X.png", "X_MASK.png", "x.jpg.mask.png"],
];

for (const folder of ["masks", "mask", "Masks"]) {
  for (const spelling of SPELLINGS) {
    Deno.test(`loadScene() finds the mask ${folder}/${spelling} of the photo x.JPG, in a sub-folder too`, async () => {
      const masks = { [`${folder}/${spelling}`]: 255, [`${folder}/Left/${spelling}`]: 255 };
      await withMasks(["x.JPG", "left/x.JPG"], masks, async (capture) => {
        assertEquals(await masksOf(capture), {
          masks: { x: `${folder}/${spelling}`, "left/x": `${folder}/Left/${spelling}` },
          notices: [],
        });
      });
    });
  }
}

Deno.test("loadScene() prefers the exact name of a mask, in the order of COLMAP's first, then the stem's", async () => {
  const masks = { "masks/A.PNG": 255, "masks/a_mask.png": 255, "masks/b.jpg.png": 255, "masks/b.png": 255 };
  await withMasks(["a.jpg", "b.jpg"], masks, async (folder) => {
    assertEquals((await masksOf(folder)).masks, { a: "masks/a_mask.png", b: "masks/b.jpg.png" });
  });
  // Two that differ in case only: neither is taken.
  await withMasks(["a.jpg"], { "masks/A.png": 255, "masks/a.PNG": 255 }, async (folder) => {
    assertEquals((await masksOf(folder)).masks, { a: undefined });
  });
});

Deno.test("loadScene() tells the masks of names with several dots apart", async () => {
  const photos = ["DSC.0001.jpg", "DSC.0002.jpg"];
  await withMasks(photos, { "masks/DSC.0001.png": 255, "masks/DSC.0002.jpg.png": 255 }, async (folder) => {
    assertEquals(await masksOf(folder), {
      masks: { "DSC.0001": "masks/DSC.0001.png", "DSC.0002": "masks/DSC.0002.jpg.png" },
      notices: [],
    });
  });
});

Deno.test("loadScene() says so when a folder of masks has some for few photos or none", async () => {
  const photos = ["a.jpg", "b.jpg", "c.jpg"];
  await withMasks(photos, { "masks/0.png": 255, "masks/1.png": 255 }, async (folder) => {
    const said = (count: number, first: string) => [
      `Only ${count} of 3 photos have a mask in ${join(folder, "masks")}: the first without one is ${first}, whose ` +
      `mask would be ${first}.png`,
    ];
    assertEquals((await masksOf(folder)).notices, said(0, "a.jpg"));
    await Deno.writeFile(join(folder, "masks", "a.png"), await plain(255));
    assertEquals((await masksOf(folder)).notices, said(1, "b.jpg"));
    await Deno.writeFile(join(folder, "masks", "c.png"), await plain(255));
    assertEquals((await masksOf(folder)).notices, [], "two of three");
  });
});

Deno.test("loadScene() says how many masks are black, and reads one that is white in one pixel", async () => {
  const photos = ["a.jpg", "b.jpg", "c.jpg"];
  await withMasks(photos, { "masks/a.png": 255, "masks/b.png": 0, "masks/c.png": 100 }, async (folder) => {
    assertEquals((await masksOf(folder)).notices, [
      `2 of 3 masks are black, the first is ${join(folder, "masks", "b.png")}: only white pixels count in training`,
    ]);
    const pixels = new Uint8Array(3 * 40 * 30);
    pixels.fill(1, 0, 3); // white in a mask of zeros and ones
    for (const name of ["b.png", "c.png"]) {
      await Deno.writeFile(join(folder, "masks", name), await raw(pixels, 40, 30).png().toBuffer());
    }
    assertEquals((await masksOf(folder)).notices, []);
  });
});
