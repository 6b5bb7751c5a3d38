// The state of a trainer: exported, imported into a new trainer with new Gaussians, and continued, bit for bit.
import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import type { Device } from "../../ffi/device.ts";
import { TameError } from "../../ffi/errors.ts";
import { Gaussians } from "../../ffi/gaussians.ts";
import {
  Control,
  type OpacityMode,
  type StateChunk,
  STEP,
  StepPlan,
  Trainer,
  type TrainerOptions,
  type TrainerProgress,
} from "../../ffi/trainer.ts";
import { grow } from "../../train/strategies/grow.ts";
import { EVERYTHING, LEARNING_RATES, makeViews, trainingProblem } from "../gpu/training.ts";
import { assertSameBits } from "../raster/compare.ts";
import { deviceTest } from "../support/device.ts";
import { assertSameState, exportColumns, type StateColumns } from "../support/trainer_state.ts";

const CAPACITY = 300;
const SH_DEGREE = 2;
const OPTIONS: TrainerOptions = { shAccumulation: true };
const PROBLEM = trainingProblem(120);
const FIELDS = ["means", "logScales", "quats", "opacities", "sh"] as const;

/** The state after a hundred steps. */
interface Hundred {
  losses: Float32Array;
  rows: Float32Array;
  state: StateColumns;
  progress: TrainerProgress;
}

/** A trainer with its own Gaussians. */
function create(device: Device, count: number, options = OPTIONS): { trainer: Trainer } & Disposable {
  const gaussians = Gaussians.create(device, { capacity: CAPACITY, shDegree: SH_DEGREE, count });
  if (count > 0) { for (const field of FIELDS) gaussians.upload(field, PROBLEM.splats[field]); }
  const views = makeViews(device, PROBLEM.photos);
  const trainer = Trainer.create(gaussians, views, options);
  return {
    trainer,
    [Symbol.dispose]() {
      for (const handle of [trainer, views, gaussians]) handle[Symbol.dispose]();
    },
  };
}

/**
 * A hundred steps from iteration `first` on, all with density statistics and sums of harmonics, which are applied at
 * multiples of 16: at iteration 100 some are pending. At the 60th Gaussians grow by score.
 */
async function hundredSteps(trainer: Trainer, first: number): Promise<Hundred> {
  const control = new Control(100);
  const losses: number[] = [];
  const run = async (from: number, steps: number) => {
    const plan = new StepPlan(steps);
    for (let iteration = from; iteration < from + steps; iteration++) {
      plan.push({
        iteration,
        view: iteration % PROBLEM.photos.length,
        shDegree: Math.min(SH_DEGREE, Math.floor(iteration / 30)),
        update: iteration % 7 === 0 ? EVERYTHING & ~1 : EVERYTHING, // step counts that differ
        flags: STEP.statistics | STEP.shAccumulate | (iteration % 16 === 0 ? STEP.shApply : 0),
        learningRates: LEARNING_RATES,
        background: [0.1, 0.2, 0.3],
      });
    }
    assertEquals(await trainer.run(plan, control), "done");
    losses.push(...control.losses());
  };
  await run(first, 60);
  await trainer.score([2, 0], new Array(12).fill(1), { shDegree: SH_DEGREE, background: [0, 0, 0] });
  const target = trainer.gaussians.count + 40;
  await grow(trainer, { iteration: first, round: 0, target, gradientThreshold: 0, sizeThreshold: 0.1, fill: true });
  await run(first + 60, 40);
  const { gaussians } = trainer;
  return {
    losses: Float32Array.from(losses),
    rows: gaussians.plyRows(0, gaussians.count),
    state: await exportColumns(trainer),
    progress: trainer.state.progress,
  };
}

/** A whole export, with the progress as JSON. */
async function saved({ state }: Trainer, chunkBytes: number): Promise<{ progress: string; chunks: StateChunk[] }> {
  return { progress: JSON.stringify(state.progress), chunks: await Array.fromAsync(state.export(chunkBytes)) };
}

async function restore({ state }: Trainer, { progress, chunks }: { progress: string; chunks: StateChunk[] }) {
  state.restore(JSON.parse(progress));
  for (const chunk of chunks) await state.import(chunk);
}

for (const mode of ["logit", "linear"] as const satisfies OpacityMode[]) {
  deviceTest(
    `a new trainer that imports the state of one with ${mode} opacities continues it bit for bit`,
    async (device) => {
      using first = create(device, 120);
      if (mode === "linear") first.trainer.setOpacityMode("linear");
      const before = await hundredSteps(first.trainer, 1);
      assert(before.state.get("sh_rest_sum")!.data.some((value) => value !== 0), "no sums are pending");
      assert(before.state.get("gradient_sum")!.data.some((value) => value !== 0), "there are no statistics");
      const save = await saved(first.trainer, 5000);
      assert(save.chunks.every(({ data }) => data.length <= 5000));
      const expected = await hundredSteps(first.trainer, 101);

      // New Gaussians, fewer and more than those saved.
      for (const count of [0, 120]) {
        using fresh = create(device, count);
        await restore(fresh.trainer, save);
        assertEquals(fresh.trainer.gaussians.count, before.progress.count);
        assertEquals(fresh.trainer.state.progress, before.progress);
        assertSameState(await exportColumns(fresh.trainer), before.state);
        const actual = await hundredSteps(fresh.trainer, 101);
        assertSameBits(actual.losses, expected.losses, "losses");
        assertSameBits(actual.rows, expected.rows, "PLY rows");
        assertSameState(actual.state, expected.state);
        assertEquals(actual.progress, expected.progress);
      }
      assertEquals(expected.progress.opacityMode, mode);
      assertNotEquals(expected.rows.length, before.rows.length);
      // And back into the trainer that has continued.
      await restore(first.trainer, save);
      assertSameState(await exportColumns(first.trainer), before.state);
      assertSameBits((await hundredSteps(first.trainer, 101)).rows, expected.rows, "PLY rows again");
    },
  );
}

