// Gains and affine changes of colour between render and loss: trained if the step asks for them, unchanged otherwise.
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import type { Image8 } from "../../base/scene.ts";
import type { Device } from "../../ffi/device.ts";
import { Gaussians, type SplatArrays } from "../../ffi/gaussians.ts";
import { imageLoss } from "../../ffi/metrics.ts";
import { type Color, rasterize } from "../../ffi/rasterizer.ts";
import { Control, STEP, type Step, StepPlan, Trainer, type TrainerOptions } from "../../ffi/trainer.ts";
import { EVERYTHING, LEARNING_RATES, makeViews, type Photo, runProblem, trainingProblem } from "../gpu/training.ts";
import { assertSameBits } from "../raster/compare.ts";
import { deviceTest, testDevice } from "../support/device.ts";

const BACKGROUND: Color = [0.1, 0.2, 0.15];
/** Red, green and blue gain of each view; of a channel their product is 1, as the gauge has it. */
const GAINS = [[0.5, 0.8, 1.1], [1.6, 1.25, 0.625], [1, 1, 1], [1.25, 1, 1 / (1.1 * 0.625)]];

const KINDS = ["gains", "affine"] as const;
const PARAMETERS = { gains: 3, affine: 12 } as const;

/** Result of training transforms: the columns `transform…`, three or twelve numbers per view. */
interface Learnt {
  losses: Float32Array;
  gains: Float32Array;
  moments: Float32Array;
  steps: Uint32Array;
  splats: SplatArrays;
}

/** Takes steps that do not change the Gaussians, each on the given views; at SH degree 2 and a rate of 0.02. */
async function learn(
  device: Device,
  { splats, photos }: { splats: SplatArrays; photos: Photo[] },
  views: number[][],
  { gains, alter = (step) => step, ...options }: TrainerOptions & {
    gains?: Float32Array;
    alter?: (step: Step) => Step;
  } = {},
): Promise<Learnt> {
  using gaussians = Gaussians.fromArrays(device, splats);
  using targets = makeViews(device, photos);
  using trainer = Trainer.create(gaussians, targets, {
    transform: "gains",
    viewsPerStep: views[0].length,
    ...options,
  });
  if (gains !== undefined) {
    await trainer.state.import({ column: "transform", offset: 0, data: new Uint8Array(gains.slice().buffer) });
  }
  const plan = new StepPlan(views.length, views[0].length);
  views.forEach((view, i) =>
    plan.push(alter({
      iteration: i + 1,
      view,
      shDegree: 2,
      update: 0,
      flags: STEP.transform,
      learningRates: LEARNING_RATES,
      background: BACKGROUND,
      transformRate: 0.02,
    }))
  );
  const control = new Control(views.length);
  await trainer.run(plan, control);
  const columns = new Map<string, ArrayBuffer>();
  for await (const { column, data } of trainer.state.export()) columns.set(column, data.buffer);
  return {
    losses: control.losses(),
    gains: new Float32Array(columns.get("transform")!),
    moments: new Float32Array(columns.get("transform_m")!),
    steps: new Uint32Array(columns.get("transform_steps")!),
    splats: gaussians.toArrays(),
  };
}

/** Photos of a dim scene times {@linkcode GAINS}: none of their values is clipped. */
function gainedPhotos(device: Device): { splats: SplatArrays; photos: Photo[] } {
  const problem = trainingProblem(60);
  problem.splats.sh.forEach((value, i, sh) => sh[i] = i % 27 < 3 ? -1 + 0.3 * value : 0.2 * value);
  const photos = problem.photos.map(({ camera }, view): Photo => {
    using drawn = rasterize(device, problem.splats, camera, { background: BACKGROUND });
    assert(drawn.image.every((value) => value < 0.5));
    const data = Uint8Array.from(drawn.image, (value, i) => Math.round(255 * GAINS[view][i % 3] * value));
    return { camera, image: { width: camera.width, height: camera.height, channels: 3, data } };
  });
  return { splats: problem.splats, photos };
}

deviceTest(
  "Trainer.run() recovers the gains of each view's channels from photos that differ by them",
  async (device) => {
    const problem = gainedPhotos(device);
    const views = Array.from({ length: 600 }, (_, i) => [i % 4]);
    const alter = (step: Step) => ({ ...step, transformRate: 0.02 * 0.1 ** (step.iteration / 600) });
    const { gains, steps, splats } = await learn(device, problem, views, { alter });
    gains.forEach((gain, i) => {
      const expected = GAINS[Math.floor(i / 3)][i % 3];
      assertLessOrEqual(Math.abs(Math.exp(gain) - expected), 0.02 * expected, `gain ${i % 3} of view ${i / 3 | 0}`);
    });
    assertEquals([...steps], [150, 150, 150, 150]);
    assertEquals(splats, problem.splats);
  },
);

