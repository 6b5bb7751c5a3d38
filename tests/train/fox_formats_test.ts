// The fox capture as COLMAP's binary and text files, and as a transforms.json with photos that are distorted again: the
// same cameras, and an equally good result.

import { assert, assertAlmostEquals, assertEquals, assertLessOrEqual } from "@std/assert";
import { join } from "@std/path";
import type { Image8, Scene, View } from "../../base/scene.ts";
import { pointsPly } from "../../export/ply.ts";
import type { Device } from "../../ffi/device.ts";
import { cameraCenter } from "../../load/camera.ts";
import { readColmap } from "../../load/colmap.ts";
import { readImage } from "../../load/images.ts";
import { loadScene } from "../../load/scene.ts";
import { capture } from "../../scripts/captures.ts";
import { raw, withFolder } from "../load/fixtures.ts";
import { writeColmapTexts } from "../load/texts.ts";
import { focalsOf, unproject } from "../reference/lens.ts";
import { deviceTest } from "../support/device.ts";
import { trained } from "../support/train_run.ts";

const fox = capture("fox", "images_4", "sparse");

/** The lens of the fox capture, without its focal lengths. */
const DISTORTION = { k1: 0.0578421, k2: -0.0805099, p1: -0.000980296, p2: 0.00015575 };

/** No densification: the same Gaussians are trained either way. */
const TRAINING = { iterations: 300, budget: 1, densifyUntilIter: 0, testIterations: [300], shDegree: 1 };

/** As -i images_4 -r 2: the reduction removes most of the blur of distorting and undistorting. */
const LOADING = { resolution: 2, eval: true };

async function heldOutPsnr(device: Device, scene: Scene): Promise<number> {
  const { events } = await trained(device, scene, TRAINING);
  const report = events.find((event) => event.type === "evaluate" && event.set === "test");
  assert(report?.type === "evaluate");
  return report.psnr;
}

function assertSamePoses(views: View[], expected: View[]): void {
  assertEquals(views.map(({ name }) => name), expected.map(({ name }) => name));
  for (const [i, { camera }] of views.entries()) {
    const other = expected[i].camera;
    camera.rotation.forEach((value, k) => assertAlmostEquals(value, other.rotation[k], 1e-4));
    camera.translation.forEach((value, k) => assertAlmostEquals(value, other.translation[k], 1e-4));
  }
}

/** For each pixel of the distorted photo, its 16 source pixels in the pinhole photo, and their weights. */
interface Redistortion {
  pixels: Int32Array;
  weights: Float32Array;
}

/** Cubic interpolation (Catmull and Rom 1974) at the oracle's source position of each pixel; edges are repeated. */
function redistortion(params: number[], width: number, height: number): Redistortion {
  const { fx, fy, cx, cy } = focalsOf("OPENCV", params);
  const pixels = new Int32Array(16 * width * height);
  const weights = new Float32Array(16 * width * height);
  const cubic = (t: number) => [
    t * (-1 + t * (2 - t)) / 2,
    (2 + t * t * (3 * t - 5)) / 2,
    t * (1 + t * (4 - 3 * t)) / 2,
    t * t * (t - 1) / 2,
  ];
  const clamped = (value: number, count: number) => Math.min(count - 1, Math.max(0, value));
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [u, v] = unproject("OPENCV", params, [x + 0.5, y + 0.5]);
      const [atX, atY] = [fx * u + cx - 0.5, fy * v + cy - 0.5];
      const [left, top] = [Math.floor(atX), Math.floor(atY)];
      const [across, down] = [cubic(atX - left), cubic(atY - top)];
      for (let tap = 0; tap < 16; tap++, i++) {
        const [dx, dy] = [tap % 4, Math.floor(tap / 4)];
        pixels[i] = clamped(top - 1 + dy, height) * width + clamped(left - 1 + dx, width);
        weights[i] = across[dx] * down[dy];
      }
    }
  }
  return { pixels, weights };
}

function redistorted({ data }: Image8, { pixels, weights }: Redistortion): Uint8ClampedArray {
  const result = new Uint8ClampedArray(data.length);
  for (let i = 0; i < result.length; i++) {
    const first = 16 * Math.floor(i / 3);
    let sum = 0;
    for (let tap = first; tap < first + 16; tap++) sum += weights[tap] * data[3 * pixels[tap] + i % 3];
    result[i] = sum;
  }
  return result;
}

