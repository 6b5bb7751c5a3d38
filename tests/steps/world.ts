// Shared by the tests of single steps: runs that return every column of the state, and Gaussians on a grid.
import type { Device } from "../../ffi/device.ts";
import { Gaussians, type SplatArrays } from "../../ffi/gaussians.ts";
import { Control, type Step, StepPlan, Trainer, type TrainerOptions } from "../../ffi/trainer.ts";
import { EVERYTHING, LEARNING_RATES, makeViews, type Photo } from "../gpu/training.ts";

/** Every column of a trainer's state, values of a row together. */
export type State = Record<string, Float32Array | Uint32Array>;

/** What {@linkcode stateAfter} trains. */
export interface Run extends TrainerOptions {
  splats: SplatArrays;
  photos: Photo[];
  /** Whether opacities are linear. Default logits. */
  linear?: boolean;
}

/** A step; by default on view 0, of all parameters, at SH degree 0. */
export function stepOf(step: Partial<Step>, iteration = 1): Step {
  return {
    iteration,
    view: 0,
    shDegree: 0,
    update: EVERYTHING,
    learningRates: LEARNING_RATES,
    background: [0.2, 0.3, 0.4],
    ...step,
  };
}

/** The state after some steps. */
export async function stateAfter(device: Device, run: Run, list: Partial<Step>[]): Promise<State> {
  const { splats, photos, linear, ...options } = run;
  using gaussians = Gaussians.fromArrays(device, splats);
  using views = makeViews(device, photos);
  using trainer = Trainer.create(gaussians, views, options);
  if (linear) trainer.setOpacityMode("linear");
  const plan = new StepPlan(Math.max(1, list.length), options.viewsPerStep);
  list.forEach((step, i) => plan.push(stepOf(step, i + 1)));
  if (list.length > 0) await trainer.run(plan, new Control(list.length));
  return await stateOf(trainer);
}

/** The current state of a trainer. */
export async function stateOf({ state }: Trainer): Promise<State> {
  const integers = new Set(state.columns().filter(({ integer }) => integer).map(({ name }) => name));
  const columns: State = {};
  for await (const { column, data } of state.export(2 ** 28)) {
    columns[column] = integers.has(column) ? new Uint32Array(data.buffer) : new Float32Array(data.buffer);
  }
  return columns;
}
