/**
 * The interface of strategies, which add and remove Gaussians. The loop ends a batch of steps at every event of the
 * strategy, and lets it change the Gaussians there.
 *
 * @module
 */

import type { AddedTerms, Trainer, TrainerOptions } from "../../ffi/trainer.ts";
import type { InitOptions } from "../../init/gaussians.ts";

/** The part of a step that a strategy determines. */
export interface StepTerms extends AddedTerms {
  /** Bits of `STEP` for what the step gathers, such as `STEP.statistics`; 0 for nothing. */
  flags: number;
  /** Mask of parameters that are not stepped, `1 << GROUP.opacities | …`; 0 for none. They keep values and moments. */
  frozen: number;
}

/** Position of an event in the run. */
export interface EventPlace {
  /** 1-based iteration; its step is done. */
  iteration: number;
  /** 1-based number of the densification event; 0 if the event is not one. */
  event: number;
  /** Number of densification events of the run. */
  events: number;
  /** Degree of the spherical harmonics of the iteration. */
  shDegree: number;
  /** Background of the iteration, red, green, blue. */
  background: readonly [number, number, number];
}

/** What a densification event did. */
export interface EventOutcome {
  /** The target count of the event. */
  target: number;
  /** Gaussians pruned, those that were relocated included. */
  pruned: number;
  /** Gaussians cloned; a relocated Gaussian is a clone. */
  cloned: number;
  /** Gaussians split in two. */
  split: number;
  /** Of those cloned and split, Gaussians that were not candidates: taken by gradient, as there were too few. */
  filled: number;
  /** The new count. */
  count: number;
}

/**
 * Adds and removes Gaussians. All methods except `apply` are pure functions of the iteration, so that a batch of steps
 * can be planned ahead. It has no state of its own between two events besides the trainer's, so that a run can go on from
 * a checkpoint.
 */
export interface Strategy {
  /** Its name. */
  readonly name: string;
  /** Iterations of the densification events, ascending. Their number determines the counts that the budget allows. */
  readonly densification: readonly number[];
  /**
   * Counts that the densification events leave, if they depend on the number of events by more than their places among
   * them. A plan of `maxSeconds` needs them; it finds others in a short run with fewer events. Default: they do not.
   */
  readonly counts?: readonly number[];
  /**
   * Camera depth in world units below which a Gaussian's gradient counts less in the density statistics. Default 0: all
   * count in full.
   */
  readonly fullGradientDepth?: number;
  /** Optional state of the trainer: fragment statistics, each Gaussian's step count, smallest scale. Default none. */
  readonly trainerState?: Pick<TrainerOptions, "fragments" | "rowSteps" | "smallestScales">;
  /** Opacity and relative size of initial Gaussians that are made of points. Default those of `initGaussians`. */
  readonly initial?: Pick<InitOptions, "opacity" | "scale">;
  /** Whether `apply` is due after the step of an iteration; a batch of steps ends there. True for `densification`. */
  isEvent(iteration: number): boolean;
  /** Indices of the training views that the event after an iteration needs; their photos are then on the device. */
  views(iteration: number): readonly number[];
  /** What the step of an iteration gathers and adds, and which parameters it does not step. */
  stepTerms(iteration: number): StepTerms;
  /**
   * Carries out the event after the step of an iteration.
   *
   * @param trainer Holds the Gaussians and their statistics
   * @param place Position of the event in the run
   * @returns What was done; undefined if the event is not a densification
   */
  apply(trainer: Trainer, place: EventPlace): Promise<EventOutcome | undefined>;
}