/** Writes the capture as a transforms.json, with its photos distorted by the lens. */
async function writeTransforms(folder: string, scene: Scene): Promise<void> {
  const views = [...scene.train, ...scene.test];
  const { original } = views[0];
  const photo = await readImage(views[0].path);
  const [scaleX, scaleY] = [photo.width / original.width, photo.height / original.height];
  const [fx, fy] = [original.fx * scaleX, original.fy * scaleY];
  const [cx, cy] = [photo.width / 2, photo.height / 2];
  const params = [fx, fy, cx, cy, DISTORTION.k1, DISTORTION.k2, DISTORTION.p1, DISTORTION.p2];
  const places = redistortion(params, photo.width, photo.height);
  await Deno.mkdir(join(folder, "images"));
  for (const view of views) {
    const pixels = raw(new Uint8Array(redistorted(await readImage(view.path), places)), photo.width, photo.height);
    await Deno.writeFile(
      join(folder, "images", `${view.name}.png`),
      await pixels.png({ compressionLevel: 1 }).toBuffer(),
    );
  }
  const frames = views.map(({ name, camera }) => {
    const [r00, r01, r02, r10, r11, r12, r20, r21, r22] = camera.rotation;
    const [x, y, z] = cameraCenter(camera);
    const transform_matrix = [[r00, -r10, -r20, x], [r01, -r11, -r21, y], [r02, -r12, -r22, z], [0, 0, 0, 1]];
    return { file_path: `images/${name}`, transform_matrix };
  });
  await Deno.writeFile(join(folder, "points.ply"), pointsPly(scene.points));
  const file = { fl_x: fx, fl_y: fy, cx, cy, w: photo.width, h: photo.height, ...DISTORTION };
  await Deno.writeTextFile(
    join(folder, "transforms.json"),
    JSON.stringify({ ...file, ply_file_path: "points.ply", frames }),
  );
}

if (fox !== undefined) {
  deviceTest("train() gives equal results from fox's text, transforms.json and binary files", async (device) => {
    await withFolder(async (folder) => {
      const binary = await loadScene(fox, { ...LOADING, images: "images_4" });

      await writeColmapTexts(join(folder, "text", "sparse", "0"), await readColmap(`${fox}/sparse/0`));
      await Deno.symlink(`${fox}/images_4`, join(folder, "text", "images"));
      const text = await loadScene(join(folder, "text"), LOADING);
      // The same numbers, so the same training.
      assertEquals([text.points, text.extent], [binary.points, binary.extent]);
      for (const set of ["train", "test"] as const) {
        assertEquals(text[set].map(({ camera }) => camera), binary[set].map(({ camera }) => camera));
      }

      await Deno.mkdir(join(folder, "json"));
      await writeTransforms(join(folder, "json"), binary);
      const json = await loadScene(join(folder, "json"), LOADING);
      assertSamePoses(json.train, binary.train);
      assertSamePoses(json.test, binary.test);
      assertEquals(json.notices?.length, 1);
      assert(json.notices![0].startsWith("50 photos are undistorted and cropped"), json.notices![0]);
      assertEquals(json.points, binary.points);
      assertAlmostEquals(json.extent, binary.extent, 1e-9);
      const [{ pinhole }] = json.train.map(({ lens }) => lens!);
      assertAlmostEquals(pinhole.fx, 265 * 1375.6 / 1061, 1e-3);
      assert(pinhole.width >= 259 && pinhole.height >= 463, `${pinhole.width} x ${pinhole.height}`);

      const [expected, found] = [await heldOutPsnr(device, binary), await heldOutPsnr(device, json)];
      assert(expected > 20, `${expected} dB`);
      assertLessOrEqual(Math.abs(found - expected), 0.3, `${found} dB by transforms.json, ${expected} dB by COLMAP`);
    });
  });

  deviceTest(
    "loadScene() reads fox's own transforms.json, whose cameras are COLMAP's but for a similarity",
    async () => {
      await withFolder(async (folder) => {
        await Deno.copyFile(`${fox}/transforms.json`, join(folder, "transforms.json"));
        await Deno.mkdir(join(folder, "images"));
        const colmap = (await loadScene(fox, { images: "images_4" })).train;
        const grey = await raw(new Uint8Array(3 * 135 * 240).fill(99), 135, 240).png().toBuffer();
        for (const { name } of colmap) await Deno.writeFile(join(folder, "images", `${name}.jpg`), grey);
        const { train, notices } = await loadScene(folder);
        assertEquals(notices![0], "17 of 67 photos are missing and left out, the first is images/0005.jpg");
        assertEquals(train.map(({ name }) => name), colmap.map(({ name }) => name));
        const distance = (views: View[], i: number, j: number) => {
          const [a, b] = [i, j].map((k) => cameraCenter(views[k].camera));
          return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
        };
        // Distances between camera centres have one ratio.
        for (let i = 0; i < 40; i++) {
          assertAlmostEquals(distance(colmap, i, i + 10) / distance(train, i, i + 10), 1 / 0.863, 0.02);
        }
      });
    },
  );
}
