// Memory of the GPU: later steps allocate nothing, and a call that exceeds the limit gives an error and leaves the
// handle usable.
import { assert, assertEquals, assertGreater, assertLess, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { TameError } from "../../ffi/errors.ts";
import { Gaussians } from "../../ffi/gaussians.ts";
import { meanDist2 } from "../../ffi/knn.ts";
import { rasterize, render } from "../../ffi/rasterizer.ts";
import { Control, Trainer } from "../../ffi/trainer.ts";
import { Views } from "../../ffi/views.ts";
import { Random } from "../reference/random.ts";
import { benignScene } from "../reference/scenes.ts";
import { gpuTest, openGpu, pairMissing, selfTest } from "./devices.ts";
import { makeViews, planOf, runProblem, trainingProblem } from "./training.ts";

const MIB = 2 ** 20;

for (const residency of ["device", "pinned"] as const) {
  gpuTest(`Trainer.run() allocates nothing after it has used every view, photos ${residency}`, async (gpu) => {
    const { splats, photos } = trainingProblem();
    using gaussians = Gaussians.fromArrays(gpu, splats);
    using views = makeViews(gpu, photos, residency);
    using trainer = Trainer.create(gaussians, views, { shAccumulation: true });
    const plan = planOf(50, { views: photos.length });
    await trainer.run(plan, new Control(50));
    const before = gpu.memory({ resetPeak: true });
    await trainer.run(plan, new Control(50));
    const after = gpu.memory();
    assertEquals(after.live, before.live);
    assertEquals(after.peak, before.live);
  });
}

gpuTest("Device.memory() returns to its initial value when everything on the device is disposed", async (gpu) => {
  const problem = trainingProblem();
  await runProblem(gpu, problem, { steps: 8, residency: "pinned" });
  const { byPurpose } = gpu.memory();
  for (const purpose of ["parameters", "optimizer", "statistics", "photos"]) {
    assertEquals(byPurpose[purpose].live, 0, purpose);
    assertGreater(byPurpose[purpose].peak, 0, purpose);
  }
});

gpuTest("Device.memory() counts photos in host memory, outside the limit", (gpu) => {
  const { photos } = trainingProblem();
  const bytes = selfTest ? 0 : photos.reduce((sum, { image: { data } }) => sum + data.length, 0);
  for (const residency of ["device", "pinned", "host"] as const) {
    using views = makeViews(gpu, photos, residency);
    const inHost = residency === "device" ? 0 : bytes;
    assertEquals(gpu.memory({ resetPeak: true }).host.live, inHost, residency);
    views.clear(0);
    const { host, byPurpose } = gpu.memory();
    assertEquals(host, { live: inHost === 0 ? 0 : inHost - photos[0].image.data.length, peak: inHost }, residency);
    if (inHost > 0) assertEquals(byPurpose.photos.live, 0, residency);
  }
  assertEquals(gpu.memory().host.live, 0);
});

gpuTest("Gaussians.create() throws when it exceeds the limit, and a smaller capacity still works", (gpu) => {
  const error = assertThrows(() => Gaussians.create(gpu, { capacity: 1_000_000, shDegree: 3 }), TameError);
  assertOutOfMemory(error, /parameters/);
  using gaussians = Gaussians.create(gpu, { capacity: 1000, shDegree: 3, count: 1000 });
  assertEquals(gaussians.download("quats").length, 4000);
}, { memoryLimit: 100 * MIB });

gpuTest("Views.set() throws when photos exceed the limit, and the views that are set still train", async (gpu) => {
  const { splats, photos } = trainingProblem();
  using gaussians = Gaussians.fromArrays(gpu, splats);
  using views = Views.create(gpu, { count: 2 });
  views.set(0, photos[0].camera, photos[0].image);
  const camera = { ...photos[0].camera, width: 8000, height: 6000 };
  const image = { width: 8000, height: 6000, channels: 3 as const, data: new Uint8Array(3 * 48e6) };
  const error = assertThrows(() => views.set(1, camera, image), TameError);
  assertOutOfMemory(error, /photos/);
  assertGreater(error.bytesWanted, 143e6);
  using trainer = Trainer.create(gaussians, views, { shAccumulation: true });
  assertEquals(await trainer.run(planOf(20, { views: 1 }), new Control(20)), "done");
}, { memoryLimit: 100 * MIB });

gpuTest(
  "Trainer.run() throws when its scratch exceeds the limit, and still trains views that fit",
  async (gpu) => {
    const { splats, photos } = trainingProblem();
    using gaussians = Gaussians.fromArrays(gpu, splats);
    using views = Views.create(gpu, { count: 2 });
    const side = 2048; // its photo fits, the scratch to train on it does not
    views.set(0, photos[0].camera, photos[0].image);
    views.set(1, { ...photos[0].camera, width: side, height: side }, {
      width: side,
      height: side,
      channels: 3,
      data: new Uint8Array(3 * side * side),
    });
    using trainer = Trainer.create(gaussians, views, { shAccumulation: true });
    const both = new Control(10);
    const error = await assertRejects(() => trainer.run(planOf(10, { views: 2 }), both), TameError);
    assertOutOfMemory(error, /images|instances|scratch/);
    assertEquals(both.done, 1);
    const control = new Control(20);
    assertEquals(await trainer.run(planOf(20, { views: 1 }), control), "done");
    assert(control.losses().every(Number.isFinite));
    assertLess(control.losses()[19], control.losses()[0]);
  },
  { memoryLimit: 60 * MIB },
);

gpuTest(
  "rasterize() and render() throw when an image exceeds the limit, and still render a smaller one",
  async (gpu) => {
    const { splats, camera } = benignScene({ seed: 951, count: 50, shDegree: 1 });
    using gaussians = Gaussians.fromArrays(gpu, splats);
    const large = { ...camera, width: 6000, height: 6000 };
    assertOutOfMemory(await assertRejects(() => render(gaussians, large), TameError), /images|instances/);
    assertOutOfMemory(assertThrows(() => rasterize(gpu, splats, large), TameError), /images|instances/);
    const { rgb } = await render(gaussians, camera);
    using small = rasterize(gpu, splats, camera);
    assertEquals(rgb, small.image);
  },
  { memoryLimit: 100 * MIB },
);

gpuTest("meanDist2() throws when it exceeds the limit, and gives the same result in batches", async (gpu) => {
  const random = new Random(952);
  const points = Float32Array.from({ length: 3 * 600_000 }, () => random.normal());
  assertOutOfMemory(await assertRejects(() => meanDist2(gpu, points), TameError), /scratch/);
  const limited = () => meanDist2(gpu, points, { batch: 1000, byteLimit: 1000 });
  assertOutOfMemory(await assertRejects(limited, TameError), /scratch/);
  const few = points.slice(0, 3 * 30_000);
  const expected = await meanDist2(gpu, few);
  assertEquals(await meanDist2(gpu, few, { batch: 5000 }), expected);
}, { memoryLimit: 6 * MIB });

Deno.test({
  name: "render() gives the same image after an earlier render ran out of memory at any allocation" +
    (pairMissing === undefined ? "" : ` [skipped: ${pairMissing}]`),
  ignore: pairMissing !== undefined,
  async fn() {
    const { splats, photos } = trainingProblem(1500);
    const [{ camera }] = photos;
    // Its splats reach more tiles than the initial capacity.
    const large = { ...camera, width: 640, height: 480, fx: 9 * camera.fx, fy: 9 * camera.fy, cx: 320, cy: 240 };
    const expected = (await renderAll(0)).after;
    let [limit, recovered, failures] = [MIB, 0, 0];
    for (;; failures++) {
      const { failure, after } = await renderAll(limit);
      // The failed render may have left too little memory for the small image, which then fails as well.
      if (after !== undefined) {
        assertEquals(after, expected, `after a failure at ${limit} bytes`);
        recovered++;
      }
      if (failure === undefined) break;
      assertLess(failures, 200);
      limit += failure.bytesWanted - failure.bytesFree; // just enough for this allocation
    }
    assertGreater(failures, 3);
    assertGreater(recovered, 1);

    /** Renders a small image, a large one and the small one again; returns the first error and the last image. */
    async function renderAll(memoryLimit: number): Promise<{ failure?: TameError; after?: Float32Array }> {
      const outcome: { failure?: TameError; after?: Float32Array } = {};
      using gpu = await openGpu({ memoryLimit });
      for (const seen of [camera, large, camera]) {
        outcome.after = undefined;
        try {
          using gaussians = Gaussians.fromArrays(gpu, splats);
          outcome.after = (await render(gaussians, seen)).rgb;
        } catch (error) {
          if (!(error instanceof TameError) || error.status !== "out of memory") throw error;
          outcome.failure ??= error;
        }
      }
      return outcome;
    }
  },
});

function assertOutOfMemory(error: TameError, purpose: RegExp): void {
  assertEquals(error.status, "out of memory", error.message);
  assertMatch(error.message, /wanted .* MiB, .* MiB free/);
  assertMatch(error.message, purpose);
  assertGreater(error.bytesWanted, error.bytesFree);
}
