// The step plan, which lists the steps that a trainer runs, and the control block, which reports progress and stops it.

import { ABI } from "./abi.ts";
import { checkCount, checkLength, TameError } from "./errors.ts";
import { Struct, structSize } from "./struct.ts";

/** Flags of {@linkcode Step.flags}. */
export const STEP = {
  /** Gather density statistics: `gradient_sum`, `visible_steps`, `max_radius`. */
  statistics: ABI.STEP_STATISTICS,
  /** Add this step's gradient of the higher spherical harmonics to the running sum. */
  shAccumulate: ABI.STEP_SH_ACCUMULATE,
  /** Step the higher spherical harmonics with that sum, then clear it. */
  shApply: ABI.STEP_SH_APPLY,
  /** Step only Gaussians that are visible in one of the step's views. */
  visible: ABI.STEP_VISIBLE,
  /** Adam without bias correction. */
  noBias: ABI.STEP_NO_BIAS,
  /** Bias correction by the number of steps of each Gaussian. */
  rowBias: ABI.STEP_ROW_BIAS,
  /** Gather fragment statistics: `fragment_count`, `weight_sum`, `absolute_gradient_sum`, `opacity_gradient_*`. */
  fragments: ABI.STEP_FRAGMENTS,
  /** Step the view transform's parameters of the step's views. */
  transform: ABI.STEP_TRANSFORM,
  /** Noise and pressures only on Gaussians that are visible in one of the step's views. */
  visibleTerms: ABI.STEP_VISIBLE_TERMS,
  /** `opacityPressure` is a gradient of the logits, not of the used opacities. */
  logitPressure: ABI.STEP_LOGIT_PRESSURE,
} as const;

/** Terms that a step adds to the gradients and to the means. */
export interface AddedTerms {
  /** Weight of the sum of the used opacities, which is added to the loss. Default 0. */
  opacityPressure?: number;
  /** Weight of the sum of the scales (world units), which is added to the loss. Default 0. */
  scalePressure?: number;
  /**
   * After Adam the means move by `noise` · σ(−100 (opacity − 0.005)) · Σ ξ, ξ standard normal, each coordinate by at
   * most one standard deviation of the Gaussian (Kheradmand et al. 2024, 3DGS as MCMC, section 3.2). Default 0.
   */
  noise?: number;
}

/** One optimisation step. */
export interface Step extends AddedTerms {
  /** Iteration, from 1. */
  iteration: number;
  /** Index of the view to render, or of the trainer's `viewsPerStep` views. */
  view: number | readonly number[];
  /** Index of the next step's (first) view, which is copied ahead. Default none. */
  nextView?: number;
  /** Active degree of the spherical harmonics. */
  shDegree: number;
  /** Bit mask of the parameters to step: `1 << GROUP.means | …`. The others keep values, moments and step counts. */
  update: number;
  /** Bit mask of {@linkcode STEP}. Default 0. */
  flags?: number;
  /** Learning rate of each parameter, in the order of `GROUP`. */
  learningRates: ArrayLike<number>;
  /** Background colour rgb. */
  background: ArrayLike<number>;
  /** Learning rate of the view transform's parameters. Default 0. */
  transformRate?: number;
  /**
   * Weight, in world units, of the mean difference of the render's inverse depths from those of `Views.setDepths`,
   * which is added to each view's loss; `cuda/tame.h` has the formula. Default 0.
   */
  depthWeight?: number;
}

const STEP_BYTES = structSize("tame_step");
const MAX_STEPS = Math.floor(0xFFFFFFFF / STEP_BYTES);

/** A list of steps in the format of native code. */
export class StepPlan {
  /** Maximum number of steps. */
  readonly capacity: number;
  /** Views of a step. */
  readonly viewsPerStep: number;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #views: Uint32Array<ArrayBuffer>;
  readonly #rates: Float32Array<ArrayBuffer>;
  #length = 0;

