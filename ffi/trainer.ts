// The trainer: runs step plans on Gaussians and views, scores the Gaussians, and gives access to its state.

import type { Camera } from "../base/scene.ts";
import { ABI } from "./abi.ts";
import { packCamera } from "./camera.ts";
import { Columns } from "./columns.ts";
import { checkCount, checkLength, TameError } from "./errors.ts";
import type { Gaussians } from "./gaussians.ts";
import type { Handle } from "./handle.ts";
import { GROUP } from "./parameters.ts";
import { type OptionalState, stateFlags, transformCode } from "./optional_state.ts";
import type { Control, StepPlan } from "./plan.ts";
import { type OpacityMode, TrainerState } from "./state.ts";
import { Struct, structSize } from "./struct.ts";
import type { Symbols } from "./symbols.ts";
import type { Views } from "./views.ts";

export { Columns, type DrawOptions, type EditOptions, type RowKind } from "./columns.ts";
export { GROUP, type ParameterName } from "./parameters.ts";
export { type AddedTerms, Control, STEP, type Step, StepPlan } from "./plan.ts";
export { SCORE } from "./score.ts";
export type { OpacityMode, StateChunk, TrainerProgress, TrainerState } from "./state.ts";

/** Options of {@linkcode Trainer.create}. */
export interface TrainerOptions extends OptionalState {
  /** Weight of D-SSIM in the loss, 0..1. Default 0.2. */
  lambdaDssim?: number;
  /**
   * Let gradients pass where alpha is clamped to 0.99, as the authors' implementation of Mallick et al. 2024 does; the
   * true derivative is 0 there. Default false.
   */
  passClampedGradient?: boolean;
  /**
   * Camera depth in world units below which a Gaussian's gradient counts less in the density statistics, by the square
   * of depth / `fullGradientDepth` (Zhang et al. 2024, Pixel-GS). Default 0: all count in full.
   */
  fullGradientDepth?: number;
  /** Adam's decay of the first moment. Default 0.9. */
  beta1?: number;
  /** Adam's decay of the second moment. Default 0.999. */
  beta2?: number;
  /** Adam's epsilon. Default 1e-15. */
  epsilon?: number;
}

/** Density statistics since the start or the last reset, one value for each Gaussian. */
export interface Statistics {
  /** Sums of the norms of the 2D means' gradients, in normalised device coordinates. */
  gradientSums: Float32Array;
  /** Steps in which the Gaussian was visible. */
  visibleSteps: Uint32Array;
  /** Largest radii, in pixels. */
  maxRadii: Float32Array;
}

/** Optimises Gaussians against views. Until it is disposed, only it may change the Gaussians. */
export class Trainer implements Disposable {
  /** The Gaussians it optimises. */
  readonly gaussians: Gaussians;
  /** @internal The views it optimises them against. */
  readonly views: Views;

  /** Named columns with one number for each Gaussian, with which strategies select and edit Gaussians. */
  readonly columns: Columns;
  /** Its state, for export and import. */
  readonly state: TrainerState;

  readonly #handle: Handle;

  private constructor(gaussians: Gaussians, views: Views, handle: (owner: Trainer) => Handle) {
    this.gaussians = gaussians;
    this.views = views;
    this.#handle = handle(this);
    gaussians.attach(this);
    const shared = {
      pointer: () => this.#handle.pointer,
      count: () => gaussians.count,
      recount: (count: number) => gaussians.recount(count),
    };
    this.columns = new Columns(gaussians.device, shared);
    this.state = new TrainerState(gaussians.device, shared);
  }

  /** @internal Makes a trainer with its optimiser state. Throws "busy" while another owns these Gaussians. */
  static create(gaussians: Gaussians, views: Views, options: TrainerOptions = {}): Trainer {
    const { bytes } = nativeOptions(options);
    gaussians.rejectWhileTraining("create a second trainer");
    return new Trainer(gaussians, views, (owner) =>
      gaussians.device.create(
        (symbols, error) => symbols.tame_trainer_create(gaussians.pointer, views.pointer, bytes, bytes.length, error),
        { owner, ...ABOUT },
      ));
  }

  /** @internal {@linkcode Trainer.create} queued after the calls before it, without blocking the event loop. */
  static async createAsync(gaussians: Gaussians, views: Views, options: TrainerOptions = {}): Promise<Trainer> {
    const { bytes } = nativeOptions(options);
    const claim = {};
    gaussians.rejectWhileTraining("create a second trainer");
    gaussians.attach(claim);
    try {
      const pointer = await gaussians.device.queueCreate((symbols, error) =>
        symbols.tame_trainer_create_async(gaussians.pointer, views.pointer, bytes, bytes.length, error)
      );
      return new Trainer(gaussians, views, (owner) => gaussians.device.adopt(pointer, { owner, ...ABOUT }));
    } catch (error) {
      gaussians.detach(claim);
      throw error;
    }
  }

  /**
   * @internal Runs a snapshot of the plan's steps in order; resolves to "cancelled" when `control.stop()` ended the run
   * after a whole step. The control block reports progress meanwhile.
   */
  async run(plan: StepPlan, control: Control): Promise<"done" | "cancelled"> {
    const { length } = plan;
    if (length > control.steps) {
      throw new TameError(
        "invalid argument",
        `The control block is for ${control.steps} steps, the plan has ${length}`,
      );
    }
    const { bytes, views, rates } = plan.snapshot();
    const words = control.words;
    Atomics.store(words, ABI.CONTROL_DONE, 0);
    const finished = await this.gaussians.device.queue((symbols, error) =>
      symbols.tame_trainer_run(
        this.#handle.pointer,
        bytes,
        bytes.length,
        length,
        structSize("tame_step"),
        views,
        views.length,
        rates,
        rates.length,
        words as unknown as BufferSource, // Deno accepts shared memory, although the type does not
        words.length,
        error,
      )
    );
    return finished ? "done" : "cancelled";
  }

