// Devices and their objects: fields, disposal, and concurrent calls.
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import type { Camera } from "../../base/scene.ts";
import { type Device, listDevices, PHASES } from "../../ffi/device.ts";
import { TameError } from "../../ffi/errors.ts";
import { type GaussianField, Gaussians } from "../../ffi/gaussians.ts";
import { meanDist2 } from "../../ffi/knn.ts";
import { openLibrary } from "../../ffi/library.ts";
import { PURPOSES } from "../../ffi/memory.ts";
import { imageLoss, psnr, ssim } from "../../ffi/metrics.ts";
import { rasterize, render, renderImage8 } from "../../ffi/rasterizer.ts";
import { Control, GROUP, StepPlan, Trainer } from "../../ffi/trainer.ts";
import { Views } from "../../ffi/views.ts";
import { deviceTest, testBackend } from "../support/device.ts";

const CAMERA: Camera = {
  width: 20,
  height: 12,
  fx: 20,
  fy: 20,
  cx: 10,
  cy: 6,
  rotation: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  translation: [0, 0, 0],
};

function splats(shDegree = 1) {
  return {
    means: new Float32Array([0, 0, 2, 0.2, 0.1, 3]),
    logScales: new Float32Array(6).fill(-1.5),
    quats: new Float32Array([1, 0, 0, 0, 0.5, 0.5, 0, 0]),
    opacities: new Float32Array([2, 1]),
    sh: Float32Array.from({ length: 6 * (shDegree + 1) ** 2 }, (_, i) => i / 10),
    shDegree,
  };
}

function trainable(
  device: Device,
  steps: number,
): { trainer: Trainer; views: Views; gaussians: Gaussians; plan: StepPlan } {
  const gaussians = Gaussians.fromArrays(device, splats());
  const views = Views.create(device, { count: 1 });
  const { width, height } = CAMERA;
  views.set(0, CAMERA, { width, height, channels: 3, data: new Uint8Array(3 * width * height).fill(90) });
  const plan = new StepPlan(steps);
  for (let iteration = 1; iteration <= steps; iteration++) {
    plan.push({
      iteration,
      view: 0,
      shDegree: 0,
      update: (1 << GROUP.shDc) | (1 << GROUP.opacities),
      learningRates: new Array(6).fill(0.01),
      background: [0, 0, 0],
    });
  }
  return { trainer: Trainer.create(gaussians, views), views, gaussians, plan };
}

deviceTest("openDevice() states what was chosen and why when a backend is requested", (device) => {
  assertEquals(device.backend, testBackend);
  assertStringIncludes(device.reason, device.name);
  assertStringIncludes(device.reason, `backend ${testBackend} was requested`);
  assert(device.info.hasCode && device.info.memoryTotal > 0);
});

deviceTest("listDevices() lists the backend under test when its library exists", async () => {
  const report = (await listDevices()).find(({ backend }) => backend === testBackend)!;
  assertEquals(report.problem, undefined);
  assert(report.devices.length > 0);
});

deviceTest("Device.memory() counts the memory of the device's objects by purpose", (device) => {
  assertEquals(device.memory().live, 0);
  {
    using _gaussians = Gaussians.create(device, { capacity: 100, shDegree: 0 });
    const { live, byPurpose } = device.memory();
    assert(live >= 100 * 14 * 4);
    assertEquals(byPurpose.parameters.live, live);
    assertEquals(Object.keys(byPurpose), [...PURPOSES]);
  }
  assertEquals(device.memory().live, 0);
  assert(device.memory({ resetPeak: true }).peak > 0);
  assertEquals(device.memory().peak, 0);
});

deviceTest("Device.profile() counts passes and their time when it was started", async (device) => {
  const { trainer, views, gaussians, plan } = trainable(device, 3);
  await trainer.run(plan, new Control(3));
  const before = device.profile("start");
  assertEquals([before.passes, before.instances, before.seconds.blend], [0, 0, 0]);
  await trainer.run(plan, new Control(3));
  const { passes, seconds, ...counts } = device.profile("stop");
  assertEquals(passes, 3);
  assertEquals(Object.keys(seconds), [...PHASES]);
  for (const phase of PHASES) assertEquals(seconds[phase] > 0, phase !== "score", phase);
  assertEquals([counts.pixels, counts.gaussians, counts.visible], [3 * 20 * 12, 6, 6]);
  // Two splats of some three and two pixels' sigma reach most of the 2 x 1 tiles.
  assert(counts.instances >= 9 && counts.instances <= 12, `${counts.instances}`);
  assert(counts.blended >= 300 && counts.blended <= 6 * 20 * 12, `${counts.blended}`);
  assert(counts.evaluated >= counts.blended && counts.evaluated <= 256 * counts.instances, `${counts.evaluated}`);
  await trainer.run(plan, new Control(3));
  assertEquals(device.profile("read").passes, 0);
  for (const handle of [trainer, views, gaussians]) handle[Symbol.dispose]();
});

