// The demo's capture: the same bytes each time, true geometry, and what the loader expects.
import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { normalize, subtract, type Vec3 } from "../../base/vec3.ts";
import { holdsCapture, writeCapture } from "../../demo/capture.ts";
import { stillLife } from "../../demo/still_life.ts";
import { look } from "../../demo/tracer.ts";
import { cameraCenter } from "../../load/camera.ts";
import { loadScene } from "../../load/scene.ts";

const SIZE = { views: 18, width: 128, height: 96 };

const work = await Deno.makeTempDir({ prefix: "tame_demo_" });
globalThis.addEventListener("unload", () => Deno.removeSync(work, { recursive: true }));
const capture = join(work, "capture");
await writeCapture(capture, SIZE);

Deno.test("writeCapture() writes the same bytes when called again", async () => {
  const again = join(work, "again");
  await writeCapture(again, SIZE);
  const [first, second] = [await digests(capture), await digests(again)];
  assertEquals(first.size, SIZE.views + 4, "photos, three model files and the note");
  assertEquals(second, first);
});

Deno.test("writeCapture() writes a capture that loadScene() reads, every eighth view held out", async () => {
  const scene = await loadScene(capture, { eval: true });
  assertEquals(scene.test.map(({ name }) => name), ["view_000", "view_008", "view_016"]);
  assertEquals(scene.train.length, 15);
  const photo = await scene.train[0].photo();
  assertEquals([photo.width, photo.height], [SIZE.width, SIZE.height]);
});

Deno.test("writeCapture() puts every point on surfaces that two photos show in its colour", async () => {
  const { train: views, points } = await loadScene(capture);
  const photos = await Promise.all(views.map((view) => view.photo()));
  const things = stillLife();
  const errors: number[] = [];
  let confirmed = 0;
  for (let index = 0; index < points.count; index++) {
    const point = [...points.positions.subarray(3 * index, 3 * index + 3)] as unknown as Vec3;
    let seenBy = 0;
    views.forEach(({ camera }, view) => {
      const [r, t] = [camera.rotation, camera.translation];
      const [x, y, z] = [0, 3, 6].map((row) =>
        r[row] * point[0] + r[row + 1] * point[1] + r[row + 2] * point[2] + t[row / 3]
      );
      const column = Math.floor(camera.cx + camera.fx * x / z);
      const row = Math.floor(camera.cy + camera.fy * y / z);
      if (z <= 0 || column < 0 || row < 0 || column >= camera.width || row >= camera.height) return;
      const toPoint = subtract(point, cameraCenter(camera));
      const distance = Math.hypot(...toPoint);
      const seen = look(things, { origin: cameraCenter(camera), direction: normalize(toPoint) });
      // Points are off their surface by up to a pixel's size, which a slanting ray stretches.
      if (Math.abs(seen.distance - distance) > 8 * distance / camera.fx) return;
      seenBy++;
      const pixel = 3 * (row * camera.width + column);
      for (let channel = 0; channel < 3; channel++) {
        errors.push(Math.abs(photos[view].data[pixel + channel] - points.colors[3 * index + channel]));
      }
    });
    if (seenBy >= 2) confirmed++;
  }
  errors.sort((a, b) => a - b);
  assert(points.count > 500, `only ${points.count} points`);
  // A point's error can push it past the rim of the second photo that shows it, or of the thing it is on.
  assert(confirmed >= 0.98 * points.count, `only ${confirmed} of ${points.count} points are seen by two cameras`);
  assertLess(errors[Math.floor(0.5 * errors.length)], 8, "median colour difference of 255 levels");
  assertLess(errors[Math.floor(0.9 * errors.length)], 40, "nine in ten colour differences of 255 levels");
});

Deno.test("writeCapture() shows a depth discontinuity when one thing stands before another", async () => {
  const { train: [{ camera }] } = await loadScene(capture);
  const things = stillLife();
  let jumps = 0;
  let previous = 0;
  for (let x = 0; x < camera.width; x++) {
    const [u, r] = [(x + 0.5 - camera.cx) / camera.fx, camera.rotation];
    const direction = normalize([r[0] * u + r[6], r[1] * u + r[7], r[2] * u + r[8]]);
    const { distance } = look(things, { origin: cameraCenter(camera), direction });
    if (x > 0 && Math.abs(distance - previous) > 0.5) jumps++;
    previous = distance;
  }
  assert(jumps >= 2, `${jumps} jumps of depth across the middle row`);
});

Deno.test("holdsCapture() tells a complete capture of the same size from any other", async () => {
  assertEquals(await holdsCapture(capture, SIZE), true);
  assertEquals(await holdsCapture(capture, { ...SIZE, views: SIZE.views + 1 }), false);
  assertEquals(await holdsCapture(join(work, "nothing"), SIZE), false);
});

Deno.test("writeCapture() throws and leaves the folder alone when it holds something else", async () => {
  const other = join(work, "other");
  await Deno.mkdir(other);
  await Deno.writeTextFile(join(other, "thesis.txt"), "mine");
  await assertRejects(() => writeCapture(other, SIZE), DataError, "has no demo capture");
  assertEquals(await Deno.readTextFile(join(other, "thesis.txt")), "mine");
  const left = [...Deno.readDirSync(work)].map(({ name }) => name).filter((name) => name.startsWith("other"));
  assertEquals(left, ["other"], "nothing temporary stays");
});

/** SHA-256 of every file under a folder, by its path in the folder. */
async function digests(folder: string, prefix = ""): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const { name, isDirectory } of Deno.readDir(join(folder, prefix))) {
    const path = join(prefix, name);
    if (isDirectory) {
      for (const [inner, digest] of await digests(folder, path)) found.set(inner, digest);
    } else {
      const bytes = await Deno.readFile(join(folder, path));
      found.set(path, new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex());
    }
  }
  return new Map([...found].sort());
}