deviceTest("TrainerState.columns() lists the columns of the options in a fixed order", (device) => {
  const parameters = ["means", "sh_dc", "sh_rest", "opacities", "log_scales", "quats"];
  const moments = ["_m", "_v"].flatMap((suffix) => parameters.map((name) => name + suffix));
  const density = ["gradient_sum", "visible_steps", "max_radius"];
  const fragments = [
    "fragment_count",
    "weight_sum",
    "absolute_gradient_sum",
    "opacity_gradient_sum",
    "opacity_gradient_square_sum",
  ];
  const transform = ["transform", "transform_m", "transform_v", "transform_steps"];
  const cases: [TrainerOptions, string[]][] = [
    [{}, [...parameters, ...moments, ...density, "score"]],
    [
      { shAccumulation: true, rowSteps: true, smallestScales: true, fragments: true, transform: "gains" },
      [
        ...[...parameters, ...moments, "sh_rest_sum", "row_steps", "smallest_scale"],
        ...[...density, ...fragments, "score", ...transform],
      ],
    ],
  ];
  for (const [options, names] of cases) {
    using made = create(device, 120, options);
    const columns = made.trainer.state.columns();
    assertEquals(columns.map(({ name }) => name), names);
    for (const { name, values, integer, rows } of columns) {
      assertEquals(rows, transform.includes(name) ? PROBLEM.photos.length : 120, name);
      assertEquals(integer, ["visible_steps", "row_steps", "transform_steps"].includes(name), name);
      const width = { means: 3, sh_dc: 3, sh_rest: 24, log_scales: 3, quats: 4 }[name.replace(/_([mv]|sum)$/, "")] ?? 1;
      assertEquals(values, name.startsWith("transform") && name !== "transform_steps" ? 3 : width, name);
    }
  }
});

deviceTest("TrainerState.restore() and import() reject what does not fit, and change nothing", async (device) => {
  using made = create(device, 120, {});
  const { trainer } = made;
  const { state } = trainer;
  const before = await exportColumns(trainer);
  const { progress } = state;
  const wrong: [Partial<TrainerProgress>, string][] = [
    [{ count: CAPACITY + 1 }, "progress.count is 301: expected 0 to 300"],
    [{ count: 0.5 }, "count is 0.5"],
    [{ liveShDegree: SH_DEGREE + 1 }, "progress.live_sh_degree is 3: expected 0 to 2"],
    [{ liveShDegree: 4 }, "liveShDegree is 4"],
    [{ steps: { ...progress.steps, quats: -1 } }, "steps.quats is -1"],
    [{ steps: {} as TrainerProgress["steps"] }, "steps.means is undefined"],
    [{ opacityMode: "loud" as OpacityMode }, 'opacityMode is "loud"'],
  ];
  for (const [change, words] of wrong) {
    assertThrows(() => state.restore({ ...progress, ...change }), TameError, words);
  }
  const chunk = (column: string, offset: number, bytes: number) => ({ column, offset, data: new Uint8Array(bytes) });
  const chunks: [StateChunk, string][] = [
    [chunk("sh_rest_sum", 0, 96), "no column sh_rest_sum"], // this trainer has none
    [chunk("nobody", 0, 4), "no column nobody"],
    [chunk("means", 0, 13), "13 bytes are not whole rows of means, 12 each"],
    [chunk("means", 119, 24), "Rows 119 to 121 of 120 of the column means: past the end"],
    [chunk("opacities", 121, 4), "Rows 121 to 122 of 120"],
    [chunk("quats", -1, 16), "offset is -1"],
  ];
  for (const [one, words] of chunks) await assertRejects(() => state.import(one), TameError, words);
  await assertRejects(() => Array.fromAsync(state.export(0.5)), TameError, "chunkBytes is 0.5");
  assertSameState(await exportColumns(trainer), before);
  assertEquals(state.progress, progress);
});

deviceTest("TrainerState.import() accepts bytes at any offset of a buffer", async (device) => {
  using made = create(device, 120);
  const values = Float32Array.of(1.5, -2.5, 3.5);
  const data = new Uint8Array(13);
  data.set(new Uint8Array(values.buffer), 1);
  await made.trainer.state.import({ column: "means", offset: 7, data: data.subarray(1) });
  assertEquals(made.trainer.gaussians.download("means").subarray(21, 24), values);
});
