// A program that calls every function of the native library at least once on tiny inputs, so that a memory checker
// covers all of it in a short run. Checks no results. Argument: the backend, cuda by default.

import { type Device, listDevices, openDevice } from "../../ffi/device.ts";
import { TameError } from "../../ffi/errors.ts";
import { Gaussians } from "../../ffi/gaussians.ts";
import { meanDist2 } from "../../ffi/knn.ts";
import { lpips } from "../../ffi/lpips.ts";
import { imageLoss, psnr, ssim } from "../../ffi/metrics.ts";
import { rasterize, render, renderImage8 } from "../../ffi/rasterizer.ts";
import { Control, SCORE, STEP, type Step, Trainer } from "../../ffi/trainer.ts";
import type { Residency } from "../../ffi/views.ts";
import { grow } from "../../train/strategies/grow.ts";
import { prune } from "../../train/strategies/prune.ts";
import { imagePair, randomLpips } from "../support/lpips.ts";
import { makeViews, planOf, trainingProblem } from "./training.ts";

const backend = Deno.args[0] === "cpu" ? "cpu" : "cuda";
// Set before the library reads it: the first steps overflow and are repeated.
Deno.env.set("TAME_INSTANCE_CAPACITY", "64");
await listDevices();
using device = await openDevice({ backend, memoryLimit: 256 * 2 ** 20 });
const { splats, photos } = trainingProblem(80);
const { camera } = photos[0];

await searchNeighbours(device);
drawAndDifferentiate(device);
compareImages(device);
await comparePerceptually(device);
for (const residency of ["device", "pinned", "host"] as const) {
  await trainWith(residency);
  await trainOnSeveralViews(residency);
}
await passTheLimit(device);
device.synchronize();
const { peak } = device.memory({ resetPeak: true });
console.log(`${device.name}: every function was called, ${(peak / 2 ** 20).toFixed(1)} MiB at most`);

async function searchNeighbours(device: Device): Promise<void> {
  const points = Float32Array.from({ length: 3 * 1100 }, (_, i) => Math.sin(i * i));
  await meanDist2(device, points);
  await meanDist2(device, points, { neighbours: 16, batch: 300 });
  await meanDist2(device, points.subarray(0, 6));
}

function drawAndDifferentiate(device: Device): void {
  using drawn = rasterize(device, splats, camera, { background: [0.1, 0.2, 0.3] });
  drawn.radii();
  drawn.backward(drawn.image);
  drawn.backward(drawn.image, drawn.alpha);
}

function compareImages(device: Device): void {
  const { width, height } = camera;
  const [a, b] = [1, 2].map((k) => ({
    width,
    height,
    rgb: Float32Array.from({ length: 3 * width * height }, (_, i) => 0.5 + 0.5 * Math.sin(k * i)),
  }));
  psnr(device, a, b);
  ssim(device, a, b);
  ssim(device, a, b, { padding: "valid" });
  imageLoss(device, a, b);
}

async function comparePerceptually(device: Device): Promise<void> {
  using network = randomLpips(device, "alex");
  // The smallest size that the network accepts: under a memory checker its convolutions are slow.
  const [a, b] = imagePair(33, 31);
  await lpips(device, a, b, network);
}

async function trainWith(residency: Residency): Promise<void> {
  using gaussians = Gaussians.create(device, { capacity: 200, shDegree: splats.shDegree, count: 40 });
  gaussians.resize(80);
  for (const field of ["means", "logScales", "quats", "opacities", "sh"] as const) {
    gaussians.upload(field, splats[field]);
  }
  using views = makeViews(device, photos, residency);
  views.set(0, photos[0].camera, photos[0].image);
  using trainer = Trainer.create(gaussians, views, { shAccumulation: true });
  const flags = [
    STEP.visible | STEP.noBias,
    STEP.statistics,
    STEP.shAccumulate,
    STEP.statistics | STEP.shAccumulate | STEP.shApply,
  ];
  const plan = planOf(6, {
    views: photos.length,
    alter: (step) => ({
      ...step,
      shDegree: 2,
      flags: flags[step.iteration % 4],
      update: step.iteration === 5 ? 0 : step.iteration === 6 ? 5 : 63,
    }),
  });
  const control = new Control(6);
  await trainer.run(plan, control);
  await trainer.resetOpacity(0.1);
  trainer.statistics();
  await densifyWith(trainer);
  await chooseAndEdit(trainer);
  await exportAndImport(trainer);
  control.reset();
  control.stop();
  await trainer.run(plan, control);
  // While a trainer uses the Gaussians.
  await render(gaussians, camera);
  await renderImage8(gaussians, camera);
  await renderImage8(gaussians, camera, { alpha: true });
  gaussians.toArrays();
  gaussians.plyRows(3, 50);
}

