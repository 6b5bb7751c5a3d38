// load/outliers.ts: which cameras are far from all others, and that they set nothing of a scene.

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { join } from "@std/path";
import type { Camera } from "../../base/scene.ts";
import { orbit } from "../../demo/cameras.ts";
import { separateOutliers } from "../../load/outliers.ts";
import { loadScene, sceneExtent } from "../../load/scene.ts";
import { capture } from "../../scripts/captures.ts";
import { image, model, pinhole, withFolder, writeCapture } from "./fixtures.ts";

function cameraAt(...center: number[]): Camera {
  const rotation = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  return { width: 4, height: 4, fx: 4, fy: 4, cx: 2, cy: 2, rotation, translation: center.map((value) => -value) };
}

/** Cameras in a row, 1 unit apart, that begins at `first`. */
function row(count: number, first = 0): Camera[] {
  return Array.from({ length: count }, (_, i) => cameraAt(first + i, 2, 3));
}

const outliersOf = (cameras: Camera[]) => separateOutliers(cameras).outliers.map(({ index }) => index);

Deno.test("separateOutliers() finds up to one camera of ten that is ten times farther away than the others", () => {
  const cameras = row(19);
  // The median centre of these 20 cameras is (10, 2, 3), and 18 of them are within 9 units.
  const { typical, outliers, radius } = separateOutliers([...cameras, cameraAt(10, 2, 103.1)]);
  assertEquals(typical, cameras);
  assertEquals([outliers.map(({ index }) => index), radius], [[19], 9]);
  assertAlmostEquals(outliers[0].distance, 100.1, 1e-9);
  assertEquals(outliersOf([...cameras, cameraAt(10, 2, 92)]), []);
  const far = [1000, -5000, 8000].map((x) => cameraAt(x, 0, 0));
  assertEquals(outliersOf([far[0], ...row(18), far[1]]), [0, 19]);
  assertEquals(outliersOf([...far, ...row(17)]), [], "three of twenty are a part of the scene");
  assertEquals(outliersOf([...far, ...row(27)]), [0, 1, 2]);
});

Deno.test("separateOutliers() finds none among few cameras, in one place, or among clusters", () => {
  for (let count = 0; count < 9; count++) assertEquals(outliersOf([cameraAt(1e6, 0, 0), ...row(count)]), []);
  const still = Array.from({ length: 30 }, () => cameraAt(5, 6, 7));
  assertEquals(outliersOf([...still, ...row(2)]), []);
  assertEquals(outliersOf([...row(20), ...row(20, 5000)]), []);
});

Deno.test({
  name: "real captures and the demo have no outliers, and the extent of all their cameras",
  async fn(): Promise<void> {
    assertEquals(outliersOf(orbit(60, { width: 4, height: 4 }).map(({ camera }) => camera)), []);
    const sizes = [["fox", "images_8"], ["caliterra", "images_4"], ["herzjesu", "images_2"]] as const;
    for (const [name, images] of sizes) {
      const folder = capture(name, "sparse/0", images);
      if (folder === undefined) continue;
      for (const hold of [false, true]) {
        const { train, points, extent, notices } = await loadScene(folder, { images, eval: hold });
        assertEquals(extent, sceneExtent(train.map(({ camera }) => camera), points));
        assertEquals(notices!.filter((line) => line.includes("far from the others")), []);
      }
    }
  },
});

Deno.test("loadScene() names an outlier, and gives the scene the extent and random points of the other cameras", async () => {
  await withFolder(async (folder) => {
    const names = Array.from({ length: 20 }, (_, i) => `${String(i).padStart(2, "0")}.png`);
    const write = async (shift: number) => {
      // Image i stands at (i, 0, 0).
      const images = names.map((name, i) => ({ ...image(i, name), translation: [-i - (i === 7 ? shift : 0), 0, 0] }));
      const points = { count: 0, positions: new Float32Array(), colors: new Uint8Array() };
      await writeCapture(folder, {
        model: { ...model(pinhole(1, 40, 30), images), points },
        photos: names.map((name) => join("images", name)),
        width: 40,
        height: 30,
      });
      return await loadScene(folder);
    };
    const clean = await write(0);
    assertAlmostEquals(clean.extent, 1.1 * 9.5, 1e-12);
    const scene = await write(1000);
    assertEquals(
      scene.notices![0],
      [
        "1 of 20 cameras are far from the others, which are within 10.0 units: 07 by 996. ",
        "They have no effect on the scene's extent, random points and camera paths; their photos are trained on",
      ].join(""),
    );
    assertEquals([scene.train.length, scene.notices!.length], [20, clean.notices!.length + 1]);
    const others = scene.train.filter(({ name }) => name !== "07").map(({ camera }) => camera);
    assertEquals(scene.extent, sceneExtent(others));
    // The cameras look along z at 2 extents, and see at most 2 extents to either side.
    const reach = 19 + 4 * scene.extent;
    assert(scene.points.positions.every((value) => Math.abs(value) <= reach));
    // In parity with the reference implementation all cameras count.
    const parity = await loadScene(folder, { referenceCameras: true });
    assertEquals(parity.extent, sceneExtent(scene.train.map(({ camera }) => camera)));
    assertEquals(parity.notices!.length, clean.notices!.length);
  });
});
