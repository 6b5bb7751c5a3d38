// The step plan and the control block: what the trainer is told to do, and what it says while it does it.

import { ABI } from "./abi.ts";
import { checkCount, checkLength, TameError } from "./errors.ts";
import { Struct, structSize } from "./struct.ts";

/** Parameter groups: bit numbers of {@linkcode Step.update} and indices of {@linkcode Step.learningRates}. */
export const GROUP = {
  means: ABI.GROUP_MEANS,
  shDc: ABI.GROUP_SH_DC,
  shRest: ABI.GROUP_SH_REST,
  opacities: ABI.GROUP_OPACITIES,
  logScales: ABI.GROUP_LOG_SCALES,
  quats: ABI.GROUP_QUATS,
} as const;

/** Flags of {@linkcode Step.flags}. */
export const STEP = {
  /** Accumulate density statistics. */
  statistics: ABI.STEP_STATISTICS,
  /** Add this step's gradient of the higher spherical harmonics to the running sum. */
  shAccumulate: ABI.STEP_SH_ACCUMULATE,
  /** Step the higher spherical harmonics with that sum, then clear it. */
  shApply: ABI.STEP_SH_APPLY,
  /** Step only Gaussians that are visible in the view, without Adam's bias correction. */
  sparse: ABI.STEP_SPARSE,
} as const;

/** One optimisation step. */
export interface Step {
  /** Iteration, from 1. */
  iteration: number;
  /** Index of the view to render. */
  view: number;
  /** Index of the view that follows, to be fetched ahead. */
  nextView?: number;
  /** Active degree of the spherical harmonics. */
  shDegree: number;
  /** Bit mask of the groups to step: `1 << GROUP.means | …`. The others keep values, moments and step counts. */
  update: number;
  /** Bit mask of {@linkcode STEP}. Default 0. */
  flags?: number;
  /** Six learning rates, in the order of {@linkcode GROUP}. */
  learningRates: ArrayLike<number>;
  /** Background colour rgb. */
  background: ArrayLike<number>;
}

const STEP_BYTES = structSize("tame_step");
const MAX_STEPS = Math.floor(0xFFFFFFFF / STEP_BYTES);

/** A list of steps in the form that native code reads. */
export class StepPlan {
  /** Steps that fit. */
  readonly capacity: number;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  /** Makes an empty plan with room for `capacity` steps. */
  constructor(capacity: number) {
    checkCount("capacity", capacity, { minimum: 1, maximum: MAX_STEPS });
    this.capacity = capacity;
    this.#bytes = new Uint8Array(capacity * STEP_BYTES);
  }

  /** Number of steps. */
  get length(): number {
    return this.#length;
  }

  /** The records of the steps; a view, not a copy. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length * STEP_BYTES);
  }

  /** Removes all steps. */
  clear(): void {
    this.#length = 0;
  }

  /** Appends a step; throws "invalid argument" when the plan is full or a number is out of its range. */
  push(step: Step): void {
    if (this.#length === this.capacity) {
      throw new TameError("invalid argument", `The plan is full: it holds ${this.capacity} steps`);
    }
    checkCount("iteration", step.iteration, { minimum: 1 });
    checkCount("view", step.view);
    const { nextView = ABI.NO_VIEW, flags = 0 } = step;
    checkCount("nextView", nextView);
    checkLength("learningRates", step.learningRates, ABI.GROUPS);
    checkLength("background", step.background, 3);
    const record = new Struct("tame_step")
      .set("iteration", step.iteration)
      .set("view", step.view)
      .set("next_view", nextView)
      .set("sh_degree", step.shDegree)
      .set("update_mask", step.update)
      .set("flags", flags)
      .set("learning_rates", step.learningRates)
      .set("background", step.background);
    this.#bytes.set(record.bytes, this.#length * STEP_BYTES);
    this.#length++;
  }
}

/** What a running trainer tells, and how it is stopped; shared memory, so both work while it runs. */
export class Control {
  /** Steps that it can report. */
  readonly steps: number;
  /** @internal Words as in `TAME_CONTROL_*`. */
  readonly words: Int32Array<SharedArrayBuffer>;

  /** Makes a control block for plans of at most `steps` steps. */
  constructor(steps: number) {
    checkCount("steps", steps, { minimum: 1, maximum: MAX_STEPS });
    this.steps = steps;
    this.words = new Int32Array(new SharedArrayBuffer(4 * (ABI.CONTROL_LOSSES + steps)));
  }

  /** Ends the run, this one or the next, before its next step. */
  stop(): void {
    Atomics.store(this.words, ABI.CONTROL_STOP, 1);
  }

  /** Steps of the last run that are done. */
  get done(): number {
    return Atomics.load(this.words, ABI.CONTROL_DONE);
  }

  /** Iteration of the last step done. */
  get iteration(): number {
    return Atomics.load(this.words, ABI.CONTROL_ITERATION);
  }

  /** Losses of the steps done. */
  losses(): Float32Array<ArrayBuffer> {
    const words = this.words.slice(ABI.CONTROL_LOSSES, ABI.CONTROL_LOSSES + this.done);
    const losses = new Float32Array(words.length);
    new Int32Array(losses.buffer).set(words);
    return losses;
  }

  /** Clears the block, a request to stop among it. */
  reset(): void {
    this.words.fill(0);
  }
}
