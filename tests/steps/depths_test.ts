// The loss of depths at single pixels: its value and its gradient against the oracle and central differences in
// float64, the pixels that count, and the same bits however a step runs.
import { assert, assertAlmostEquals, assertEquals, assertLessOrEqual } from "@std/assert";
import { randomWords } from "../../base/random.ts";
import type { Camera } from "../../base/scene.ts";
import { ABI } from "../../ffi/abi.ts";
import type { Device } from "../../ffi/device.ts";
import { Gaussians, type SplatArrays } from "../../ffi/gaussians.ts";
import { Control, type Step, StepPlan, Trainer } from "../../ffi/trainer.ts";
import { photoOf, threeViews } from "../densify/world.ts";
import { makeViews, type Photo } from "../gpu/training.ts";
import type { Splats } from "../reference/projection.ts";
import { Random } from "../reference/random.ts";
import { rasterizeReference } from "../reference/rasterizer.ts";
import { benignScene } from "../reference/scenes.ts";
import { TILE } from "../reference/tiles.ts";
import { deviceTest, testDevice } from "../support/device.ts";
import { type Run, type State, stateAfter, stepOf } from "./world.ts";

const DEPTH_WEIGHT = 40;
/** Columns of the first moments, which with beta1 = 0 are the gradients, and the parameters of each. */
const GRADIENTS = [["means", "means"], ["log_scales", "logScales"], ["quats", "quats"], [
  "opacities",
  "opacities",
]] as const;

/** A few large Gaussians, some of them in front of others, and a photo of 4 x 3 tiles. */
function scene({ antialiasing = false } = {}): { splats: SplatArrays; camera: Camera; photo: Photo } {
  const size = { width: 61, height: 45 };
  const options = { seed: 12, count: 14, shDegree: 0, ...size, opacities: [0.4, 0.95] as [number, number] };
  const { splats, camera } = benignScene({ ...options, sigmas: [3, 16] });
  const seen = antialiasing ? { ...camera, antialiasing } : camera;
  return { splats, camera: seen, photo: { camera: seen, image: photoOf(size.width, size.height, 5) } };
}

/** Depths near those of the render at every other pixel, which has them or is too transparent. */
function depthsNear(splats: SplatArrays, camera: Camera, change = 0.3): Float32Array<ArrayBuffer> {
  const { alpha, depth, excluded } = rasterizeReference(splats, camera);
  const random = new Random(8);
  const points: number[] = [];
  for (let y = 0; y < camera.height; y++) {
    for (let x = y % 2; x < camera.width; x += 2) {
      const pixel = y * camera.width + x;
      if (excluded[pixel] !== 0 || Math.abs(alpha[pixel] - 0.5) < 1e-3) continue;
      const target = depth[pixel] > 0 ? depth[pixel] * (1 + change * random.uniform(-1, 1)) : 3;
      points.push(x + random.uniform(0, 0.99), y + random.uniform(0, 0.99), target, random.uniform(0.1, 1));
    }
  }
  return new Float32Array(points);
}

/** The points that a step uses: one of each tile, with their number there as a factor of the weight. */
function drawn(points: Float32Array, { width }: Camera, iteration = 1, seed = 0): Float32Array {
  const tilesAcross = Math.ceil(width / TILE);
  const tiles = new Map<number, { place: number; point: number[] }[]>();
  for (let k = 0; k < points.length; k += 4) {
    const point = [...points.subarray(k, k + 4)];
    const [x, y] = point.map(Math.floor);
    const tile = Math.floor(y / TILE) * tilesAcross + Math.floor(x / TILE);
    tiles.set(tile, [...tiles.get(tile) ?? [], { place: (y % TILE) * TILE + x % TILE, point }]);
  }
  return new Float32Array([...tiles].flatMap(([tile, found]) => {
    const [word] = randomWords({ seed, stream: ABI.STREAM_DEPTHS, iteration, index: tile });
    const { point: [x, y, z, weight] } = found.sort((a, b) =>
      a.place - b.place
    )[Math.floor(word / 2 ** 32 * found.length)];
    return [x, y, z, weight * found.length];
  }));
}

function weightOf(points: Float32Array): number {
  return points.reduce((sum, value, i) => i % 4 === 3 ? sum + value : sum, 0);
}

