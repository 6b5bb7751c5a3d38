// A run that goes on from a checkpoint equals one that did not stop, bit for bit, in every strategy and mode.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { DataError } from "../../base/errors.ts";
import type { TrainerProgress } from "../../ffi/trainer.ts";
import { CheckpointFile } from "../../train/checkpoint/file.ts";
import type { PlanEvent } from "../../train/events.ts";
import type { TrainOptions } from "../../train/options.ts";
import { assertSameBits } from "../raster/compare.ts";
import { stopAt, temporaryFolder } from "../support/checkpoints.ts";
import { deviceTest } from "../support/device.ts";
import { syntheticScene, syntheticTruth } from "../support/synthetic_scene.ts";
import { trained } from "../support/train_run.ts";

/** Sixty iterations with events at 10, 20, 30 and 40. */
const SHORT: TrainOptions = {
  iterations: 60,
  testIterations: [-1],
  budget: 2,
  densifyFromIter: 5,
  densificationInterval: 10,
  densifyUntilIter: 45,
  opacityResetInterval: 25,
  shDegreeInterval: 8,
};

/** Options, with the iterations at which they are stopped: at an event, in between, and after the last one. */
const RUNS: [name: string, options: TrainOptions, stops: number[]][] = [
  ["taming", { randomBackground: true }, [1, 20, 27, 59]],
  ["taming as the reference", { parity: "reference", hoIteration: 50 }, [20, 33, 52]],
  ["absgrad", { strategy: "absgrad" }, [17, 30, 50]],
  ["mcmc", { strategy: "mcmc", minOpacity: 0.1 }, [17, 20, 45]],
  ["adc", { strategy: "adc" }, [20, 25, 33]],
  ["shLower, in the middle of the sum", { shLower: true }, [20, 44]],
  ["sparse Adam", { optimizerType: "sparse_adam" }, [22]],
  ["several views in a step", { viewsPerStep: 4, shLower: true }, [21, 30]],
  ["anti-aliasing", { antialiasing: true }, [1, 23, 43]],
  ["depths of points", { lambdaDepth: 0.1 }, [23]],
  ["gains of the photos", { exposure: "gains", viewsPerStep: 2 }, [20, 27]],
  ["affine exposures", { exposure: "affine" }, [33]],
  ["linear opacities", { highOpacity: true, hoIteration: 46 }, [46, 53]],
  ["photos on disk", { dataDevice: "disk" }, [26]],
  ["no harmonics, and a budget below the start", { shDegree: 0, budget: 0.5 }, [20]],
  ["preset", { preset: "budget", iterations: 60 }, [30]],
];

for (const [name, more, stops] of RUNS) {
  deviceTest(`train() goes on from a checkpoint bit for bit: ${name}`, async (device) => {
    await using folder = await temporaryFolder();
    const scene = await syntheticScene(device, { count: 40 });
    const run = { device, scene, options: { ...SHORT, ...more }, folder: folder.path };
    const whole = await trained(device, scene, run.options);
    assert(whole.events.some(({ type }) => type === "densify"));
    for (const iteration of stops) {
      const startCheckpoint = await stopAt(run, iteration);
      const rest = await trained(device, scene, { startCheckpoint });
      const [plan] = rest.events as [PlanEvent];
      assertEquals([plan.type, plan.iteration], ["plan", iteration]);
      assertEquals(rest.losses, whole.losses.slice(iteration), `losses after ${iteration}`);
      assertSameBits(rest.rows, whole.rows, `Gaussians of a run resumed at ${iteration}`);
      assertEquals([rest.result.loss, rest.result.count], [whole.result.loss, whole.result.count]);
      const next = await statesOf(await stopAt(run, iteration + 1));
      const same = await statesOf(await stopAt({ ...run, options: { startCheckpoint } }, iteration + 1));
      assertEquals(same.progress, next.progress);
      for (const [column, words] of next.columns) assertSameBits(same.columns.get(column)!, words, column);
    }
  });
}

/** The native state in a checkpoint, by column. */
async function statesOf(path: string): Promise<{ progress: TrainerProgress; columns: Map<string, Float32Array> }> {
  const checkpoint = await CheckpointFile.open(path);
  const columns = new Map<string, Float32Array>();
  for await (const { column, data } of checkpoint.chunks()) columns.set(column, new Float32Array(data.buffer));
  return { progress: checkpoint.manifest.progress, columns };
}

deviceTest("a resumed run can be stopped and resumed again", async (device) => {
  await using folder = await temporaryFolder();
  const scene = await syntheticScene(device, { count: 40 });
  const whole = await trained(device, scene, SHORT);
  let startCheckpoint: string | undefined;
  for (const iteration of [8, 20, 21, 44]) {
    const options = startCheckpoint === undefined ? SHORT : { startCheckpoint };
    startCheckpoint = await stopAt({ device, scene, options, folder: folder.path }, iteration);
  }
  assertSameBits((await trained(device, scene, { startCheckpoint })).rows, whole.rows, "Gaussians");
});

deviceTest("a run that began with Gaussians, marked as anti-aliased, goes on bit for bit", async (device) => {
  await using folder = await temporaryFolder();
  const scene = await syntheticScene(device, { count: 40 });
  const shDegree = 1;
  const { truth } = syntheticTruth(device, 40);
  using given = truth;
  const { sh, ...arrays } = given.toArrays();
  const padded = new Float32Array(40 * 12);
  for (let i = 0; i < 40; i++) padded.set(sh.subarray(3 * i, 3 * i + 3), 12 * i);
  const splats = { count: 40, ...arrays, sh: padded, shDegree, comments: ["SplatRenderMode: mip"] };
  const warm = { ...scene, splats };
  const whole = await trained(device, warm, SHORT);
  const startCheckpoint = await stopAt({ device, scene: warm, options: SHORT, folder: folder.path }, 23);
  const rest = await trained(device, warm, { startCheckpoint, antialiasing: false, shDegree: 3 });
  assertSameBits(rest.rows, whole.rows, "Gaussians");
  await assertRejects(() => trained(device, scene, { startCheckpoint }), DataError, "Gaussians, differ");
});
