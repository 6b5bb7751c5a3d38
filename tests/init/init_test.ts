// First Gaussians: their values, the memory ladder of the nearest-neighbour search, and Gaussians from a PLY.
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { CAPTURE_FRAME, type Frame, pointsInFrame } from "../../base/frame.ts";
import type { PointCloud } from "../../base/scene.ts";
import { savePly } from "../../export/splats.ts";
import { Gaussians, type SplatArrays } from "../../ffi/gaussians.ts";
import { initGaussians, loadPly } from "../../init/gaussians.ts";
import { knnMeanDist2 } from "../../init/knn.ts";
import { readSplats } from "../../load/splats.ts";
import { deviceTest } from "../support/device.ts";

/** The corners of the unit square twice over: every point has a twin, two neighbours at 1 and one at sqrt(2). */
function twinSquare(): PointCloud {
  const corners = [0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 1, 0];
  return {
    count: 8,
    positions: new Float32Array([...corners, ...corners]),
    colors: Uint8Array.from({ length: 24 }, (_, i) => [0, 128, 255][i % 3]),
  };
}

deviceTest("initGaussians() makes round, faint Gaussians of the points' colours and spacing", async (device) => {
  using gaussians = await initGaussians(device, twinSquare(), { shDegree: 2, capacity: 10 });
  assertEquals([gaussians.count, gaussians.capacity, gaussians.shDegree], [8, 10, 2]);
  const { means, logScales, quats, opacities, sh } = gaussians.toArrays();
  assertEquals(means, twinSquare().positions);
  for (const opacity of opacities) assertAlmostEquals(opacity, -2.1972246, 1e-6);
  // Nearest three: the twin at 0, then two at squared distance 1 (of four such).
  for (const scale of logScales) assertAlmostEquals(scale, Math.log(Math.sqrt(2 / 3)), 1e-6);
  assertEquals([...quats.slice(0, 8)], [1, 0, 0, 0, 1, 0, 0, 0]);
  const [red, green, blue, ...rest] = sh.slice(0, 27);
  assertAlmostEquals(0.5 + 0.28209479 * red, 0, 1e-6);
  assertAlmostEquals(0.5 + 0.28209479 * green, 128 / 255, 1e-6);
  assertAlmostEquals(0.5 + 0.28209479 * blue, 1, 1e-6);
  assertEquals(rest, new Array(24).fill(0));
});

deviceTest("initGaussians() makes Gaussians of a given opacity and relative scale", async (device) => {
  using gaussians = await initGaussians(device, twinSquare(), { opacity: 0.5, scale: 0.1 });
  const { logScales, opacities } = gaussians.toArrays();
  for (const opacity of opacities) assertEquals(opacity, 0);
  for (const scale of logScales) assertAlmostEquals(scale, Math.log(0.1 * Math.sqrt(2 / 3)), 1e-6);
});

deviceTest(
  "initGaussians() makes the points of a shell as large as their spacing, and does not count them as near",
  async (device) => {
    const { count, positions, colors } = twinSquare();
    const far = { count: count + 2, positions: Float32Array.from([...positions, 2, 2, 0, 3, 2, 0]) };
    const points = { ...far, colors: Uint8Array.from([...colors, 0, 0, 0, 0, 0, 0]), shell: { count: 2, spacing: 7 } };
    using gaussians = await initGaussians(device, points, { scale: 0.5 });
    const { logScales } = gaussians.toArrays();
    for (const scale of logScales.subarray(24)) assertAlmostEquals(scale, Math.log(3.5), 1e-6);
    for (const scale of logScales.subarray(0, 24)) assertAlmostEquals(scale, Math.log(0.5 * Math.sqrt(2 / 3)), 1e-6);
  },
);

deviceTest("initGaussians() throws when opacity or scale is out of range", async (device) => {
  for (const opacity of [0, 1, NaN, -1]) {
    await assertRejects(() => initGaussians(device, twinSquare(), { opacity }), RangeError, `of opacity ${opacity}`);
  }
  for (const scale of [0, Infinity, NaN, -1]) {
    await assertRejects(() => initGaussians(device, twinSquare(), { scale }), RangeError, `of scale ${scale}`);
  }
});

deviceTest("initGaussians() keeps sizes finite when all points coincide, and when there is one", async (device) => {
  for (const count of [1, 5]) {
    const points = { count, positions: new Float32Array(3 * count), colors: new Uint8Array(3 * count) };
    using gaussians = await initGaussians(device, points);
    for (const scale of gaussians.download("logScales")) assertAlmostEquals(scale, Math.log(Math.sqrt(1e-7)), 1e-5);
  }
});

deviceTest("initGaussians() throws when there are no points", async (device) => {
  const none = { count: 0, positions: new Float32Array(), colors: new Uint8Array() };
  await assertRejects(() => initGaussians(device, none), RangeError, "no points");
});