  /**
   * Lowers every opacity to at most `maximum` (0..1, exclusive) and zeroes the opacities' moments.
   */
  async resetOpacity(maximum: number): Promise<void> {
    const opacities = this.state.progress.opacityMode === "linear"
      ? `max(${-maximum}, min(opacities, ${maximum}))`
      : `min(opacities, logit(${maximum}))`;
    await this.columns.compute("opacities", opacities);
    await this.columns.clearMoments(1 << GROUP.opacities);
  }

  /**
   * Changes the parametrisation of opacities; their used values stay, and their moments are zeroed. Downloads contain
   * logits in either mode.
   */
  setOpacityMode(mode: OpacityMode): void {
    const native = mode === "linear" ? ABI.OPACITY_LINEAR : ABI.OPACITY_LOGIT;
    this.gaussians.device.call((symbols, error) =>
      symbols.tame_trainer_set_opacity_mode(this.#handle.pointer, native, error)
    );
  }

  /**
   * Bounds each Gaussian's scales from below by the size of `pixels` pixels in the camera with the finest sampling (Yu
   * et al. 2024, Mip-Splatting, section 4.1), until the next call. Smaller scales are raised at once, and after each
   * step. Gaussians that no camera sees have no bound. The trainer needs the state `smallestScales`.
   *
   * @param cameras At least one camera
   * @param pixels Smallest scale in pixels, greater than 0
   */
  async limitScales(cameras: readonly Camera[], pixels: number): Promise<void> {
    const stride = structSize("tame_camera");
    const packed = new Uint8Array(stride * cameras.length);
    cameras.forEach((camera, i) => packed.set(packCamera(camera), i * stride));
    await this.gaussians.device.queue((symbols, error) =>
      symbols.tame_trainer_limit_scales(
        this.#handle.pointer,
        packed,
        packed.length,
        cameras.length,
        stride,
        pixels,
        error,
      )
    );
  }

  /** Reads the density statistics of the steps with `STEP.statistics`. */
  statistics(): Statistics {
    return {
      gradientSums: this.columns.read("gradient_sum"),
      visibleSteps: Uint32Array.from(this.columns.read("visible_steps")),
      maxRadii: this.columns.read("max_radius"),
    };
  }

  /** Counts the Gaussians that have a parameter, or a value of the optimiser, that is not a finite number. */
  async countNonFinite(): Promise<number> {
    const count = new Uint32Array(1);
    await this.gaussians.device.queue((symbols, error) =>
      symbols.tame_trainer_non_finite(this.#handle.pointer, count, count.length, error)
    );
    return count[0];
  }

  /** Zeroes all statistics. */
  resetStatistics(): void {
    this.gaussians.device.call((symbols, error) => symbols.tame_trainer_reset_statistics(this.#handle.pointer, error));
  }

  /**
   * Scores every Gaussian by its importance in some views (Mallick et al. 2024), each rendered once. Replaces earlier
   * scores.
   *
   * @param views Indices of the views; one that is listed twice counts twice
   * @param weights Twelve non-negative weights, in the order of {@linkcode SCORE}
   * @param options Active degree of the spherical harmonics, and background colour rgb
   */
  async score(
    views: readonly number[],
    weights: ArrayLike<number>,
    options: { shDegree: number; background: ArrayLike<number> },
  ): Promise<void> {
    views.forEach((view, i) => checkCount(`views[${i}]`, view));
    checkLength("weights", weights, ABI.SCORE_TERMS);
    const { shDegree, background } = options;
    checkCount("shDegree", shDegree, { maximum: 3 });
    checkLength("background", background, 3);
    const [red, green, blue] = Array.from(background);
    const indices = Uint32Array.from(views);
    const factors = Float32Array.from(weights);
    await this.gaussians.device.queue((symbols, error) =>
      symbols.tame_trainer_score(
        this.#handle.pointer,
        indices,
        indices.length,
        factors,
        factors.length,
        shDegree,
        red,
        green,
        blue,
        error,
      )
    );
  }

  /** Reads the scores, one per Gaussian; 0 before the first {@linkcode Trainer.score}. */
  scores(): Float32Array<ArrayBuffer> {
    return this.columns.read("score");
  }

  /** Releases the Gaussians and frees the optimiser's state, after any running call. */
  [Symbol.dispose](): void {
    this.gaussians.detach(this);
    this.#handle.close();
  }
}

const ABOUT = { what: "trainer", close: (symbols: Symbols) => symbols.tame_trainer_close };

function nativeOptions(options: TrainerOptions): Struct<"tame_trainer_options"> {
  return new Struct("tame_trainer_options")
    .set("lambda_dssim", options.lambdaDssim ?? 0.2)
    .set("beta1", options.beta1 ?? 0.9)
    .set("beta2", options.beta2 ?? 0.999)
    .set("epsilon", options.epsilon ?? 1e-15)
    .set("state", stateFlags(options))
    .set("pass_clamped_gradient", options.passClampedGradient ? 1 : 0)
    .set("full_gradient_depth", options.fullGradientDepth ?? 0)
    .set("views_per_step", options.viewsPerStep ?? 1)
    .set("transform", transformCode(options));
}