  /** Makes an empty plan for at most `capacity` steps of `viewsPerStep` views (default 1). */
  constructor(capacity: number, viewsPerStep = 1) {
    checkCount("capacity", capacity, { minimum: 1, maximum: MAX_STEPS });
    checkCount("viewsPerStep", viewsPerStep, { minimum: 1, maximum: 64 });
    this.capacity = capacity;
    this.viewsPerStep = viewsPerStep;
    this.#bytes = new Uint8Array(capacity * STEP_BYTES);
    this.#views = new Uint32Array(capacity * viewsPerStep);
    this.#rates = new Float32Array(capacity * ABI.PARAMETERS);
  }

  /** Number of steps. */
  get length(): number {
    return this.#length;
  }

  /** Copies of the steps' records, their views and their learning rates. */
  snapshot(): { bytes: Uint8Array<ArrayBuffer>; views: Uint32Array<ArrayBuffer>; rates: Float32Array<ArrayBuffer> } {
    return {
      bytes: this.#bytes.slice(0, this.#length * STEP_BYTES),
      views: this.#views.slice(0, this.#length * this.viewsPerStep),
      rates: this.#rates.slice(0, this.#length * ABI.PARAMETERS),
    };
  }

  /** Removes all steps. */
  clear(): void {
    this.#length = 0;
  }

  /** Appends a step; throws "invalid argument" when the plan is full or a number is out of its range. */
  push(step: Step): void {
    if (this.#length === this.capacity) {
      throw new TameError("invalid argument", `The plan is full: its capacity is ${this.capacity} steps`);
    }
    const views = typeof step.view === "number" ? [step.view] : step.view;
    const { nextView = ABI.NO_VIEW, flags = 0, transformRate = 0, depthWeight = 0 } = step;
    const { opacityPressure = 0, scalePressure = 0, noise = 0 } = step;
    checkCount("iteration", step.iteration, { minimum: 1 });
    checkLength("view", views, this.viewsPerStep);
    for (const view of views) checkCount("view", view);
    checkCount("nextView", nextView);
    checkLength("learningRates", step.learningRates, ABI.PARAMETERS);
    checkLength("background", step.background, 3);
    const record = new Struct("tame_step")
      .set("iteration", step.iteration)
      .set("next_view", nextView)
      .set("sh_degree", step.shDegree)
      .set("update_mask", step.update)
      .set("flags", flags)
      .set("background", step.background)
      .set("transform_rate", transformRate)
      .set("opacity_pressure", opacityPressure)
      .set("scale_pressure", scalePressure)
      .set("noise", noise)
      .set("depth_weight", depthWeight);
    this.#bytes.set(record.bytes, this.#length * STEP_BYTES);
    this.#views.set(views, this.#length * this.viewsPerStep);
    this.#rates.set(step.learningRates, this.#length * ABI.PARAMETERS);
    this.#length++;
  }
}

/** Reports the progress of a running trainer, and stops it; shared memory, so that both work during a native call. */
export class Control {
  /** Maximum number of steps that it can report. */
  readonly steps: number;
  /** @internal Words as in `TAME_CONTROL_*`. */
  readonly words: Int32Array<SharedArrayBuffer>;

  /** Makes a control block for plans of at most `steps` steps. */
  constructor(steps: number) {
    checkCount("steps", steps, { minimum: 1, maximum: MAX_STEPS });
    this.steps = steps;
    this.words = new Int32Array(new SharedArrayBuffer(4 * (ABI.CONTROL_LOSSES + steps)));
  }

  /** Ends the current or the next run before its next step. */
  stop(): void {
    Atomics.store(this.words, ABI.CONTROL_STOP, 1);
  }

  /** Finished steps of the last run. */
  get done(): number {
    return Atomics.load(this.words, ABI.CONTROL_DONE);
  }

  /** Iteration of the last finished step. */
  get iteration(): number {
    return Atomics.load(this.words, ABI.CONTROL_ITERATION);
  }

  /** Losses of the finished steps. */
  losses(): Float32Array<ArrayBuffer> {
    const words = this.words.slice(ABI.CONTROL_LOSSES, ABI.CONTROL_LOSSES + this.done);
    const losses = new Float32Array(words.length);
    new Int32Array(losses.buffer).set(words);
    return losses;
  }

  /** Clears the block, including a request to stop. */
  reset(): void {
    this.words.fill(0);
  }
}
