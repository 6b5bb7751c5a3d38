// The cameras of a model folder: those that tame wrote, and those of another program.

import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { camerasJson } from "../../export/model_folder.ts";
import { resizeCamera } from "../../load/camera.ts";
import { readModelViews } from "../../load/model_cameras.ts";
import { MODEL_FILES } from "../../load/model_folder.ts";
import { deviceTest } from "../support/device.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";
import { withFolder } from "./fixtures.ts";

const ENTRY = {
  ...{
    id: 0,
    img_name: "a/b",
    width: 40,
    height: 30,
    position: [0, 0, -4],
    rotation: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  },
  ...{ fy: 50, fx: 60 },
};

function write(folder: string, cameras: unknown): Promise<void> {
  return Deno.writeTextFile(join(folder, MODEL_FILES.cameras), JSON.stringify(cameras));
}

deviceTest("readModelViews() reads what camerasJson() writes, with the principal point", async (device) => {
  await withFolder(async (folder) => {
    const scene = await syntheticScene(device);
    // A photo at half its size, with a principal point that is not in the middle.
    const [first] = scene.train;
    const { width, height } = first.original;
    const half = { width: width / 2, height: height / 2 };
    const camera = { ...resizeCamera(first.camera, half), cx: 9.25, cy: 20.5 };
    const train = [{ ...first, camera }, ...scene.train.slice(1)];
    await Deno.writeTextFile(join(folder, MODEL_FILES.cameras), [...camerasJson({ ...scene, train })].join(""));
    const views = await readModelViews(folder);
    assertEquals(views.map(({ name }) => name), [...scene.test, ...train].map(({ name }) => name));
    const read = views[scene.test.length].camera;
    assertEquals([read.width, read.height, read.cx, read.cy], [width, height, 18.5, 41]);
    for (const field of ["rotation", "translation"] as const) {
      for (const [i, value] of read[field].entries()) assertAlmostEquals(value, camera[field][i], 1e-12);
    }
  });
});

Deno.test("readModelViews() takes the centre for a principal point that another program does not state", async () => {
  await withFolder(async (folder) => {
    assertEquals(await readModelViews(folder), []);
    await write(folder, [ENTRY]);
    const [{ name, camera }] = await readModelViews(folder);
    assertEquals([name, camera.fx, camera.fy, camera.cx, camera.cy], ["a/b", 60, 50, 20, 15]);
    assertEquals(camera.translation.map((value) => value + 0), [0, 0, 4]);
  });
});

Deno.test("readModelViews() names the field that is wrong", async () => {
  await withFolder(async (folder) => {
    for (
      const [entry, message] of [
        [{ ...ENTRY, fx: 0 }, "[0].fx is 0: expected a number greater than 0"],
        [{ ...ENTRY, position: [0, 0] }, "[0].position[2] is missing: expected a number"],
        [{ ...ENTRY, rotation: [[1, 0, 0], [0, 1, 0]] }, "[0].rotation[2] is missing: expected a list"],
      ] as const
    ) {
      await write(folder, [entry]);
      await assertRejects(() => readModelViews(folder), DataError, message);
    }
  });
});
