// Stages of a step: gradients stored before Adam uses them, and gradients of several views.
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import type { Device } from "../../ffi/device.ts";
import { Gaussians } from "../../ffi/gaussians.ts";
import { Control, STEP, type Step, type StepPlan, Trainer, type TrainerOptions } from "../../ffi/trainer.ts";
import type { Residency } from "../../ffi/views.ts";
import { makeViews, planOf, type Problem, trainingProblem } from "../gpu/training.ts";
import { Random } from "../reference/random.ts";
import { deviceTest, testDevice } from "../support/device.ts";

/** The result of a run: its losses, and every column of the state. */
type Outcome = Record<string, Float32Array | Uint32Array>;

const PARAMETERS = ["means", "sh_dc", "sh_rest", "opacities", "log_scales", "quats"];
const STATISTICS = ["gradient_sum", "visible_steps", "max_radius"];

async function run(
  device: Device,
  { splats, photos }: Problem,
  plan: StepPlan,
  { residency, ...options }: TrainerOptions & { residency?: Residency } = {},
): Promise<Outcome> {
  using gaussians = Gaussians.fromArrays(device, splats);
  using views = makeViews(device, photos, residency);
  using trainer = Trainer.create(gaussians, views, {
    shAccumulation: true,
    viewsPerStep: plan.viewsPerStep,
    ...options,
  });
  const control = new Control(plan.length);
  assertEquals(await trainer.run(plan, control), "done");
  const outcome: Outcome = { losses: control.losses() };
  const integers = new Set(trainer.state.columns().filter(({ integer }) => integer).map(({ name }) => name));
  for await (const { column, data } of trainer.state.export()) {
    outcome[column] = integers.has(column) ? new Uint32Array(data.buffer) : new Float32Array(data.buffer);
  }
  return outcome;
}

/** The problem with alpha and masks on some of its photos. */
function maskedProblem(): Problem {
  const { splats, photos } = trainingProblem();
  const random = new Random(77);
  const changed = photos.map(({ camera, image }, view) => {
    const pixels = image.width * image.height;
    const channels = view % 2 === 0 ? 4 : 3;
    const data = Uint8Array.from({ length: channels * pixels }, (_, i) => {
      const channel = i % channels;
      return channel === 3 ? 255 * random.uniform(0, 1) : image.data[3 * Math.floor(i / channels) + channel];
    });
    const mask = view < 2 ? undefined : Uint8Array.from({ length: pixels }, () => Number(random.uniform(0, 1) < 0.7));
    return { camera, image: { ...image, channels, data, ...(mask && { mask }) } as typeof image };
  });
  return { splats, photos: changed };
}

function sparse(step: Step): Step {
  return { ...step, flags: (step.flags ?? 0) | STEP.visible | STEP.noBias };
}

function still(step: Step): Step {
  return { ...step, shDegree: 2, flags: STEP.statistics };
}

for (
  const [what, problem, alter] of [
    ["all kinds of steps", trainingProblem(), (step) => step],
    ["sparse steps", trainingProblem(), sparse],
    ["photos with alpha and masks", maskedProblem(), (step) => step],
    ["steps without statistics", trainingProblem(), (step) => ({ ...step, flags: 0 })],
    ["steps of some parameters", trainingProblem(), (step) => ({ ...step, update: 0b100101 })],
  ] as [string, Problem, (step: Step) => Step][]
) {
  deviceTest(`Trainer.run() gives the same bits when it stores gradients, with ${what}`, async (device) => {
    const plan = planOf(28, { views: problem.photos.length, alter });
    assertEquals(await run(device, problem, plan, { unfused: true }), await run(device, problem, plan));
  });
}

deviceTest("Trainer.run() gives the same bits when it stores gradients and opacities are linear", async (device) => {
  const { splats, photos } = trainingProblem();
  const results = [];
  for (const unfused of [false, true]) {
    using gaussians = Gaussians.fromArrays(device, splats);
    using views = makeViews(device, photos);
    using trainer = Trainer.create(gaussians, views, { shAccumulation: true, unfused });
    trainer.setOpacityMode("linear");
    await trainer.run(planOf(12, { views: photos.length }), new Control(12));
    results.push(gaussians.toArrays());
  }
  assertEquals(results[1], results[0]);
});

for (const viewsPerStep of [2, 4, 8]) {
  deviceTest(
    `Trainer.run() takes the same step with one view as with ${viewsPerStep} times that view`,
    async (device) => {
      const problem = trainingProblem();
      const same = (step: Step) => ({ ...step, view: Array(viewsPerStep).fill(step.iteration % 4) });
      const options = { transform: "gains" } as const;
      const learnt = (step: Step) => ({ ...step, flags: step.flags! | STEP.transform, transformRate: 0.01 });
      const plans = [
        planOf(24, { views: 4, alter: (step) => learnt({ ...step, view: step.iteration % 4 }) }),
        planOf(24, { views: 4, viewsPerStep, alter: (step) => learnt(same(step)) }),
      ];
      const [one, several] = [
        await run(device, problem, plans[0], options),
        await run(device, problem, plans[1], options),
      ];
      assertEquals(several.visible_steps, one.visible_steps.map((steps) => viewsPerStep * steps));
      for (const name of Object.keys(one).filter((name) => name !== "visible_steps" && name !== "gradient_sum")) {
        assertEquals(several[name], one[name], name);
      }
    },
  );
}

