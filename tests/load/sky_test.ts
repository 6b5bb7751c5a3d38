// load/sky.ts and random points that fill up: where the added points are, which colours they have, and when none are.

import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { GREY } from "../../base/numbers.ts";
import type { PointCloud, Scene } from "../../base/scene.ts";
import { cameraCenter } from "../../load/camera.ts";
import { loadScene } from "../../load/scene.ts";
import { image, model, pinhole, raw, withFolder, writeCapture } from "./fixtures.ts";

const WIDTH = 80, HEIGHT = 60;
const SKY = [90, 140, 230], GROUND = [100, 80, 40];

/** Rows from the top that show sky; the horizon is at row 29. */
const SKY_ROWS = 20;

/** Photos of sky over ground, and a grid of points at every place of the ground that they show, or of all. */
async function writeSky(folder: string, { rows = SKY_ROWS, alpha = false } = {}): Promise<void> {
  const camera = pinhole(1, WIDTH, HEIGHT);
  const [fx, fy, cx, cy] = camera.params;
  const positions: number[] = [];
  for (let v = rows + 1; v < HEIGHT; v++) {
    for (let u = 0; u < WIDTH + 90; u++) positions.push(5 * (u - cx) / fx, 5 * (v - cy) / fy, 5);
  }
  const count = positions.length / 3;
  const points = { count, positions: new Float64Array(positions), colors: new Uint8Array(3 * count) };
  const images = [image(0, "a.png"), image(2, "b.png"), image(4, "c.png")];
  const photos = images.map(({ name }) => `images/${name}`);
  await writeCapture(folder, { model: { ...model(camera, images), points }, photos, width: WIDTH, height: HEIGHT });
  const channels = alpha ? 4 : 3;
  const pixels = new Uint8Array(WIDTH * HEIGHT * channels);
  for (let i = 0; i < WIDTH * HEIGHT; i++) {
    const isSky = i < SKY_ROWS * WIDTH;
    pixels.set([...(isSky ? SKY : GROUND), ...(alpha ? [isSky ? 0 : 255] : [])], channels * i);
  }
  for (const path of photos) await raw(pixels, WIDTH, HEIGHT).png().toFile(join(folder, path));
}

/** The points of the shell. */
function shellOf({ points: { count, positions, colors, shell } }: Scene): PointCloud {
  const first = 3 * (count - (shell?.count ?? 0));
  return { count: shell?.count ?? 0, positions: positions.subarray(first), colors: colors.subarray(first) };
}

Deno.test("loadScene() adds points on a far shell where photos show what no point explains", async () => {
  await withFolder(async (folder) => {
    await writeSky(folder);
    const plain = await loadScene(folder);
    assertEquals([plain.points.shell, plain.notices], [undefined, []]);
    const scene = await loadScene(folder, { sky: true });
    const shell = shellOf(scene);
    assert(shell.count > 500, `${shell.count} points`);
    assertEquals(scene.points.count, plain.points.count + shell.count);
    assertEquals(scene.points.positions.subarray(0, 3 * plain.points.count), plain.points.positions);
    const radius = 10 * scene.extent;
    assertEquals(scene.notices, [
      `${shell.count} points are added for the sky and what is far behind, ${radius.toPrecision(3)} units from the ` +
      `cameras`,
    ]);
    const [x, y, z] = cameraCenter(scene.train[1].camera);
    const seenBy = new Set<number>();
    for (let i = 0; i < shell.count; i++) {
      const [px, py, pz] = shell.positions.subarray(3 * i, 3 * i + 3);
      assertAlmostEquals(Math.hypot(px - x, py - y, pz - z), radius, 1e-4 * radius);
      const rows = scene.train.flatMap(({ camera: { fx, fy, cx, cy, translation: t } }, k) => {
        const u = fx * (px + t[0]) / (pz + t[2]) + cx, v = fy * (py + t[1]) / (pz + t[2]) + cy;
        if (!(u >= 0 && u < WIDTH && v >= 0)) return [];
        seenBy.add(k);
        return [v];
      });
      // Cells are 2 pixels, and the neighbours of those with a point are explained as well.
      assert(rows.length > 0 && Math.min(...rows) < SKY_ROWS, `Point ${i} is seen at rows ${rows}`);
      assertEquals([...shell.colors.subarray(3 * i, 3 * i + 3)], SKY);
    }
    assertEquals(seenBy.size, 3);
    assertAlmostEquals(scene.points.shell!.spacing, nearest(shell), 0.3 * nearest(shell));
    assertEquals((await loadScene(folder, { sky: true, seed: 1 })).points, scene.points);
  });
});

