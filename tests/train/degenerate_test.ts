// Captures with almost nothing in them, or with invalid data: trained with finite losses, or rejected with an error.
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "@std/path";
import type { Scene } from "../../base/scene.ts";
import type { Device } from "../../ffi/device.ts";
import { loadScene } from "../../load/scene.ts";
import type { TrainOptions } from "../../train/options.ts";
import { image, model, pinhole, raw, withFolder, writeCapture } from "../load/fixtures.ts";
import { deviceTest } from "../support/device.ts";
import { type Trained, trained } from "../support/train_run.ts";

const [WIDTH, HEIGHT] = [40, 30];
/** Every kind of step in few iterations: densification, pruning by size, an opacity reset. */
const OPTIONS: TrainOptions = {
  iterations: 120,
  budget: 3,
  densifyFromIter: 20,
  densificationInterval: 20,
  densifyUntilIter: 100,
  opacityResetInterval: 50,
  testIterations: [120],
};

/** A capture; cameras stand at the places given, and look along z. */
interface Capture {
  points?: number[][];
  places?: number[][];
  /** Size of the photos. Default 40 x 30. */
  size?: [number, number];
}

const PLACES = [[0, 0, 0], [0.3, 0, 0], [0.6, 0.1, 0]];
const POINTS = Array.from({ length: 60 }, (_, i) => [Math.sin(i), Math.cos(1.3 * i), 4 + Math.sin(2.1 * i)]);

/** Writes a capture and loads it. */
async function load(
  { points = POINTS, places = PLACES, size: [width, height] = [WIDTH, HEIGHT] }: Capture,
  use: (scene: Scene, folder: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const images = places.map((place, i) => ({ ...image(i, `${i}.png`), translation: place.map((x) => -x) }));
    const content = model(pinhole(1, width, height), images as ReturnType<typeof image>[]);
    const positions = Float32Array.from(points.flat());
    content.points = {
      count: points.length,
      positions,
      colors: positions.length === 0 ? new Uint8Array() : grey(positions.length),
    };
    await writeCapture(folder, { model: content, photos: images.map(({ name }) => `images/${name}`), width, height });
    await use(await loadScene(folder), folder);
  });
}

function grey(length: number): Uint8Array {
  return new Uint8Array(length).fill(120);
}

/** Loads and trains, and checks that all numbers are finite. */
async function trainCapture(device: Device, capture: Capture): Promise<Trained> {
  let result: Trained | undefined;
  await load(capture, async (scene) => {
    assert(scene.extent > 0, "the extent");
    result = await trained(device, scene, OPTIONS);
  });
  const { losses, rows, result: { count } } = result!;
  assertEquals(losses.length, 120);
  assert(losses.every((loss) => Number.isFinite(loss)), "losses");
  assert(rows.every((value) => Number.isFinite(value)), "Gaussians");
  assertEquals(count, 3 * (capture.points ?? POINTS).length);
  return result!;
}

const TRAINED: Record<string, Capture> = {
  "one point": { points: [[0, 0, 5]] },
  "two points": { points: [[0, 0, 5], [1, 0, 5]] },
  "three points": { points: [[0, 0, 5], [1, 0, 5], [0, 1, 6]] },
  "points that coincide": { points: new Array(30).fill([0.5, 0.2, 5]) },
  "a point at a camera's centre": { points: [[0, 0, 0], [0.3, 0, 0], [1e-8, 0, 0], ...POINTS] },
  "one photo": { places: [[0, 0, 0]] },
  "all photos from one place": {
    places: new Array(3).fill([0.1, 0.2, 0.3]),
    points: POINTS.map(([x, y, z]) => [x + 0.1, y + 0.2, z + 0.3]),
  },
  "coordinates of millions": {
    points: POINTS.map((point) => point.map((x) => 1e6 * x)),
    places: PLACES.map((place) => place.map((x) => 1e6 * x)),
  },
  "a point that is far off": { points: [[1e17, -1e17, 1e18], [0, 0, 1e12], ...POINTS] },
  "cameras that see nothing": { points: POINTS.map(([x, y, z]) => [x, y, -z]) },
  "a camera that is far off": { places: [...PLACES, [1e12, 0, 0]] },
  "photos smaller than the window of the SSIM": { size: [7, 5] },
  "photos of one pixel": { size: [1, 1] },
};

for (const [name, capture] of Object.entries(TRAINED)) {
  deviceTest(`train() ends with finite losses when the capture has ${name}`, async (device) => {
    const { losses } = await trainCapture(device, capture);
    if (name === "cameras that see nothing") assertEquals(new Set(losses).size, 1);
  });
}

deviceTest("train() learns from a single photo, and moves the Gaussians that it shows", async (device) => {
  const { losses } = await trainCapture(device, { places: [[0, 0, 0]] });
  assertGreater(losses[0], 1.2 * losses[119]);
});

Deno.test("loadScene() takes the distance of the points as the extent when all cameras are in one place", async () => {
  await load({ places: new Array(3).fill([0.1, 0, 0]), points: [[0.1, 0, 2], [0.1, 0, 3], [0.1, 0, 9]] }, (scene) => {
    assertAlmostEquals(scene.extent, 3, 1e-6);
    return Promise.resolve();
  });
});

deviceTest("train() ends with finite losses when masks exclude all pixels, or almost all", async (device) => {
  await load({}, async (_, folder) => {
    await Deno.mkdir(join(folder, "masks"));
    for (const [name, kept] of [["0", 0], ["1", 1]] as const) {
      const mask = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => i === 600 ? 255 * kept : 0);
      await Deno.writeFile(
        join(folder, "masks", `${name}.png`),
        await raw(mask, WIDTH, HEIGHT).toColourspace("b-w").png().toBuffer(),
      );
    }
    const { losses } = await trained(device, await loadScene(folder), OPTIONS);
    assert(losses.every((loss) => Number.isFinite(loss)) && losses.includes(0));
  });
});

deviceTest("train() rejects points that are too far away, and names them", async (device) => {
  await load({}, async (scene) => {
    const positions = scene.points.positions.slice();
    positions[4] = 1e19;
    const far = { ...scene, points: { ...scene.points, positions } };
    await assertRejects(() => trained(device, far, OPTIONS), RangeError, "point 1 has the coordinate");
  });
});

Deno.test("loadScene() drops non-finite points, takes random ones if none are left, and reports both", async () => {
  for (const value of [NaN, Infinity, 1e39, 1e19]) {
    await load({ points: [[0, 0, 5], [0, value, 5]] }, (scene) => {
      assertEquals(scene.points.count, 1);
      assertStringIncludes(scene.notices!.join(), "1 of 2 points");
      return Promise.resolve();
    });
  }
  await load({ points: [] }, (scene) => {
    assertGreater(scene.points.count, 1000);
    assertStringIncludes(scene.notices!.join(), "The capture has no points");
    return Promise.resolve();
  });
});
