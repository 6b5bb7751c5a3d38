// The trainer: runs step plans over Gaussians and views, scores the Gaussians, prunes and densifies them.

import { ABI, Struct, structSize } from "./abi.ts";
import { checkCount, checkLength, TameError } from "./errors.ts";
import {
  type Densified,
  type DensifyOptions,
  densifyOptions,
  densifyResult,
  type Pruned,
  type PruneOptions,
  pruneOptions,
  pruneResult,
  type ReferenceDensified,
  type ReferenceOptions,
  referenceOptions,
  referenceResult,
} from "./densify.ts";
import type { Gaussians } from "./gaussians.ts";
import type { Handle } from "./handle.ts";
import type { Control, StepPlan } from "./plan.ts";
import type { Symbols } from "./symbols.ts";
import type { Views } from "./views.ts";

export {
  type Densified,
  type DensifyOptions,
  type Pruned,
  type PruneOptions,
  type ReferenceDensified,
  type ReferenceOptions,
  SCORE,
} from "./densify.ts";
export { Control, GROUP, STEP, type Step, StepPlan } from "./plan.ts";

/** Options of {@linkcode Trainer.create}. */
export interface TrainerOptions {
  /** Weight of D-SSIM in the loss, 0..1. Default 0.2. */
  lambdaDssim?: number;
  /** Take memory for the running sum of `STEP.shAccumulate`. Default false. */
  shAccumulation?: boolean;
  /**
   * Let gradients pass alpha's cap of 0.99 as if it were not there, as the authors' implementation of Mallick et al.
   * 2024 does; where the cap holds the true derivative is 0. Default false.
   */
  passClampedGradient?: boolean;
  /**
   * Camera depth in world units below which a Gaussian's gradient counts less in the density statistics, by the square
   * of depth / `fullGradientDepth` (Zhang et al. 2024, Pixel-GS). Default 0: all count alike.
   */
  fullGradientDepth?: number;
  /** Adam's decay of the first moment. Default 0.9. */
  beta1?: number;
  /** Adam's decay of the second moment. Default 0.999. */
  beta2?: number;
  /** Adam's epsilon. Default 1e-15. */
  epsilon?: number;
}

/** What opacities are trained as: logits, or x of which min(|x|, 1) is used. */
export type OpacityMode = "logit" | "linear";

/** Density statistics since the start or the last reset, one of each per Gaussian. */
export interface Statistics {
  /** Sums of the norms of the 2D means' gradients, in normalised device coordinates. */
  gradientSums: Float32Array;
  /** Steps in which the Gaussian was visible. */
  visibleSteps: Uint32Array;
  /** Largest radii, in pixels. */
  maxRadii: Float32Array;
}

/** Optimises Gaussians against views. While it lives only it may change the Gaussians. */
export class Trainer implements Disposable {
  /** The Gaussians it optimises. */
  readonly gaussians: Gaussians;
  /** @internal The views it optimises them against. */
  readonly views: Views;

  readonly #handle: Handle;

  private constructor(gaussians: Gaussians, views: Views, handle: (owner: Trainer) => Handle) {
    this.gaussians = gaussians;
    this.views = views;
    this.#handle = handle(this);
    gaussians.attach(this);
  }

