// Densification, the GPU against the CPU: scores and statistics, and the same choices from the same scores.
import { assert, assertEquals, assertLessOrEqual, assertNotEquals } from "@std/assert";
import { SCORE, STEP } from "../../ffi/trainer.ts";
import { grow } from "../../train/strategies/grow.ts";
import { prune } from "../../train/strategies/prune.ts";
import { meanGradients, middle, open, sources, steps, twoSided } from "../densify/world.ts";
import { trainingProblem } from "./training.ts";
import { pairTest } from "./devices.ts";

const ERROR = 1e-3; // of the largest
const BACKGROUND = [0.3, 0.2, 0.1];

const EACH: Record<string, number[]> = {
  // Sums over pixels need pixel weights.
  ...Object.fromEntries(
    Object.entries(SCORE).filter(([, term]) => term > SCORE.error).map(([name, term]) => [name, [term]]),
  ),
  loss: [SCORE.loss, SCORE.edge, SCORE.error],
  all: Object.values(SCORE),
};

for (const [name, terms] of Object.entries(EACH)) {
  pairTest(`Trainer.score() agrees with the CPU on the term ${name}`, async ({ gpu, cpu }) => {
    const { splats, photos } = trainingProblem();
    const weights = Array.from({ length: 12 }, (_, term) => term === SCORE.view || terms.includes(term) ? 1 : 0);
    const [ours, theirs] = await Promise.all([gpu, cpu].map(async (device) => {
      using world = open(device, { splats, photos });
      const { trainer } = world;
      await steps(trainer, photos.map((_, view) => ({ view, flags: STEP.statistics, update: 0 })));
      await trainer.score([2, 0, 3], weights, { shDegree: 2, background: BACKGROUND });
      return trainer.scores();
    }));
    const largest = Math.max(...theirs);
    assert(largest > 0);
    theirs.forEach((score, i) =>
      assertLessOrEqual(Math.abs(ours[i] - score), ERROR * largest, `Gaussian ${i}: ${ours[i]}, the CPU has ${score}`)
    );
  });
}

pairTest("grow() and prune() choose the same rows as the CPU when all scores are equal", async ({ gpu, cpu }) => {
  const { splats, photos } = twoSided(300);
  const [ours, theirs] = await Promise.all([gpu, cpu].map(async (device) => {
    using world = open(device, { splats, photos });
    const { trainer, gaussians } = world;
    const options = { iteration: 9, round: 0, target: 500, gradientThreshold: 0, sizeThreshold: 0.1, fill: true };
    const densified = await grow(trainer, options);
    const rows = sources(gaussians);
    const means = gaussians.download("means");
    const pruned = await prune(trainer, { iteration: 9, target: 400, minOpacity: 0.4, maxScale: 1, share: 0.5 });
    return { densified, pruned, rows, means, left: sources(gaussians) };
  }));
  assertEquals({ ...ours, means: 0 }, { ...theirs, means: 0 });
  theirs.means.forEach((value, i) => assertLessOrEqual(Math.abs(ours.means[i] - value), 1e-5, `mean ${i}`));
});

pairTest("grow() finds the same candidates as the CPU, except for a few", async ({ gpu, cpu }) => {
  const { splats, photos } = twoSided(300);
  const [ours, theirs] = await Promise.all([gpu, cpu].map(async (device) => {
    using world = open(device, { splats, photos });
    await steps(world.trainer, [0, 1].map((view) => ({ view, flags: STEP.statistics, update: 0 })));
    const gradientThreshold = middle(meanGradients(world.trainer).filter((value) => value > 0));
    const options = { iteration: 1, round: 0, target: 600, gradientThreshold, sizeThreshold: 0.1, fill: false };
    return await grow(world.trainer, options);
  }));
  assertLessOrEqual(Math.abs(ours.candidates - theirs.candidates), 3);
  assertEquals(ours.count, 300 + ours.candidates);
});

for (const mode of ["logit", "linear"] as const) {
  pairTest(`grow() shares ${mode} opacities as the CPU does when it fills up`, async ({ gpu, cpu }) => {
    const { splats, photos } = twoSided(300);
    splats.opacities.set([-8, -5, 4, 5]); // for higher linear opacities the last bit matters
    splats.logScales.fill(-3, 0, 12); // cloned
    const [ours, theirs] = await Promise.all([gpu, cpu].map(async (device) => {
      using world = open(device, { splats, photos });
      world.trainer.setOpacityMode(mode);
      const options = { iteration: 9, round: 0, target: 500, gradientThreshold: 1e30, sizeThreshold: 0.1, fill: true };
      const { filled, split } = await grow(world.trainer, options);
      return { filled, split, rows: sources(world.gaussians), opacities: world.gaussians.download("opacities") };
    }));
    assertEquals({ ...ours, opacities: 0 }, { ...theirs, opacities: 0 });
    assert(theirs.split > 50 && theirs.split < 150); // the others are cloned
    assertNotEquals(theirs.opacities[0], splats.opacities[0]);
    theirs.opacities.forEach((value, row) =>
      assertLessOrEqual(Math.abs(ours.opacities[row] - value), 1e-4, `row ${row}: the CPU has ${value}`)
    );
  });
}