deviceTest("knnMeanDist2() goes down the ladder and says so when memory does not suffice", async (device) => {
  const count = 120_000; // a grid of spacing 1
  const points = new Float32Array(3 * count);
  for (let i = 0; i < count; i++) points.set([i % 40, Math.floor(i / 40) % 50, Math.floor(i / 2000)], 3 * i);
  const all = await knnMeanDist2(device, points);
  assert(all.every((distance) => distance === 1));

  const messages: string[] = [];
  const onFallback = (message: string): void => void messages.push(message);
  const batched = await knnMeanDist2(device, points, { byteLimit: 16 * count, onFallback });
  assert(batched.every((distance, i) => distance === all[i]));
  assertEquals(messages.splice(0).map((message) => message.includes("batches of 50000")), [true]);

  const fixed = await knnMeanDist2(device, points, { byteLimit: 1, onFallback });
  assertEquals(messages.length, 2);
  assertStringIncludes(messages[0], "batches of 50000");
  assertStringIncludes(messages[1], "bounding box");
  // The box's diagonal is (39, 49, 59); the cube of that diagonal holds 120 000 points at a spacing near 1.
  assertAlmostEquals(Math.sqrt(fixed[0]), Math.hypot(39, 49, 59) / Math.sqrt(3) / Math.cbrt(count), 1e-5);
  assert(fixed.every((distance) => distance === fixed[0]));
});

/** Three Gaussians. */
function threeSplats(): SplatArrays {
  const fill = (width: number): Float32Array => Float32Array.from({ length: 3 * width }, (_, i) => i / 7 - 1);
  return { means: fill(3), logScales: fill(3), quats: fill(4), opacities: fill(1), sh: fill(27), shDegree: 2 };
}

deviceTest("loadPly() reads the Gaussians that savePly() wrote", async (device) => {
  const arrays = threeSplats();
  using gaussians = Gaussians.fromArrays(device, arrays);
  const folder = await Deno.makeTempDir();
  try {
    await savePly(gaussians, `${folder}/a.ply`);
    using same = await loadPly(device, new URL(`file://${folder}/a.ply`));
    assertEquals(same.toArrays(), arrays);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

deviceTest(
  "savePly() and loadPly() keep a frame, and convert to another without losing what float32 holds",
  async (device) => {
    const frame: Frame = { origin: [500_120, 4_649_776, -8], scale: 0.25 };
    const arrays = threeSplats();
    using gaussians = Gaussians.fromArrays(device, arrays);
    assertEquals(gaussians.frame, CAPTURE_FRAME);
    gaussians.frame = frame;
    const folder = await Deno.makeTempDir();
    try {
      const path = `${folder}/a.ply`;
      const header = async () => new TextDecoder("latin1").decode(await Deno.readFile(path)).split("end_header")[0];
      await savePly(gaussians, path);
      assertStringIncludes(await header(), "comment CaptureFrame: origin 500120 4649776 -8 scale 0.25\n");
      using same = await loadPly(device, path);
      assertEquals([same.frame, same.toArrays()], [frame, arrays]);

      // In the capture's coordinates they are doubles, and come back as they were but for the last bit.
      await savePly(gaussians, path, { frame: CAPTURE_FRAME });
      const text = await header();
      assertEquals([text.includes("CaptureFrame"), text.match(/double [xyz]\n/g)?.length], [false, 3]);
      const { means, logScales, quats, sh } = await readSplats(path);
      assertEquals(means, Float64Array.from(arrays.means, (x, i) => frame.origin[i % 3] + x / 4));
      assertEquals(logScales, arrays.logScales.map((value) => value + Math.log(0.25)));
      assertEquals([quats, sh], [arrays.quats, arrays.sh]);
      using back = await loadPly(device, path, { frame });
      assertEquals(back.frame, frame);
      const { means: again, logScales: sizes } = back.toArrays();
      again.forEach((x, i) => assertAlmostEquals(x, arrays.means[i], 1e-8));
      sizes.forEach((x, i) => assertAlmostEquals(x, arrays.logScales[i], 1e-6));
      using own = await loadPly(device, path);
      assertNotEquals(own.frame.origin, CAPTURE_FRAME.origin, "float32 could not hold them");
      pointsInFrame(own.toArrays().means, { from: own.frame }).forEach((x, i) => assertAlmostEquals(x, means[i], 1e-6));

      // Another scale alone needs no doubles.
      await savePly(gaussians, path, { frame: { ...frame, scale: 1 } });
      assertEquals((await header()).includes("double"), false);
      using scaled = await loadPly(device, path);
      assertEquals(scaled.toArrays().means, arrays.means.map((x) => x / 4));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

deviceTest("initGaussians() gives the Gaussians the frame of their points", async (device) => {
  const frame: Frame = { origin: [5e6, 0, 0], scale: 2 };
  using gaussians = await initGaussians(device, twinSquare(), { frame });
  assertEquals(gaussians.frame, frame);
});