deviceTest(
  "Trainer.run() agrees with finite differences on the loss's gradient with respect to the parameters",
  async (device) => {
    const problem = gainedPhotos(device);
    for (const transform of KINDS) {
      const count = PARAMETERS[transform];
      const size = transform === "gains" ? 0.3 : 0.05;
      const gains = Float32Array.from({ length: 4 * count }, (_, i) => size * Math.sin(i + 1));
      const loss = (view: number, parameters: ArrayLike<number>): number => {
        const { camera, image } = problem.photos[view];
        using drawn = rasterize(device, problem.splats, camera, { background: BACKGROUND });
        const { width, height } = camera;
        const own = Array.from(parameters).slice(count * view, count * (view + 1));
        const rgb = transformed(drawn.image, transform, own);
        const { value } = imageLoss(device, { width, height, rgb }, { width, height, rgb: asColors(image) });
        const mean = (own[0] + own[1] + own[2]) / 3;
        const balance = own.reduce((sum, gain) => sum + (gain - mean) ** 2 / 3, 0);
        return value + (transform === "gains" ? 0.01 * balance : 0);
      };
      const view = 1;
      // With beta1 = 0 the first moment is the gradient.
      const { moments, losses } = await learn(device, problem, [[view]], { gains, beta1: 0, transform });
      const start = losses[0] - loss(view, gains);
      assertLessOrEqual(Math.abs(start), transform === "gains" ? 1e-3 : 1e-6); // the weight of the balance is not in it
      for (let k = 0; k < count; k++) {
        const at = count * view + k, step = transform === "gains" ? 1e-2 : 2e-3;
        const moved = (by: number) => Array.from(gains, (gain, i) => i === at ? gain + by : gain);
        const expected = (loss(view, moved(step)) - loss(view, moved(-step))) / (2 * step);
        const error = Math.abs(moments[at] - expected);
        assertLessOrEqual(error, 3e-2 * Math.abs(expected) + 1e-4, `${transform} ${k}: ${moments[at]}, ${expected}`);
      }
      moments.forEach((value, i) => assert(Math.floor(i / count) === view || value === 0, "another view's moments"));
    }
  },
);

deviceTest("Trainer.run() keeps the mean of each parameter over the views at 0", async (device) => {
  const problem = gainedPhotos(device);
  for (const transform of KINDS) {
    const count = PARAMETERS[transform];
    const { gains } = await learn(device, problem, Array.from({ length: 9 }, (_, i) => [i % 3]), { transform });
    assert(gains.some((value) => Math.abs(value) > 0.01));
    for (let k = 0; k < count; k++) {
      const sum = [0, 1, 2, 3].reduce((sum, view) => sum + gains[count * view + k], 0);
      assertLessOrEqual(Math.abs(sum), 1e-7, `${transform} ${k}`);
    }
  }
});

deviceTest("Trainer.run() does not hold a saturated photo against a render that is brighter still", async (device) => {
  const problem = gainedPhotos(device);
  const photos = problem.photos.map(({ camera, image }): Photo => ({
    camera,
    image: { ...image, data: image.data.map(() => 255) },
  }));
  const gains = new Float32Array(12).fill(Math.log(40)); // every render is far above 1
  const { losses, moments } = await learn(device, { ...problem, photos }, [[2]], { gains, beta1: 0 });
  assertLessOrEqual(losses[0], 1e-6);
  assert(moments.every((value) => value === 0), "a clamped pixel has a gradient");
});

deviceTest("Trainer.run() applies gains when it does not update them", async (device) => {
  const problem = gainedPhotos(device);
  const gains = Float32Array.from(GAINS.flat(), Math.log);
  const held = await learn(device, problem, [[0], [1], [2], [3]], { gains, alter: (step) => ({ ...step, flags: 0 }) });
  // The remaining loss is the photos' rounding to bytes.
  for (const loss of held.losses) assertLessOrEqual(loss, 5e-3);
  assertSameBits(held.gains, gains, "gains");
  assertEquals([...held.steps], [0, 0, 0, 0]);
});

deviceTest("Trainer.run() takes the same steps as without a transform while its parameters are 0", async (device) => {
  const problem = trainingProblem();
  const plain = await runProblem(device, problem, { steps: 8 });
  for (const transform of KINDS) {
    assertEquals(await runProblem(device, problem, { steps: 8, transform }), plain, transform);
  }
});

deviceTest("Trainer.run() trains gains together with the Gaussians", async (device) => {
  const problem = gainedPhotos(device);
  const alter = (step: Step) => ({ ...step, update: EVERYTHING });
  const views = Array.from({ length: 40 }, (_, i) => [i % 4]);
  const { losses, splats, steps } = await learn(device, problem, views, { alter });
  assertLessOrEqual(losses[36], 0.7 * losses[0]);
  assertEquals([...steps], [10, 10, 10, 10]);
  assert(splats.means.some((value, i) => value !== problem.splats.means[i]));
});

deviceTest("Trainer.run() trains the same gains with 1, 2 or 3 threads", async (first) => {
  const problem = gainedPhotos(first);
  const views = [[0], [1], [2], [3], [0], [1]];
  const alter = (step: Step) => ({ ...step, update: EVERYTHING });
  const outcomes = [];
  for (const threads of [1, 2, 3]) {
    using device = await testDevice({ threads });
    outcomes.push(await learn(device, problem, views, { alter }));
  }
  assertEquals(outcomes[1], outcomes[0]);
  assertEquals(outcomes[2], outcomes[0]);
});

/** The definition of cuda/tame.h, for the parameters of one view. */
function transformed(image: Float32Array, kind: "gains" | "affine", own: number[]): Float32Array<ArrayBuffer> {
  return Float32Array.from(image, (value, i) => {
    const row = i % 3;
    if (kind === "gains") return value * Math.exp(own[row]);
    const added = [0, 1, 2].reduce((sum, c) => sum + own[4 * row + c] * image[i - row + c], own[4 * row + 3]);
    return value + added;
  });
}

function asColors({ data }: Image8): Float32Array<ArrayBuffer> {
  return Float32Array.from(data, (byte) => Math.fround(byte / 255));
}
