// Sizes and cameras of a run in parity with the reference.

import { assertEquals } from "@std/assert";
import { targetSize } from "../../load/images.ts";
import { referenceSize } from "../../load/reference.ts";
import { loadScene } from "../../load/scene.ts";
import { image, model, pinhole, withFolder, writeCapture } from "./fixtures.ts";

Deno.test("referenceSize() loses a pixel of 1600 for 536 of the widths up to 8999", () => {
  const narrow: number[] = [];
  for (let width = 1601; width < 9000; width++) {
    const size = referenceSize(width, 1000, -1);
    if (size.width === 1599) narrow.push(width);
    else assertEquals(size.width, 1600);
  }
  assertEquals([narrow.length, ...narrow.slice(0, 5)], [536, 1601, 1610, 1617, 1619, 1626]);
  assertEquals(referenceSize(805, 604, 800).width, 799);
});

Deno.test("referenceSize() is targetSize() where nothing is divided by a fraction", () => {
  for (const resolution of [-1, 1, 2, 4, 8]) {
    assertEquals(referenceSize(1061, 1893, resolution), targetSize(1061, 1893, resolution));
  }
  assertEquals(referenceSize(4000, 1, -1), { width: 1600, height: 1 });
});

Deno.test("loadScene() takes principal points as central with referenceCameras alone", async () => {
  await withFolder(async (folder) => {
    const photos = ["images/1.png", "images/2.png"];
    const images = [image(0, "1.png"), image(1, "2.png")];
    await writeCapture(folder, { model: model(pinhole(1, 40, 30), images), photos, width: 20, height: 15 });
    const central = async (referenceCameras?: boolean) => {
      const { train, test } = await loadScene(folder, { referenceCameras, eval: true });
      return [...train, ...test].map(({ camera }) => [camera.fx, camera.fy, camera.cx, camera.cy]);
    };
    assertEquals(await central(true), Array(2).fill([25, 30, 10, 7.5]));
    for (const referenceCameras of [undefined, false]) {
      assertEquals(await central(referenceCameras), Array(2).fill([25, 30, 10.5, 7]));
    }
  });
});