/** The median distance of a point to the nearest other. */
function nearest({ count, positions: p }: PointCloud): number {
  const distances = Array.from({ length: count }, (_, i) => {
    let least = Infinity;
    for (let j = 0; j < count; j++) {
      if (j === i) continue;
      least = Math.min(
        least,
        Math.hypot(p[3 * i] - p[3 * j], p[3 * i + 1] - p[3 * j + 1], p[3 * i + 2] - p[3 * j + 2]),
      );
    }
    return least;
  });
  return distances.sort((a, b) => a - b)[count >> 1];
}

Deno.test("loadScene() adds no shell where points explain the photos, or these show nothing", async () => {
  for (const content of [{ rows: -1 }, { alpha: true }]) {
    await withFolder(async (folder) => {
      await writeSky(folder, content);
      const scene = await loadScene(folder, { sky: true });
      assertEquals([scene.points.shell, shellOf(scene).count], [undefined, 0]);
      assertEquals(scene.notices, [
        "No points are added for the sky: the capture's points explain what its photos show",
      ]);
    });
  }
});

Deno.test("loadScene() adds no shell at pixels that a mask excludes", async () => {
  await withFolder(async (folder) => {
    await writeSky(folder);
    const mask = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => i % WIDTH < WIDTH / 2 ? 0 : 255);
    await Deno.mkdir(join(folder, "masks"));
    for (const name of ["a", "b", "c"]) {
      await raw(mask, WIDTH, HEIGHT).png().toFile(join(folder, "masks", `${name}.png`));
    }
    const masked = shellOf(await loadScene(folder, { sky: true }));
    await Deno.remove(join(folder, "masks"), { recursive: true });
    const all = shellOf(await loadScene(folder, { sky: true }));
    assert(masked.count > 0.3 * all.count && masked.count < 0.8 * all.count, `${masked.count} of ${all.count}`);
  });
});

Deno.test("loadScene() rejects a shell beside Gaussians that training takes as they are", async () => {
  await withFolder(async (folder) => {
    await writeSky(folder);
    const path = join(folder, "init.ply");
    const names = ["x", "y", "z", "f_dc_0", "f_dc_1", "f_dc_2", "opacity", "scale_0", "scale_1", "scale_2"];
    const properties = [...names, "rot_0", "rot_1", "rot_2", "rot_3"].map((name) => `property float ${name}\n`);
    const header = `ply\nformat ascii 1.0\nelement vertex 1\n${properties.join("")}end_header\n`;
    await Deno.writeTextFile(path, `${header}0 0 5 0 0 0 0 0 0 0 1 0 0 0\n`);
    assertEquals((await loadScene(folder, { init: path })).splats?.count, 1);
    await assertRejects(
      () => loadScene(folder, { init: path, sky: true }),
      RangeError,
      "Cannot use sky with Gaussians as init",
    );
  });
});

Deno.test("loadScene() fills a capture of few points up with random ones, in the cameras' view", async () => {
  await withFolder(async (folder) => {
    const content = model(pinhole(1, 40, 30), [image(1, "a.png"), image(4, "b.png")]);
    await writeCapture(folder, { model: content, photos: ["images/a.png", "images/b.png"], width: 40, height: 30 });
    const { points, notices } = await loadScene(folder, { randomPoints: 50 });
    assertEquals(points.count, 50);
    assertEquals([...points.positions.subarray(0, 6)], [0, 0, 5, 1, 1, 6]);
    assertEquals(points.colors, Uint8Array.from({ length: 150 }, (_, i) => i < 6 ? 200 : GREY));
    assertEquals(notices, [
      "The capture has 2 points, fewer than 50: training starts from these and 48 random ones in the cameras' view",
    ]);
    assertEquals((await loadScene(folder, { randomPoints: 50 })).points, points);
    assert((await loadScene(folder, { randomPoints: 50, seed: 1 })).points.positions[6] !== points.positions[6]);
    const enough = await loadScene(folder, { randomPoints: 2 });
    assertEquals([enough.points, enough.notices], [(await loadScene(folder)).points, []]);
    await Deno.remove(join(folder, "sparse", "0", "points3D.bin"));
    const none = await loadScene(folder, { randomPoints: 50 });
    assertEquals(none.points.count, 50);
    assertEquals(none.notices, [
      "The capture has no points: training starts from 50 random ones in the cameras' view",
    ]);
  });
});
