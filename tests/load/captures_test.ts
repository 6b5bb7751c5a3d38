// load/ on real captures, where this machine has them: counts, split, intrinsics and extent.

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { loadPhotos } from "../../load/images.ts";
import { loadScene } from "../../load/scene.ts";
import { capture } from "../../scripts/captures.ts";

const fox = capture("fox", "sparse/0", "images_2", "images_4", "images_8");
const caliterra = capture("caliterra", "sparse/0", "images", "images_4");

Deno.test({
  name: "loadScene() finds 50 cameras and 15 059 points when the capture is fox",
  ignore: fox === undefined,
  async fn(): Promise<void> {
    const scene = await loadScene(fox!, { images: "images_8" });
    assertEquals([scene.train.length, scene.test.length, scene.points.count], [50, 0, 15059]);
    const names = scene.train.map((view) => view.name);
    assertEquals(names, names.toSorted());
    assert(scene.points.positions.every(Number.isFinite));
    let pixels = 0;
    await loadPhotos(scene.train, {
      onPhoto(index, image): void {
        assertEquals([image.width, image.height, image.channels], [133, 237, 3]);
        assert(image.data.some((value) => value !== image.data[0]), scene.train[index].name);
        pixels += image.width * image.height;
      },
    });
    assertEquals(pixels, 50 * 133 * 237);
  },
});

Deno.test({
  name: "loadScene() splits fox 43 to 7 when evaluation is asked for",
  ignore: fox === undefined,
  async fn(): Promise<void> {
    const all = (await loadScene(fox!, { images: "images_8" })).train.map((view) => view.name);
    const { train, test } = await loadScene(fox!, { images: "images_8", eval: true });
    assertEquals([train.length, test.length], [43, 7]);
    assertEquals(test.map((view) => view.name), all.filter((_, k) => k % 8 === 0));
  },
});

Deno.test({
  name: "loadScene() scales fox's intrinsics per axis by the photos' rounded sizes",
  ignore: fox === undefined,
  async fn(): Promise<void> {
    for (
      const [images, width, height] of [["images_2", 531, 947], ["images_4", 265, 473], ["images_8", 133, 237]] as const
    ) {
      for (const { camera, original } of (await loadScene(fox!, { images })).train) {
        assertEquals([camera.width, camera.height], [width, height]);
        assertAlmostEquals(camera.fx, (1375.6 * width) / 1061, 1e-3);
        assertAlmostEquals(camera.fy, (1374.844 * height) / 1893, 1e-3);
        assertAlmostEquals(camera.cx, width / 2, 1e-9);
        assertAlmostEquals(camera.cy, height / 2, 1e-9);
        assertEquals([original.width, original.height], [1061, 1893]);
      }
    }
  },
});

Deno.test({
  name: "loadScene() keeps fox's poses with their names, though ids are in another order",
  ignore: fox === undefined,
  async fn(): Promise<void> {
    const { train } = await loadScene(fox!, { images: "images_8" });
    const text = await Deno.readTextFile(`${fox}/sparse_txt/0/images.txt`);
    const poses = text.split("\n").filter((line) => line.endsWith(".jpg")).map((line) => line.split(" "));
    assertEquals(poses.length, 50);
    for (const pose of poses) {
      const view = train.find(({ path }) => path.endsWith(`/${pose[9]}`))!;
      for (let axis = 0; axis < 3; axis++) {
        assertAlmostEquals(view.camera.translation[axis], Number(pose[5 + axis]), 1e-9);
      }
    }
    assertEquals(poses.find((pose) => pose[0] === "29")![9], "0052.jpg");
  },
});

Deno.test({
  name: "loadScene() splits caliterra 65 to 10 and has its 42 842 points",
  ignore: caliterra === undefined,
  async fn(): Promise<void> {
    const scene = await loadScene(caliterra!, { images: "images_4", eval: true });
    assertEquals([scene.train.length, scene.test.length, scene.points.count], [65, 10, 42842]);
    const { camera, original } = scene.train[0];
    assertEquals([camera.width, camera.height, original.width, original.height], [398, 299, 1593, 1197]);
    assertAlmostEquals(camera.fx, (1211.103 * 398) / 1593, 1e-3);
    assertAlmostEquals(camera.fy, (1212.94 * 299) / 1197, 1e-3);
  },
});

Deno.test({
  name: "loadScene() keeps caliterra's full size when it is below 1600 pixels, and divides it when asked",
  ignore: caliterra === undefined,
  async fn(): Promise<void> {
    const [full] = (await loadScene(caliterra!)).train;
    assertEquals([full.camera.width, full.camera.height], [1593, 1197]);
    const [view] = (await loadScene(caliterra!, { resolution: 8 })).train;
    assertEquals([view.camera.width, view.camera.height], [199, 150]);
    const photo = await view.photo();
    assertEquals([photo.width, photo.height], [199, 150]);
  },
});
