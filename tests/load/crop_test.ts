// load/crop.ts: the lines about undistorted photos, and --undistort_fov through loadScene().

import { assertEquals, assertRejects } from "@std/assert";
import type { Lens, View } from "../../base/scene.ts";
import { cropNotices } from "../../load/crop.ts";
import { loadScene } from "../../load/scene.ts";
import { libraryMissing } from "../support/device.ts";
import { image, model, withFolder, writeCapture } from "./fixtures.ts";

/** A view of a lens that sees 90° across and 60° down of its photo's 120° and 60°. */
function view(width: number): View {
  const pinhole = { width: 200, height: 100 * 2 / Math.sqrt(3), fx: 100, fy: 100, cx: 100, cy: 100 / Math.sqrt(3) };
  const lens: Partial<Lens> = { width, height: 100, pinhole, fov: [120, 60] };
  return { lens } as View;
}

Deno.test("cropNotices() has a line for each lens, those of the most photos first, with the share that is kept", () => {
  const kept =
    "with 75 % of the field of view (90.0° of 120.0°) across and 100 % of the field of view (60.0° of 60.0°)";
  const line = (count: number, width: number) =>
    `${
      count === 1 ? "1 photo is" : `${count} photos are`
    } undistorted and cropped as they are read: ${width} x 100 pixels become 200 x ` +
    `${view(1).lens!.pinhole.height}, ${kept} down`;
  assertEquals(cropNotices([view(300), view(301), view(301), {} as View]), [line(2, 301), line(1, 300)]);
  const many = [1, 2, 3, 4, 5, 6, 7, 7].map((width) => view(width));
  assertEquals(cropNotices(many), [
    ...[line(2, 7), ...[1, 2, 3, 4].map((width) => line(1, width))],
    "2 photos are undistorted and cropped too, with 2 other lenses",
  ]);
  assertEquals(cropNotices(many.slice(0, 6)).at(-1), "1 photo is undistorted and cropped too, with another lens");
});

Deno.test("cropNotices() says that a field of view has no effect without lens distortion, and else nothing", () => {
  assertEquals(cropNotices([{} as View], 100), ["undistort_fov has no effect: no camera has lens distortion"]);
  assertEquals(cropNotices([{} as View]), []);
});

Deno.test({
  name: "loadScene() undistorts a fisheye to the field of view that it is told, photos and masks",
  ignore: libraryMissing !== undefined,
  async fn(): Promise<void> {
    await withFolder(async (folder) => {
      const camera = { id: 1, model: "OPENCV_FISHEYE", width: 96, height: 64, params: [30, 30, 48, 32, 0, 0, 0, 0] };
      const images = [image(1, "a.png"), image(2, "b.png")];
      const photos = ["images/a.png", "images/b.png", "masks/a.png"];
      await writeCapture(folder, { model: model(camera, images), photos, width: 96, height: 64 });
      const wide = await loadScene(folder, { undistortFov: 150 });
      const [{ camera: { width, height, fx } }] = wide.train;
      assertEquals([width, height, fx], [222, 108, 30]);
      // 150° of 183.3° are 81 %; 2 atan(54 / 30) = 121.9° of 122.2° are 99 %.
      assertEquals(wide.notices!.filter((line) => line.includes("undistorted")), [
        "2 photos are undistorted and cropped as they are read: 96 x 64 pixels become 222 x 108, with 81 % of the " +
        "field of view (149.8° of 183.3°) across and 99 % of the field of view (121.9° of 122.2°) down",
      ]);
      const photo = await wide.train[0].photo();
      assertEquals([photo.width, photo.height, photo.mask!.length], [222, 108, 222 * 108]);
      const narrow = await loadScene(folder, { undistortFov: 90, resolution: 2 });
      assertEquals([narrow.train[0].camera.width, narrow.train[0].camera.fx], [30, 15]);
      for (const undistortFov of [0.5, 171, NaN]) await assertRejects(() => loadScene(folder, { undistortFov }), Error);
    });
  },
});
