// The event loop stays free during a run: calls that may take long for large input go through the device's queue.
import { assert, assertEquals } from "@std/assert";
import { Device } from "../../ffi/device.ts";
import type { Symbols } from "../../ffi/symbols.ts";
import { savePly } from "../../export/splats.ts";
import { train } from "../../train/loop.ts";
import type { TrainOptions } from "../../train/options.ts";
import { deviceTest } from "../support/device.ts";
import { syntheticScene } from "../support/synthetic_scene.ts";

/**
 * The calls of a run that block: short for any input (memory statistics, an empty set of views), or between two steps
 * and in the hands of the strategy.
 */
const BLOCKING = [
  "tame_device_memory",
  "tame_views_create",
  "tame_views_clear",
  "tame_trainer_drop_columns",
  "tame_trainer_get_progress",
  "tame_trainer_reset_statistics",
];

/** Records the names of the native functions that are called, blocking ones separately, until it is disposed. */
function recordCalls(): Disposable & { blocking: Set<string>; queued: Set<string> } {
  const { call, create, queue, queueCreate } = Device.prototype;
  const [blocking, queued] = [new Set<string>(), new Set<string>()];
  const noting = (symbols: Symbols, names: Set<string>): Symbols =>
    new Proxy(symbols, {
      get(target, name: keyof Symbols) {
        names.add(name);
        return target[name];
      },
    });
  Device.prototype.call = function (invoke) {
    call.call(this, (symbols, error) => invoke(noting(symbols, blocking), error));
  };
  Device.prototype.create = function (invoke, about) {
    return create.call(this, (symbols, error) => invoke(noting(symbols, blocking), error), about);
  };
  Device.prototype.queue = function (invoke) {
    return queue.call(this, (symbols, error) => invoke(noting(symbols, queued), error));
  };
  Device.prototype.queueCreate = function (invoke) {
    return queueCreate.call(this, (symbols, error) => invoke(noting(symbols, queued), error));
  };
  return {
    blocking,
    queued,
    [Symbol.dispose]: () => void Object.assign(Device.prototype, { call, create, queue, queueCreate }),
  };
}

const OPTIONS: TrainOptions = {
  iterations: 30,
  testIterations: [20],
  saveIterations: [10],
  densifyFromIter: 5,
  densifyUntilIter: 26,
  densificationInterval: 10,
  opacityResetInterval: 15,
  budget: 2,
};

deviceTest("train(), its evaluations and savePly() make no blocking call that grows with its input", async (device) => {
  const points = await syntheticScene(device);
  const { count, positions } = points.points;
  const splats = {
    count,
    means: positions,
    logScales: new Float32Array(3 * count).fill(-3),
    quats: Float32Array.from({ length: 4 * count }, (_, i) => i % 4 === 0 ? 1 : 0),
    opacities: new Float32Array(count),
    sh: new Float32Array(3 * count),
    shDegree: 0,
    comments: [],
  };
  const path = await Deno.makeTempFile({ suffix: ".ply" });
  for (const scene of [points, { ...points, splats }]) {
    for (const dataDevice of ["cuda", "cpu", "disk"] as const) {
      using calls = recordCalls();
      for await (const event of train(device, scene, { ...OPTIONS, dataDevice, photoCache: 12 * 50 * 37 * 3 })) {
        if (event.type === "save") await savePly(event.gaussians, path);
        if (event.type === "done") event.gaussians[Symbol.dispose]();
      }
      assertEquals([...calls.blocking].filter((name) => !BLOCKING.includes(name)), []);
      const queued = ["gaussians_create", "gaussians_resize", "gaussians_upload", "views_set", "trainer_create"];
      for (const name of [...queued, "psnr", "ssim", "image_loss"]) {
        assert(calls.queued.has(`tame_${name}_async`), name);
      }
      for (const name of ["download_finite", "non_finite"]) assert(calls.queued.has(`tame_gaussians_${name}`), name);
    }
  }
  await Deno.remove(path);
});