/** The loss of some of the depths, whose weights add up to `total`, in float64. */
function depthLoss(
  splats: Splats,
  camera: Camera,
  { points, total }: { points: Float32Array; total: number },
): { loss: number; counted: number } {
  const { alpha, depth } = rasterizeReference(splats, camera);
  let loss = 0, counted = 0;
  for (let k = 0; k < points.length; k += 4) {
    const [x, y, target, weight] = points.subarray(k, k + 4);
    const pixel = Math.floor(y) * camera.width + Math.floor(x);
    if (alpha[pixel] < 0.5) continue;
    loss += weight * Math.abs(1 / depth[pixel] - 1 / target);
    counted++;
  }
  return { loss: loss / total, counted };
}

async function lossOf(device: Device, { splats, photos, ...options }: Run, step: Partial<Step>): Promise<number> {
  using gaussians = Gaussians.fromArrays(device, splats);
  using views = makeViews(device, photos);
  using trainer = Trainer.create(gaussians, views, options);
  const plan = new StepPlan(1, options.viewsPerStep);
  plan.push(stepOf(step));
  const control = new Control(1);
  await trainer.run(plan, control);
  return control.losses()[0];
}

for (const antialiasing of [false, true]) {
  const how = antialiasing ? ", anti-aliased" : "";
  deviceTest(
    `Trainer.run() adds the loss of depths, with the gradient of central differences${how}`,
    async (device) => {
      const { splats, camera, photo } = scene({ antialiasing });
      const depths = depthsNear(splats, camera);
      const run = { splats, photos: [{ ...photo, depths }], beta1: 0 };
      const used = { points: drawn(depths, camera), total: weightOf(depths) };
      const { loss, counted } = depthLoss(splats, camera, used);
      assert(counted >= 6 && counted < used.points.length / 4, `${counted} of ${used.points.length / 4} count`);
      for (const update of [63, 0]) {
        const added = await lossOf(device, run, { depthWeight: DEPTH_WEIGHT, update }) -
          await lossOf(device, run, { update });
        assertAlmostEquals(added, DEPTH_WEIGHT * loss, 1e-4 * DEPTH_WEIGHT * loss);
      }

      const [plain, state] = [
        await stateAfter(device, run, [{}]),
        await stateAfter(device, run, [{
          depthWeight: DEPTH_WEIGHT,
        }]),
      ];
      // Anti-aliasing changes the way to covariances and opacities only.
      for (const [column, field] of antialiasing ? GRADIENTS.slice(2) : GRADIENTS) {
        const added = state[`${column}_m`].map((value, i) => value - plain[`${column}_m`][i]);
        const expected = Float64Array.from(
          splats[field],
          (value, i) => DEPTH_WEIGHT * difference(value, (x) => depthLoss(replaced(splats, field, i, x), camera, used)),
        );
        const largest = Math.max(...expected.map(Math.abs));
        assert(largest > 1e-3, `${field}: ${largest}`);
        for (const [i, value] of expected.entries()) {
          assertLessOrEqual(Math.abs(added[i] - value), 2e-3 * largest, `${field}[${i}] has ${added[i]}, not ${value}`);
        }
      }
      assertEquals(state.sh_dc_m, plain.sh_dc_m);
    },
  );
}

/** The derivative of a loss by central differences. */
function difference(value: number, lossAt: (x: number) => { loss: number }): number {
  const step = 1e-6;
  return (lossAt(value + step).loss - lossAt(value - step).loss) / (2 * step);
}

/** The Gaussians with one number replaced, in float64. */
function replaced(splats: SplatArrays, field: typeof GRADIENTS[number][1], index: number, value: number): Splats {
  const changed = Float64Array.from(splats[field]);
  changed[index] = value;
  return { ...splats, [field]: changed };
}

deviceTest("Trainer.run() uses another depth of a tile in other iterations, all with the same mean", async (device) => {
  const { splats, camera, photo } = scene();
  const depths = depthsNear(splats, camera);
  const run = { splats, photos: [{ ...photo, depths }] };
  const all = depthLoss(splats, camera, { points: depths, total: weightOf(depths) }).loss;
  const plain = await lossOf(device, run, {});
  const losses: number[] = [];
  for (let iteration = 1; iteration <= 200; iteration++) {
    losses.push(await lossOf(device, run, { depthWeight: 1, update: 0, iteration }) - plain);
  }
  assert(new Set(losses).size > 150);
  const mean = losses.reduce((sum, loss) => sum + loss) / losses.length;
  const deviation = Math.sqrt(losses.reduce((sum, loss) => sum + (loss - mean) ** 2, 0) / losses.length);
  assertLessOrEqual(Math.abs(mean - all), 4 * deviation / Math.sqrt(losses.length), `${mean} instead of ${all}`);
});

