// load/seen_points.ts: which points a photo shows, by the tracks of a reconstruction or by what hides them, and where.

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { join } from "@std/path";
import type { Camera } from "../../base/scene.ts";
import { parsePoints } from "../../load/colmap_binary.ts";
import { loadScene } from "../../load/scene.ts";
import { SeenPoints } from "../../load/seen_points.ts";
import { image, model, pinhole, withFolder, writeCapture } from "./fixtures.ts";

/** A point and the ids of the images in its track. */
interface TrackedPoint {
  place: [number, number, number];
  images: number[];
}

/** The bytes of a `points3D.bin` with tracks. */
function pointsWithTracks(points: TrackedPoint[]): Uint8Array {
  const parts: Uint8Array[] = [new Uint8Array(BigUint64Array.of(BigInt(points.length)).buffer)];
  for (const [i, { place, images }] of points.entries()) {
    parts.push(
      new Uint8Array(BigUint64Array.of(BigInt(i + 1)).buffer),
      new Uint8Array(Float64Array.from(place).buffer),
      Uint8Array.of(1, 2, 3),
      new Uint8Array(Float64Array.of(0.5).buffer),
      new Uint8Array(BigUint64Array.of(BigInt(images.length)).buffer),
      new Uint8Array(Int32Array.from(images.flatMap((id) => [id, 0])).buffer),
    );
  }
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

const CAMERA: Camera = {
  ...{ width: 80, height: 40, fx: 40, fy: 40, cx: 40, cy: 20 },
  rotation: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  translation: [0, 0, 0],
};

Deno.test("View.depths() has the points of a photo's track, with weights by its length", async () => {
  await withFolder(async (folder) => {
    const tracked: TrackedPoint[] = [
      { place: [0, 0, 5], images: [2, 7] },
      { place: [0.5, 0.25, 4], images: [7, 2, 3, 7] }, // image 7 has two keypoints of it
      { place: [NaN, 0, 5], images: [2] },
      { place: [-0.5, 0, 8], images: [2, 3, 4, 5, 6, 7, 8] },
      { place: [0.1, 0, 5], images: [7] },
      { place: [0, 0, -5], images: [2] }, // behind the camera
    ];
    const camera = pinhole(1, 40, 30);
    const content = model(camera, [image(2, "a.png"), image(7, "b.png"), image(9, "c.png")]);
    const photos = ["images/a.png", "images/b.png", "images/c.png"];
    await writeCapture(folder, { model: content, photos, width: 40, height: 30 });
    await Deno.writeFile(join(folder, "sparse", "0", "points3D.bin"), pointsWithTracks(tracked));
    const { train, points } = await loadScene(folder, { resolution: 2 });
    assertEquals([points.count, "tracks" in points], [5, false]);
    const [first, , none] = train.map((view) => [...view.depths!()]);
    const [fx, fy, cx, cy] = camera.params.map((value) => value / 2);
    const expected = [[0, 0, 5, 0.25], [0.5, 0.25, 4, 0.75], [-0.5, 0, 8, 1]].flatMap(([x, y, z, weight]) => [
      fx * (x - 2) / z + cx,
      fy * y / z + cy,
      z,
      weight,
    ]);
    // Image 2 stands at x = 2.
    const inside = expected.filter((_, i) => expected[i - i % 4] >= 0 && expected[i - i % 4] < 20);
    assert(inside.length >= 4);
    assertEquals(first.length, inside.length);
    first.forEach((value, i) => assertAlmostEquals(value, inside[i], 1e-4));
    assertEquals(none, []);
  });
});

Deno.test("parsePoints() reads the tracks of points, and has none if all are empty", () => {
  const place: TrackedPoint["place"] = [1, 2, 3];
  const some = parsePoints(
    pointsWithTracks([{ place, images: [4] }, { place, images: [] }, { place, images: [9, 4] }]),
    "p",
  );
  assertEquals(some.tracks, { starts: new Uint32Array([0, 1, 1, 3]), images: new Int32Array([4, 9, 4]) });
  assertEquals(parsePoints(pointsWithTracks([{ place, images: [] }]), "p").tracks, undefined);
});

Deno.test("SeenPoints.depths() leaves out what a nearer point hides, and what is outside, without tracks", () => {
  const places = [
    [0, 0, 10],
    [0.1, 0, 10.5], // beside it, hardly farther
    [0.1, 0.1, 12], // behind both
    [3, 0, 12], // as far, but nothing is in front
    [0, 0, 0.1], // nearer than the near plane
    [30, 0, 10], // outside the image
  ];
  const count = places.length;
  const points = { count, positions: new Float32Array(places.flat()), colors: new Uint8Array(3 * count) };
  const depths = new SeenPoints(points, undefined).depths(CAMERA, 1);
  assertEquals([...depths].filter((_, i) => i % 4 >= 2), [10, 1, 10.5, 1, 12, 1]);
  assertEquals([...depths.subarray(8, 10)], [50, 20]);
});

Deno.test("View.depths() is absent without points of the capture", async () => {
  await withFolder(async (folder) => {
    const content = model(pinhole(1, 40, 30), [image(1, "a.png"), image(2, "b.png")]);
    await writeCapture(folder, { model: content, photos: ["images/a.png", "images/b.png"], width: 40, height: 30 });
    const filled = await loadScene(folder, { randomPoints: 500 });
    assert(filled.train.every((view) => view.depths!().length <= 8), "random points are no depths");
    await Deno.remove(join(folder, "sparse", "0", "points3D.bin"));
    assertEquals((await loadScene(folder)).train.map((view) => view.depths), [undefined, undefined]);
  });
});