deviceTest("Gaussians.toArrays() returns what fromArrays() was given", (device) => {
  for (const shDegree of [0, 1, 2, 3]) {
    using gaussians = Gaussians.fromArrays(device, splats(shDegree));
    assertEquals(gaussians.toArrays(), splats(shDegree));
  }
});

deviceTest("Gaussians.upload() changes only its rows when it has an offset", (device) => {
  using gaussians = Gaussians.fromArrays(device, splats());
  const widths: [GaussianField, number][] = [["means", 3], ["shDc", 3], ["shRest", 9], ["opacities", 1]];
  for (const [field, width] of widths) {
    const first = gaussians.download(field, { count: 1 });
    gaussians.upload(field, new Float32Array(width).fill(7), 1);
    assertEquals(gaussians.download(field), new Float32Array([...first, ...new Array(width).fill(7)]));
  }
  assertThrows(() => gaussians.upload("means", new Float32Array(4)), TameError, "not whole rows");
  assertThrows(() => gaussians.upload("means", new Float32Array(6), 1), TameError, "past the end");
  assertThrows(() => gaussians.download("means", { offset: 1, count: 2 }), TameError, "count is 2");
});

deviceTest("Gaussians.plyRows() returns the columns of a PLY vertex", (device) => {
  using gaussians = Gaussians.fromArrays(device, splats());
  const { means, sh, opacities, logScales, quats } = splats();
  const second = [...means.slice(3), 0, 0, 0, ...sh.slice(12, 15)];
  for (const channel of [0, 1, 2]) for (const k of [1, 2, 3]) second.push(sh[12 + 3 * k + channel]);
  second.push(opacities[1], ...logScales.slice(3), ...quats.slice(4));
  assertEquals(gaussians.plyRows(1, 1), new Float32Array(second));
});

deviceTest("Gaussians.resize() makes zero rows with the identity quaternion when it grows", (device) => {
  using gaussians = Gaussians.create(device, { capacity: 3, shDegree: 0, count: 1 });
  gaussians.upload("quats", new Float32Array(4).fill(9));
  gaussians.resize(0);
  gaussians.resize(2);
  assertEquals(gaussians.count, 2);
  assertEquals(gaussians.download("quats"), new Float32Array([1, 0, 0, 0, 1, 0, 0, 0]));
  assertEquals(gaussians.download("means"), new Float32Array(6));
  assertThrows(() => gaussians.resize(4), TameError, "count is 4");
});

deviceTest(
  "objects throw a clear error when they are used after disposal, and may be disposed twice",
  async (device) => {
    const { trainer, views, gaussians, plan } = trainable(device, 1);
    using result = rasterize(device, splats(), CAMERA);
    for (const object of [trainer, views, gaussians, result]) {
      object[Symbol.dispose]();
      object[Symbol.dispose]();
    }
    assertThrows(() => gaussians.toArrays(), TameError, "The Gaussians handle is already disposed");
    assertThrows(() => result.radii(), TameError, "rasterization is already disposed");
    assertThrows(() => Trainer.create(gaussians, views), TameError, "disposed");
    await assertRejects(() => render(gaussians, CAMERA), TameError, "disposed");
    await assertRejects(() => trainer.run(plan, new Control(1)), TameError, "trainer is already disposed");
    device[Symbol.dispose]();
    assertThrows(() => device.synchronize(), TameError, "device is already disposed");
  },
);

deviceTest("Gaussians keep working when their device was disposed before them", (device) => {
  using gaussians = Gaussians.fromArrays(device, splats());
  device[Symbol.dispose]();
  assertEquals(gaussians.toArrays(), splats());
});

deviceTest("Gaussians reject changes and a second trainer while a trainer owns them", (device) => {
  const { trainer, views, gaussians } = trainable(device, 1);
  for (
    const act of [
      () => gaussians.resize(1),
      () => gaussians.upload("means", new Float32Array(3)),
      () => Trainer.create(gaussians, views),
    ]
  ) {
    const error = assertThrows(act, TameError, "while a trainer owns");
    assertEquals(error.status, "busy");
  }
  trainer[Symbol.dispose]();
  gaussians.resize(1);
  views[Symbol.dispose]();
  gaussians[Symbol.dispose]();
});

