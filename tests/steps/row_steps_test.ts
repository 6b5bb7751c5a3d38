// Step counts of single rows, and Adam's bias correction by them.
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { Gaussians } from "../../ffi/gaussians.ts";
import { Control, STEP, type Step, StepPlan, Trainer } from "../../ffi/trainer.ts";
import { twoSided } from "../densify/world.ts";
import { LEARNING_RATES, makeViews } from "../gpu/training.ts";
import { deviceTest, testDevice } from "../support/device.ts";
import { type State, stateAfter, stateOf, stepOf } from "./world.ts";

const COUNT = 80;
const PARAMETERS = ["means", "sh_dc", "sh_rest", "opacities", "log_scales", "quats"];
const [BETA_1, BETA_2] = [0.9, 0.999];
/** Rows of odd index are only in front of the second camera. */
const VIEWS = [0, 0, 1, 0, 1, 0, 0];

deviceTest("Trainer.run() counts the steps of the rows that it updates", async (device) => {
  const { splats, photos } = twoSided(COUNT);
  const run = { splats, photos, rowSteps: true };
  const counts = async (step: Partial<Step>) =>
    (await stateAfter(device, run, VIEWS.map((view) => ({ view, ...step })))).row_steps;
  assertEquals([...await counts({})], new Array(COUNT).fill(VIEWS.length));
  assertEquals([...await counts({ update: 0, flags: STEP.statistics })], new Array(COUNT).fill(0));
  const { visible_steps, row_steps } = await stateAfter(
    device,
    run,
    VIEWS.map((view) => ({ view, flags: STEP.visible | STEP.statistics, update: 1 })),
  );
  assertEquals(row_steps, visible_steps);
  assertEquals(new Set(row_steps), new Set([0, 2, 5]));
});

deviceTest("Trainer.run() corrects Adam's bias by the steps of each row", async (device) => {
  const { splats, photos } = twoSided(COUNT);
  const flags = STEP.visible | STEP.rowBias;
  const before = await stateAfter(device, { splats, photos, rowSteps: true }, list(VIEWS.slice(0, -1), flags));
  const after = await stateAfter(device, { splats, photos, rowSteps: true }, list(VIEWS, flags));
  assertMoves(before, after, (i) => after.row_steps[i]);
});

deviceTest(
  "Trainer.run() corrects Adam's bias by the parameter's steps when it updates only visible rows",
  async (device) => {
    const { splats, photos } = twoSided(COUNT);
    const run = { splats, photos, rowSteps: true };
    const before = await stateAfter(device, run, list(VIEWS.slice(0, -1), STEP.visible));
    const after = await stateAfter(device, run, list(VIEWS, STEP.visible));
    assertMoves(before, after, () => VIEWS.length);
  },
);

deviceTest("Trainer.run() corrects every row's bias equally when every row has taken every step", async (device) => {
  const { splats, photos } = twoSided(COUNT);
  const run = { splats, photos, rowSteps: true };
  const byRow = await stateAfter(device, run, list(VIEWS, STEP.rowBias));
  const byParameter = await stateAfter(device, run, list(VIEWS, 0));
  for (const [k, name] of PARAMETERS.entries()) {
    const bound = 1e-3 * LEARNING_RATES[k];
    byRow[name].forEach((value, i) =>
      assertLessOrEqual(Math.abs(value - byParameter[name][i]), bound, `${name}[${i}]`)
    );
  }
});

deviceTest("Trainer.run() corrects the bias of a row that has taken many steps", async (device) => {
  const { splats, photos } = twoSided(COUNT);
  using gaussians = Gaussians.fromArrays(device, splats);
  using views = makeViews(device, photos);
  using trainer = Trainer.create(gaussians, views, { rowSteps: true });
  const many = Uint32Array.from({ length: COUNT }, (_, i) => 2 ** (i % 31));
  await trainer.state.import({ column: "row_steps", offset: 0, data: new Uint8Array(many.buffer) });
  const before = await stateOf(trainer);
  const plan = new StepPlan(1);
  plan.push(stepOf({ shDegree: 1, flags: STEP.rowBias }));
  await trainer.run(plan, new Control(1));
  const after = await stateOf(trainer);
  assertEquals(after.row_steps, many.map((count) => count + 1));
  assertMoves(before, after, (i) => many[i] + 1);
});

deviceTest(
  "Trainer.run() gives the same bits with bias correction by rows when it stores gradients",
  async (device) => {
    const { splats, photos } = twoSided(COUNT);
    const run = { splats, photos, rowSteps: true };
    for (const flags of [STEP.rowBias, STEP.rowBias | STEP.visible]) {
      const fused = await stateAfter(device, run, list(VIEWS, flags));
      assertEquals(await stateAfter(device, { ...run, unfused: true }, list(VIEWS, flags)), fused);
    }
  },
);

deviceTest("Trainer.run() gives the same bits with bias correction by rows and 1, 2 or 3 threads", async () => {
  const { splats, photos } = twoSided(COUNT);
  const states: State[] = [];
  for (const threads of [1, 2, 3]) {
    using device = await testDevice({ threads });
    const run = { splats, photos, rowSteps: true };
    states.push(await stateAfter(device, run, list(VIEWS, STEP.rowBias | STEP.visible)));
  }
  assertEquals(states[1], states[0]);
  assertEquals(states[2], states[0]);
});

function list(views: number[], flags: number): Partial<Step>[] {
  return views.map((view) => ({ view, flags, shDegree: 1 }));
}

/** Fails unless the last step changed each row as Adam's k-th step does, or left row and moments unchanged. */
function assertMoves(before: State, after: State, stepsOf: (row: number) => number): void {
  let moved = 0;
  for (const [k, name] of PARAMETERS.entries()) {
    const width = after[name].length / COUNT;
    for (const [i, value] of after[name].entries()) {
      const [m, v] = [after[`${name}_m`][i], after[`${name}_v`][i]];
      if (m === before[`${name}_m`][i] && v === before[`${name}_v`][i]) {
        assert(value === before[name][i] || m === 0, `${name}[${i}] moved without a step`);
        continue;
      }
      const row = stepsOf(Math.floor(i / width));
      const mean = m / (1 - BETA_1 ** row);
      const root = Math.sqrt(v / (1 - BETA_2 ** row));
      const expected = LEARNING_RATES[k] * mean / root;
      // The value's own rounding, and 5e-5 of the change: 1 - 0.999 in float.
      const bound = 2 ** -23 * Math.abs(value) + 1e-4 * Math.abs(expected);
      const where = `${name}[${i}] moved by ${before[name][i] - value}, Adam's step ${row} is ${expected}`;
      assertLessOrEqual(Math.abs(before[name][i] - value - expected), bound, where);
      moved++;
    }
  }
  assert(moved > 500, `${moved} values moved`);
}
