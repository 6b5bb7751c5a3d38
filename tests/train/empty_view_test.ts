// Training with a view that shows no Gaussian: the step is taken, and moves only Gaussians with momentum.
import { assert, assertEquals } from "@std/assert";
import { Gaussians } from "../../ffi/gaussians.ts";
import { Control, STEP, StepPlan, Trainer } from "../../ffi/trainer.ts";
import { twoSided, WEIGHTS } from "../densify/world.ts";
import { EVERYTHING, LEARNING_RATES, makeViews } from "../gpu/training.ts";
import { deviceTest } from "../support/device.ts";

deviceTest("Trainer.run() and score() accept a view that shows no Gaussian", async (device) => {
  const { splats, photos } = twoSided(40);
  // In front of view 0 only.
  for (let i = 2; i < splats.means.length; i += 3) splats.means[i] = Math.abs(splats.means[i]);
  using gaussians = Gaussians.fromArrays(device, splats);
  using views = makeViews(device, photos);
  using trainer = Trainer.create(gaussians, views);
  const plan = new StepPlan(2);
  for (const iteration of [1, 2]) {
    plan.push({
      iteration,
      view: 1,
      shDegree: 1,
      update: EVERYTHING,
      flags: STEP.statistics,
      learningRates: LEARNING_RATES,
      background: [0.1, 0.2, 0.3],
    });
  }
  const control = new Control(2);
  await trainer.run(plan, control);
  assertEquals(gaussians.toArrays(), splats);
  assert(control.losses().every((loss) => Number.isFinite(loss) && loss > 0));
  assert(trainer.statistics().visibleSteps.every((steps) => steps === 0));
  await trainer.score([1], WEIGHTS, { shDegree: 1, background: [0, 0, 0] });
  assert(trainer.scores().every((score) => score === 0));
});