  /** @internal Makes a trainer with its optimiser state. Throws "busy" while another lives on these Gaussians. */
  static create(gaussians: Gaussians, views: Views, options: TrainerOptions = {}): Trainer {
    const { bytes } = nativeOptions(options);
    gaussians.refuseWhileTraining("create a second trainer");
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
    gaussians.refuseWhileTraining("create a second trainer");
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
   * @internal Runs the plan's steps in order, as the plan is now; resolves to "cancelled" when `control.stop()` ended
   * it after the last whole step. The control block reports progress meanwhile.
   */
  async run(plan: StepPlan, control: Control): Promise<"done" | "cancelled"> {
    const { length } = plan;
    if (length > control.steps) {
      throw new TameError(
        "invalid argument",
        `The control block is for ${control.steps} steps, the plan has ${length}`,
      );
    }
    const bytes = plan.bytes.slice();
    const words = control.words;
    Atomics.store(words, ABI.CONTROL_DONE, 0);
    const finished = await this.gaussians.device.queue((symbols, error) =>
      symbols.tame_trainer_run(
        this.#handle.pointer,
        bytes,
        bytes.length,
        length,
        structSize("tame_step"),
        words as unknown as BufferSource, // shared memory passes as well, though the type says no
        words.length,
        error,
      )
    );
    return finished ? "done" : "cancelled";
  }

  /** Lowers every opacity to at most `maximum` (0..1, exclusive) and forgets the opacities' moments. */
  resetOpacity(maximum: number): void {
    this.gaussians.device.call((symbols, error) =>
      symbols.tame_trainer_reset_opacity(this.#handle.pointer, maximum, error)
    );
  }

  /**
   * Changes what opacities are trained as; their used values stay and their moments are forgotten. Downloads hold logits
   * in either mode.
   */
  setOpacityMode(mode: OpacityMode): void {
    const native = mode === "linear" ? ABI.OPACITY_LINEAR : ABI.OPACITY_LOGIT;
    this.gaussians.device.call((symbols, error) =>
      symbols.tame_trainer_set_opacity_mode(this.#handle.pointer, native, error)
    );
  }

  /** Reads the density statistics of the steps with `STEP.statistics`. */
  statistics(): Statistics {
    const { count } = this.gaussians;
    const gradientSums = new Float32Array(count);
    const visibleSteps = new Uint32Array(count);
    const maxRadii = new Float32Array(count);
    this.gaussians.device.call((symbols, error) =>
      symbols.tame_trainer_statistics(
        this.#handle.pointer,
        gradientSums,
        count,
        visibleSteps,
        count,
        maxRadii,
        count,
        error,
      )
    );
    return { gradientSums, visibleSteps, maxRadii };
  }

  /** Forgets the density statistics. */
  resetStatistics(): void {
    this.gaussians.device.call((symbols, error) => symbols.tame_trainer_reset_statistics(this.#handle.pointer, error));
  }

  /**
   * Scores every Gaussian by its importance in the views named (indices; one named twice counts twice), each rendered
   * once; replaces the scores of an earlier call.
   *
   * @param views Indices of the views
   * @param weights Twelve weights, in the order of {@linkcode SCORE}, not negative
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
    const scores = new Float32Array(this.gaussians.count);
    this.gaussians.device.call((symbols, error) =>
      symbols.tame_trainer_scores(this.#handle.pointer, scores, scores.length, error)
    );
    return scores;
  }

  /**
   * @internal Removes Gaussians: a share of the weak ones, drawn by low score, then those of the lowest scores above
   * the target. The others keep their order and all their state.
   */
  prune(options: PruneOptions): Pruned {
    const input = pruneOptions(options).bytes;
    const result = new Struct("tame_prune_result");
    const { bytes } = result;
    this.gaussians.device.call((symbols, error) =>
      symbols.tame_trainer_prune(this.#handle.pointer, input, input.length, bytes, bytes.length, error)
    );
    this.gaussians.recount(result.number("count"));
    return pruneResult(result);
  }

  /**
   * @internal Clones and splits Gaussians until there are `target`, at most twice as many as there were: call again
   * with the next round where the count falls short. New rows have no moments and inherit scores and statistics.
   */
  densify(options: DensifyOptions): Densified {
    const input = densifyOptions(options).bytes;
    const result = new Struct("tame_densify_result");
    const { bytes } = result;
    this.gaussians.device.call((symbols, error) =>
      symbols.tame_trainer_densify(this.#handle.pointer, input, input.length, bytes, bytes.length, error)
    );
    this.gaussians.recount(result.number("count"));
    return densifyResult(result);
  }

  /**
   * @internal A whole event as the authors' implementation of Mallick et al. 2024 carries it out: growth by candidates,
   * then pruning of weak Gaussians by scores that growth has put out of place.
   */
  densifyReference(options: ReferenceOptions): ReferenceDensified {
    const input = referenceOptions(options).bytes;
    const result = new Struct("tame_reference_result");
    const { bytes } = result;
    this.gaussians.device.call((symbols, error) =>
      symbols.tame_trainer_densify_reference(this.#handle.pointer, input, input.length, bytes, bytes.length, error)
    );
    this.gaussians.recount(result.number("count"));
    return referenceResult(result);
  }

  /** Gives the Gaussians back and frees the optimiser's state, after the running call if there is one. */
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
    .set("sh_accumulation", options.shAccumulation ? 1 : 0)
    .set("pass_clamped_gradient", options.passClampedGradient ? 1 : 0)
    .set("full_gradient_depth", options.fullGradientDepth ?? 0);
}