deviceTest("Trainer.run() adds no loss where the render has the depths, or views have none", async (device) => {
  const { splats, camera, photo } = scene();
  const depths = depthsNear(splats, camera, 0);
  const added = await addedLoss(device, splats, { ...photo, depths });
  assertLessOrEqual(Math.abs(added), 1e-5);
  for (const none of [undefined, new Float32Array(), depths.map((value, i) => i % 4 === 3 ? 0 : value)]) {
    const run = { splats, photos: [{ ...photo, depths: none }] };
    const step = { depthWeight: DEPTH_WEIGHT };
    assertEquals(await stateAfter(device, run, [step]), await stateAfter(device, run, [{}]));
    assertEquals(await lossOf(device, run, step), await lossOf(device, run, {}));
  }
});

deviceTest("Views.setDepths() replaces what was set, and keeps the nearest depth of a pixel", async (device) => {
  const { splats, camera, photo } = scene();
  const { alpha, depth } = rasterizeReference(splats, camera);
  const pixel = alpha.findIndex((value) => value > 0.8);
  const [x, y] = [pixel % camera.width, Math.floor(pixel / camera.width)];
  const z = depth[pixel];
  const points = new Float32Array([x + 0.9, y, 2 * z, 5, x, y + 0.2, 0.8 * z, 1, x + 0.5, y + 0.5, 0.9 * z, 3]);
  const expected = DEPTH_WEIGHT * (1 / 0.8 - 1) / z;
  assertAlmostEquals(await addedLoss(device, splats, { ...photo, depths: points }), expected, 1e-4 * expected);
  using gaussians = Gaussians.fromArrays(device, splats);
  using views = makeViews(device, [{ ...photo, depths: depthsNear(splats, camera) }]);
  views.setDepths(0, camera, points);
  views.set(0, camera, photo.image);
  using trainer = Trainer.create(gaussians, views);
  const plan = new StepPlan(1);
  plan.push(stepOf({ depthWeight: DEPTH_WEIGHT }));
  const control = new Control(1);
  await trainer.run(plan, control);
  const plain = await lossOf(device, { splats, photos: [photo] }, {});
  assertAlmostEquals(control.losses()[0] - plain, expected, 1e-4 * expected);
});

async function addedLoss(device: Device, splats: SplatArrays, photo: Photo): Promise<number> {
  const run = { splats, photos: [photo] };
  return await lossOf(device, run, { depthWeight: DEPTH_WEIGHT }) - await lossOf(device, run, {});
}

deviceTest("Trainer.run() gives the same bits with depths for any threads, and stored gradients", async (device) => {
  const { splats, photos } = threeViews(3);
  const withDepths = photos.map((photo) => ({ ...photo, depths: depthsNear(splats, photo.camera) }));
  const list = [0, 1, 2, 0].map((view) => ({ view, depthWeight: 0.5, shDegree: 2 }));
  const run = { splats, photos: withDepths };
  const state = await stateAfter(device, run, list);
  assertEquals(await stateAfter(device, { ...run, unfused: true }, list), state);
  for (const threads of [1, 3]) {
    using other = await testDevice({ threads });
    assertEquals(await stateAfter(other, run, list), state);
  }
});

deviceTest("Trainer.run() averages the gradients of depths over the views of a step", async (device) => {
  const { splats, photos } = threeViews(3);
  const withDepths = photos.map((photo) => ({ ...photo, depths: depthsNear(splats, photo.camera) }));
  const run = { splats, photos: withDepths, beta1: 0 };
  const both = await stateAfter(device, { ...run, viewsPerStep: 2 }, [{ view: [0, 2], depthWeight: DEPTH_WEIGHT }]);
  const each: State[] = [];
  for (const view of [0, 2]) each.push(await stateAfter(device, run, [{ view, depthWeight: DEPTH_WEIGHT }]));
  for (const [column] of GRADIENTS) {
    const name = `${column}_m`;
    both[name].forEach((value, i) => {
      const mean = (each[0][name][i] + each[1][name][i]) / 2;
      assertAlmostEquals(value, mean, 1e-5 * Math.abs(mean) + 1e-7, `${name}[${i}]`);
    });
  }
});