async function trainOnSeveralViews(residency: Residency): Promise<void> {
  using gaussians = Gaussians.fromArrays(device, splats);
  using views = makeViews(device, photos, residency);
  const state = { shAccumulation: true, fragments: true, rowSteps: true, transform: "gains" } as const;
  using trainer = Trainer.create(gaussians, views, { ...state, viewsPerStep: 4 });
  const flags = STEP.statistics | STEP.fragments | STEP.transform | STEP.rowBias | STEP.shAccumulate;
  const alter = (step: Step) => ({ ...step, flags, shDegree: 2, transformRate: 0.01, noise: 1, scalePressure: 0.01 });
  await trainer.run(planOf(3, { views: photos.length, viewsPerStep: 4, alter }), new Control(3));
}

async function densifyWith(trainer: Trainer): Promise<void> {
  const weights = Object.values(SCORE).map(() => 1);
  await trainer.score([1, 0, 1], weights, { shDegree: 2, background: [0.1, 0.2, 0.3] });
  trainer.scores();
  const growth = { iteration: 1, gradientThreshold: 1e-6, sizeThreshold: 0.05, fill: true };
  for (const round of [0, 1]) await grow(trainer, { ...growth, round, target: 200 });
  await prune(trainer, { iteration: 1, target: 150, minOpacity: 0.3, maxScale: 1, share: 0.5 });
  trainer.resetStatistics();
  await trainer.score([2], weights, { shDegree: 0, background: [0, 0, 0] });
}

async function chooseAndEdit({ columns }: Trainer): Promise<void> {
  await columns.compute("used_opacity", "max(used_opacity / 2, 1 / 128)", { rows: "means.0 > 0" });
  await columns.draw("copies", "used_opacity", { count: 20, replacement: true, stream: 40, iteration: 1 });
  await columns.editRows("copies > 0", [{ operation: "keep" }, { operation: "copy", share: "volume" }], {
    copies: "min(copies, 2)",
    iteration: 1,
  });
  await columns.rank("row", "0");
  await columns.editRows("choose(row < 8, 1, choose(row < 10, 2, choose(row < 20, 3 + (row > 15), 0)))", [
    { operation: "keep" },
    { operation: "relocate" },
    { operation: "giveCopies", share: "opacity" },
    { operation: "addChild", place: "longAxis", offset: 0.5, logScale: -1, share: 0.6 },
    { operation: "split", place: "random", clearMoments: true },
  ], { copies: "4", iteration: 2, childrenLast: true });
  await columns.select("last", "-row", { count: 10 });
  await columns.editRows("last", [{ operation: "keep" }, { operation: "remove" }], { iteration: 3 });
  await columns.clearMoments(63, "row < 10");
  await columns.evaluate("opacities");
  columns.drop();
}

async function exportAndImport({ state }: Trainer): Promise<void> {
  const chunks = await Array.fromAsync(state.export());
  state.restore(state.progress);
  for (const chunk of chunks) await state.import(chunk);
}

async function passTheLimit(device: Device): Promise<void> {
  using gaussians = Gaussians.fromArrays(device, splats);
  try {
    await render(gaussians, { ...camera, width: 16_000, height: 9000 });
  } catch (error) {
    if (!(error instanceof TameError) || error.status !== "out of memory") throw error;
    await render(gaussians, camera);
    return;
  }
  throw new Error("The memory limit was exceeded");
}
