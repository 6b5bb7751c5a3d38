// Photos with alpha and with masks: the GPU against the CPU, and the residencies against each other.
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import type { Image8 } from "../../base/scene.ts";
import { SCORE, STEP, type Step } from "../../ffi/trainer.ts";
import type { Residency } from "../../ffi/views.ts";
import { open, steps } from "../densify/world.ts";
import { Random } from "../reference/random.ts";
import { gpuTest, pairTest } from "./devices.ts";
import { type Problem, runProblem, trainingProblem } from "./training.ts";

const LOSS_ERROR = 1e-4;
const SCORE_ERROR = 1e-3; // of the largest
const BACKGROUND = [0.21, 0.47, 0.13]; // no half bytes, which the two might round differently

const KINDS = ["alpha", "a mask", "alpha and a mask", "alpha here and a mask there"] as const;

for (const kind of KINDS) {
  pairTest(`a step agrees with the CPU when the photos have ${kind}`, async ({ gpu, cpu }) => {
    const options = { steps: 8, alter };
    const problem = problemOf(kind);
    const [ours, theirs] = [await runProblem(gpu, problem, options), await runProblem(cpu, problem, options)];
    theirs.losses.forEach((loss, i) => assertLessOrEqual(Math.abs(ours.losses[i] - loss), LOSS_ERROR * loss));
    assert(theirs.gradientSums.some((sum) => sum > 0));
    const errors = [...theirs.gradientSums]
      .map((sum, i) => sum === 0 ? ours.gradientSums[i] : Math.abs(ours.gradientSums[i] - sum) / sum)
      .sort((a, b) => a - b);
    assertLessOrEqual(errors[errors.length >> 1], 1e-4, "Half the gradient sums");
    assertLessOrEqual(errors[Math.floor(0.95 * errors.length)], 5e-2, "95 % of the gradient sums");
  });

  pairTest(`Trainer.score() agrees with the CPU when the photos have ${kind}`, async ({ gpu, cpu }) => {
    const { splats, photos } = problemOf(kind);
    const weights = Array.from({ length: 12 }, (_, term) => term <= SCORE.error || term === SCORE.loss ? 1 : 0);
    const [ours, theirs] = await Promise.all([gpu, cpu].map(async (device) => {
      using world = open(device, { splats, photos });
      await steps(world.trainer, photos.map((_, view) => ({ view, flags: STEP.statistics, update: 0 })));
      await world.trainer.score([2, 0, 3], weights, { shDegree: 2, background: BACKGROUND });
      return world.trainer.scores();
    }));
    const largest = Math.max(...theirs);
    assert(largest > 0);
    theirs.forEach((score, i) =>
      assertLessOrEqual(Math.abs(ours[i] - score), SCORE_ERROR * largest, `Gaussian ${i}: ${ours[i]}, not ${score}`)
    );
  });
}

gpuTest("photos with alpha and masks give the same bits with every residency", async (gpu) => {
  const problem = problemOf("alpha here and a mask there");
  const run = (residency: Residency) => runProblem(gpu, problem, { steps: 12, residency, alter });
  const expected = await run("device");
  for (const residency of ["pinned", "host"] as const) assertEquals(await run(residency), expected, residency);
});

gpuTest("Views.set() and Views.clear() take effect in the next steps with every residency", async (gpu) => {
  const problem = problemOf("alpha and a mask");
  const plain = trainingProblem();
  for (const residency of ["device", "pinned", "host"] as const) {
    const options = { steps: 8, residency, alter };
    const expected = await runProblem(gpu, problem, options);
    const replaced = await runProblem(gpu, plain, {
      ...options,
      prepare: (views) => problem.photos.forEach(({ camera, image }, i) => views.set(i, camera, image)),
    });
    assertEquals(replaced, expected, residency);
    const cleared = await runProblem(gpu, plain, {
      ...options,
      prepare: (views) => {
        plain.photos.forEach((_, i) => views.clear(i));
        problem.photos.forEach(({ camera, image }, i) => views.set(i, camera, image));
      },
    });
    assertEquals(cleared, expected, residency);
  }
});

gpuTest("a fully masked photo has loss 0 and changes nothing", async (gpu) => {
  const { splats, photos } = trainingProblem();
  const [{ camera, image }] = photos;
  const masked = { ...image, mask: new Uint8Array(image.width * image.height) };
  const { losses, splats: after } = await runProblem(gpu, { splats, photos: [{ camera, image: masked }] }, {
    steps: 2,
  });
  assertEquals([...losses], [0, 0]);
  assertEquals(after.opacities, splats.opacities);
});

function alter(step: Step): Step {
  return { ...step, shDegree: 2, flags: STEP.statistics, background: BACKGROUND };
}

function problemOf(kind: (typeof KINDS)[number]): Problem {
  const { splats, photos } = trainingProblem();
  return {
    splats,
    photos: photos.map(({ camera, image }, k) => {
      const here = kind.includes("there") ? [["alpha"], ["mask"], [], ["alpha", "mask"]][k] : kind.split(/\W+/);
      return { camera, image: changed(image, { alpha: here.includes("alpha"), mask: here.includes("mask") }) };
    }),
  };
}

/** The photo with alpha values of every kind, or a mask that excludes a band and single pixels. */
function changed(image: Image8, { alpha, mask }: { alpha: boolean; mask: boolean }): Image8 {
  const { width, height, data } = image;
  const random = new Random(77);
  const opacity = Uint8Array.from(
    { length: width * height },
    () => Math.min(255, Math.max(0, random.uniform(-99, 355))),
  );
  const kept = Uint8Array.from(
    opacity,
    (_, i) => i % width > width / 3 && i % width < width / 2 || i % 17 === 0 ? 0 : 255,
  );
  const rgba = Uint8Array.from({ length: 4 * width * height }, (_, i) => {
    return i % 4 === 3 ? opacity[i >> 2] : data[3 * (i >> 2) + i % 4];
  });
  return { ...image, ...(alpha ? { channels: 4, data: rgba } : {}), ...(mask ? { mask: kept } : {}) };
}