deviceTest(
  "Trainer.run() sums the gradients of four views as a balanced tree in the order of the views",
  async (device) => {
    const problem = trainingProblem();
    // With beta1 = 0 the first moment is the gradient.
    const options = { beta1: 0 };
    const order = [2, 0, 3, 1];
    const views: Outcome[] = [];
    for (const view of order) {
      views.push(
        await run(device, problem, planOf(1, { views: 4, alter: (step) => still({ ...step, view }) }), options),
      );
    }
    const alter = (step: Step) => still({ ...step, view: order });
    const step = await run(device, problem, planOf(1, { views: 4, viewsPerStep: 4, alter }), options);

    let differing = 0;
    for (const name of PARAMETERS.map((parameter) => `${parameter}_m`)) {
      step[name].forEach((gradient, i) => {
        const [a, b, c, d] = views.map((view) => view[name][i]);
        const tree = Math.fround(Math.fround(a + b) + Math.fround(c + d)) / 4;
        assert(gradient === tree, `${name}[${i}] is ${gradient}, the tree gives ${tree}`);
        differing += Number(tree !== Math.fround(Math.fround(Math.fround(a + b) + c) + d) / 4);
      });
    }
    assert(differing > 100, `sequential summation gives other bits at only ${differing} places`);

    step.visible_steps.forEach((steps, i) => {
      assertEquals(steps, views.reduce((sum, view) => sum + view.visible_steps[i], 0));
      assertEquals(step.max_radius[i], Math.max(...views.map((view) => view.max_radius[i])));
      const [a, b, c, d] = views.map((view) => view.gradient_sum[i]);
      assertEquals(step.gradient_sum[i], Math.fround(Math.fround(a + b) + Math.fround(c + d)));
    });
    const mean = views.reduce((sum, { losses }) => sum + losses[0] / 4, 0);
    assertLessOrEqual(Math.abs(step.losses[0] - mean), 1e-6 * mean);
  },
);

deviceTest("Trainer.run() updates the Gaussians that any view of a sparse step sees", async (device) => {
  const problem = trainingProblem();
  // Half of them are behind the camera, in front of the opposite one.
  problem.splats.means.forEach((value, i, means) => means[i] = Math.floor(i / 3) % 2 === 0 ? value : 1e3 + value);
  const alter = (view: number[]) => (step: Step) => ({ ...sparse(step), view });
  const moved = async (view: number[]) => {
    const plan = planOf(1, { views: 4, viewsPerStep: view.length, alter: alter(view) });
    const { opacities, visible_steps } = await run(device, problem, plan);
    opacities.forEach((value, i) => assert(visible_steps[i] > 0 || value === problem.splats.opacities[i]));
    return [...opacities.keys()].filter((i) => visible_steps[i] > 0);
  };
  const either = new Set([...await moved([0]), ...await moved([1])]);
  assertEquals(await moved([0, 1]), [...either].sort((a, b) => a - b));
});

deviceTest("Trainer.run() updates gains with the mean over a step's views", async (device) => {
  const problem = trainingProblem();
  const gains = async (views: number[]) => {
    const alter = (step: Step) => ({ ...still(step), view: views, update: 0, flags: STEP.transform });
    const plan = planOf(1, { views: 4, viewsPerStep: views.length, alter });
    const { transform_m, transform_steps } = await run(device, problem, plan, { transform: "gains", beta1: 0 });
    return { m: [...transform_m], steps: [...transform_steps] };
  };
  const [first, third] = [await gains([0]), await gains([2])];
  const both = await gains([0, 2]);
  assertEquals(both.steps, [1, 0, 1, 0]);
  // Each view's share of a mean of two.
  assertEquals(both.m, first.m.map((value, i) => Math.fround((value + third.m[i]) / 2)));
  assertEquals((await gains([2, 0])).m, both.m);
  const twice = await gains([0, 2, 0, 0]);
  assertEquals(twice.steps, [1, 0, 1, 0]);
  assertEquals(twice.m.slice(6, 9), third.m.slice(6, 9).map((value) => value / 4));
});

deviceTest("Trainer.run() gives the same bits with 1, 2 or 3 threads and 4 views per step", async () => {
  const problem = maskedProblem();
  const outcomes = [];
  for (const threads of [1, 2, 3]) {
    using device = await testDevice({ threads });
    outcomes.push(await run(device, problem, planOf(12, { views: 4, viewsPerStep: 4 }), { transform: "gains" }));
  }
  assertEquals(outcomes[1], outcomes[0]);
  assertEquals(outcomes[2], outcomes[0]);
});

deviceTest("Trainer.run() gives the same bits for a step of several views with every residency", async (device) => {
  const problem = maskedProblem();
  for (const alter of [(step: Step) => step, (step: Step) => ({ ...step, nextView: undefined })]) {
    const plan = planOf(12, { views: 4, viewsPerStep: 4, alter });
    const expected = await run(device, problem, plan, { residency: "device" });
    for (const residency of ["pinned", "host"] as const) {
      assertEquals(await run(device, problem, plan, { residency }), expected, residency);
    }
  }
});

deviceTest("Trainer.run() reports the mean loss of a step without updates", async (device) => {
  const problem = trainingProblem();
  const idle = (view: number[]) =>
    planOf(1, {
      views: 4,
      viewsPerStep: view.length,
      alter: (step) => ({ ...step, view, update: 0, flags: 0 }),
    });
  const { losses: [first] } = await run(device, problem, idle([0]));
  const { losses: [second] } = await run(device, problem, idle([1]));
  const { losses: [both], ...state } = await run(device, problem, idle([0, 1]));
  assertLessOrEqual(Math.abs(both - (first + second) / 2), 1e-6 * both);
  for (const name of [...PARAMETERS.map((parameter) => `${parameter}_m`), ...STATISTICS]) {
    assert(state[name].every((value) => value === 0), name);
  }
});