deviceTest("concurrent calls on one device wait for each other", async (device) => {
  const { trainer, views, gaussians, plan } = trainable(device, 400);
  const control = new Control(400);
  const running = trainer.run(plan, control);
  const rendered = render(gaussians, CAMERA); // queued behind the run
  const distances = meanDist2(device, new Float32Array([0, 0, 0, 1, 0, 0]));
  while (control.done === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  gaussians.toArrays(); // blocking, while native code trains
  trainer.statistics();
  assertEquals(await running, "done");
  assertEquals(control.done, 400);
  assertEquals((await rendered).rgb.length, 3 * 20 * 12);
  assertEquals(await distances, new Float32Array([1, 1]));
  for (const object of [trainer, views, gaussians]) object[Symbol.dispose]();
});

deviceTest("a failed call does not stop the calls queued after it", async (device) => {
  const failed = meanDist2(device, new Float32Array([NaN, 0, 0]));
  const next = meanDist2(device, new Float32Array([0, 0, 0, 2, 0, 0]));
  await assertRejects(() => failed, TameError, "points[0]");
  assertEquals(await next, new Float32Array([4, 4]));
});

deviceTest("Trainer.run() resolves to cancelled and reports its losses when it is stopped", async (device) => {
  const { trainer, views, gaussians, plan } = trainable(device, 50_000);
  const control = new Control(plan.length);
  const running = trainer.run(plan, control);
  while (control.done < 3) await new Promise((resolve) => setTimeout(resolve, 0));
  control.stop();
  assertEquals(await running, "cancelled");
  assert(control.done >= 3 && control.done < plan.length);
  assertEquals(control.iteration, control.done);
  assertEquals(control.losses().length, control.done);
  assert(control.losses().every((loss) => loss > 0 && loss < 1));
  control.reset();
  plan.clear();
  assertEquals(await trainer.run(plan, control), "done");
  for (const object of [trainer, views, gaussians]) object[Symbol.dispose]();
});

deviceTest("StepPlan.push() rejects a step when the plan is full or a number is wrong", () => {
  const step = {
    iteration: 1,
    view: 0,
    shDegree: 0,
    update: 0,
    learningRates: new Array(6).fill(0),
    background: [0, 0, 0],
  };
  const plan = new StepPlan(1);
  assertThrows(() => plan.push({ ...step, view: -1 }), TameError, "view is -1");
  assertThrows(() => plan.push({ ...step, learningRates: [1] }), TameError, "learningRates has 1 elements");
  plan.push(step);
  assertThrows(() => plan.push(step), TameError, "plan is full");
  const { bytes, views, rates } = plan.snapshot();
  assertEquals([plan.length, bytes.length, views.length, rates.length], [1, 52, 1, 6]);
});

deviceTest("renderImage8() rounds the result of render()", async (device) => {
  using gaussians = Gaussians.fromArrays(device, splats());
  const background: [number, number, number] = [0.2, 0.4, 1.5];
  const { rgb, alpha } = await render(gaussians, CAMERA, { background });
  const bytes = await renderImage8(gaussians, CAMERA, { background, alpha: true });
  const quantise = (value: number) => Math.trunc(Math.min(255, Math.max(0, 255 * value + 0.5)));
  const expected = Uint8Array.from(
    { length: 4 * alpha!.length },
    (_, i) => quantise(i % 4 === 3 ? alpha![i >> 2] : rgb[3 * (i >> 2) + i % 4]),
  );
  const off = bytes.data.filter((value, i) => Math.abs(value - expected[i]) > 1).length;
  assertEquals([bytes.channels, off], [4, 0]);
  assertEquals((await renderImage8(gaussians, CAMERA)).data.length, rgb.length);
});

deviceTest("psnr(), ssim() and imageLoss() agree with their formulas when images are flat", (device) => {
  const flat = (value: number) => ({ width: 16, height: 16, rgb: new Float32Array(768).fill(value) });
  assert(Math.abs(psnr(device, flat(0.5), flat(0.6)) - 20) < 1e-4);
  const c1 = 0.01 ** 2;
  const expected = (2 * 0.5 * 0.6 + c1) / (0.5 ** 2 + 0.6 ** 2 + c1);
  assert(Math.abs(ssim(device, flat(0.5), flat(0.6), { padding: "valid" }) - expected) < 1e-4);
  const { value, gradient } = imageLoss(device, flat(0.6), flat(0.5), { lambdaDssim: 0 });
  assert(Math.abs(value - 0.1) < 1e-6);
  assert(Math.abs(gradient[100] - 1 / 768) < 1e-9);
  const other = { width: 8, height: 32, rgb: new Float32Array(768) };
  assertThrows(() => psnr(device, flat(0), other), TameError, "differ in size: 16 x 16 and 8 x 32");
});

deviceTest("handles are closed when their owners are garbage-collected", async () => {
  const ffi = new URL("../../ffi/", import.meta.url).href;
  const { path } = await openLibrary(testBackend);
  const script = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(
    script,
    `import { openDevice } from "${ffi}device.ts";
     import { Gaussians } from "${ffi}gaussians.ts";
     const device = await openDevice({ backend: "${testBackend}", library: ${JSON.stringify(path)} });
     (() => { for (let i = 0; i < 10; i++) Gaussians.create(device, { capacity: 100, shDegree: 0 }); })();
     if (device.memory().live === 0) throw new Error("nothing was made");
     for (let i = 0; i < 100 && device.memory().live > 0; i++) {
       (globalThis as unknown as { gc(): void }).gc();
       await new Promise((resolve) => setTimeout(resolve, 10));
     }
     console.log(device.memory().live);`,
  );
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--no-lock", "--v8-flags=--expose-gc", script],
  }).output();
  await Deno.remove(script);
  assertEquals(new TextDecoder().decode(stdout).trim(), "0", new TextDecoder().decode(stderr));
});
