// `init`: a run that starts from a PLY of points or of Gaussians.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { pointsPly } from "../../export/ply.ts";
import { savePly } from "../../export/splats.ts";
import type { Device } from "../../ffi/device.ts";
import { Gaussians } from "../../ffi/gaussians.ts";
import { loadScene } from "../../load/scene.ts";
import { image, model, pinhole, withFolder, writeCapture } from "../load/fixtures.ts";
import { deviceTest } from "../support/device.ts";
import { rows, trained } from "../support/train_run.ts";

const QUIET = { testIterations: [-1], budget: 1 };

async function withCapture(body: (folder: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const content = model(pinhole(1, 40, 30), [image(1, "a.png"), image(2, "b.png")]);
    await writeCapture(folder, { model: content, photos: ["images/a.png", "images/b.png"], width: 40, height: 30 });
    await body(folder);
  });
}

/** Gaussians in front of the capture's cameras. */
function someGaussians(device: Device, shDegree: number): Gaussians {
  const count = 5;
  const coefficients = (shDegree + 1) ** 2;
  return Gaussians.fromArrays(device, {
    means: Float32Array.from({ length: 3 * count }, (_, i) => i % 3 === 2 ? 5 : Math.sin(i)),
    logScales: Float32Array.from({ length: 3 * count }, (_, i) => -1 - i / 20),
    quats: Float32Array.from({ length: 4 * count }, (_, i) => Math.cos(i)),
    opacities: Float32Array.from({ length: count }, (_, i) => i - 2),
    sh: Float32Array.from({ length: 3 * coefficients * count }, (_, i) => Math.sin(3 * i) / 4),
    shDegree,
  });
}

deviceTest("train() starts from the unchanged Gaussians of init", async (device) => {
  await withCapture(async (folder) => {
    const path = join(folder, "start.ply");
    using start = someGaussians(device, 2);
    await savePly(start, path);
    const scene = await loadScene(folder, { init: path });
    assertEquals([scene.splats?.count, scene.points.count], [5, 5]);
    // The only step of a run updates nothing.
    const run = await trained(device, scene, { iterations: 1, shDegree: 2, ...QUIET });
    assertEquals(run.rows, rows(start));
    // Their own harmonics are rendered from the first step on.
    const flat = { ...scene, splats: { ...scene.splats!, sh: scene.splats!.sh.map((v, i) => i % 27 < 3 ? v : 0) } };
    const [seen, unseen] = [
      run.losses[0],
      (await trained(device, flat, { iterations: 1, shDegree: 2, ...QUIET })).losses[0],
    ];
    assert(Math.abs(seen - unseen) > 1e-4, `${seen} and ${unseen}`);
  });
});

deviceTest(
  "train() adds or drops harmonics of init when its degree differs, and reports what it drops",
  async (device) => {
    await withCapture(async (folder) => {
      const path = join(folder, "start.ply");
      using start = someGaussians(device, 1);
      await savePly(start, path);
      const scene = await loadScene(folder, { init: path });
      const sh = start.download("sh");
      for (const shDegree of [0, 1, 3]) {
        const warnings: string[] = [];
        let first: Float32Array | undefined;
        const options = { iterations: 1, shDegree, ...QUIET };
        await trained(device, scene, options, (event) => {
          if (event.type === "plan") first = event.gaussians.download("sh");
          if (event.type === "warning") warnings.push(event.message);
        });
        const width = 3 * (shDegree + 1) ** 2;
        first!.forEach((value, i) =>
          assertEquals(value, i % width < 12 ? sh[12 * Math.floor(i / width) + i % width] : 0)
        );
        assertEquals(warnings.length, shDegree === 0 ? 1 : 0);
      }
    });
  },
);

/** Replaces a value that is once in a PLY of Gaussians. */
async function replaceFloat(path: string, from: number, to: number): Promise<void> {
  const bytes = await Deno.readFile(path);
  const view = new DataView(bytes.buffer);
  const places = Array.from({ length: bytes.length - 3 }, (_, i) => i).filter((i) => view.getFloat32(i, true) === from);
  assertEquals(places.length, 1);
  view.setFloat32(places[0], to, true);
  await Deno.writeFile(path, bytes);
}

deviceTest("train() starts from the points of init, and counts those that it cannot use", async (device) => {
  await withCapture(async (folder) => {
    const path = join(folder, "points.ply");
    const positions = new Float32Array([0, 0, 5, NaN, 0, 0, 1, 1, 6, 0, 1, 7]);
    await Deno.writeFile(path, pointsPly({ count: 4, positions, colors: new Uint8Array(12).fill(9) }));
    const scene = await loadScene(folder, { init: path });
    assertEquals([scene.points.count, scene.splats], [3, undefined]);
    assertEquals(scene.notices, [
      "1 of 4 points of the init file are left out: they have unusable numbers",
    ]);
    assertEquals((await trained(device, scene, { iterations: 2, ...QUIET })).result.count, 3);
    await Deno.writeFile(path, pointsPly({ count: 1, positions: positions.subarray(3, 6), colors: new Uint8Array(3) }));
    await assertRejects(() => loadScene(folder, { init: path }), DataError, "no usable points");
    using start = someGaussians(device, 0);
    start.upload("opacities", new Float32Array([1, 99, 2]), 1);
    await savePly(start, path); // which writes no NaN itself
    await replaceFloat(path, 99, NaN);
    const { splats, notices } = await loadScene(folder, { init: path });
    assertEquals(splats?.opacities, new Float32Array([-2, 1, 2, 2]));
    assertEquals(notices, [
      `Of 5 Gaussians: 1 left out, with numbers that are NaN or infinite (init file ${path})`,
    ]);
    await assertRejects(() => loadScene(folder, { init: join(folder, "none.ply") }), DataError, "missing");
  });
});
