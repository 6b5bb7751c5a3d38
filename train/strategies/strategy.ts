/**
 * What decides where Gaussians are added and removed. The loop knows this interface alone: it ends a batch of steps at
 * every event that a strategy names, and lets the strategy change the Gaussians there.
 *
 * @module
 */

import type { AddedTerms, Trainer, TrainerOptions } from "../../ffi/trainer.ts";

/** What a step does for a strategy. */
export interface StepTerms extends AddedTerms {
  /** Bits of `STEP` that say what the step gathers, such as `STEP.statistics`; 0 for nothing. */
  flags: number;
  /** Parameter groups that do not step, `1 << GROUP.opacities | …`; 0 for none. They keep values and moments. */
  frozen: number;
}

/** Where in a run an event stands. */
export interface EventPlace {
  /** 1-based iteration; its step is done. */
  iteration: number;
  /** 1-based number of the densification event; 0 where the event is none of them. */
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
  /** The count that the event was to leave. */
  target: number;
  /** Gaussians pruned. */
  pruned: number;
  /** Gaussians copied. */
  cloned: number;
  /** Gaussians replaced by two. */
  split: number;
  /** Of those two, Gaussians that were no candidates: taken by gradient, where the candidates did not suffice. */
  filled: number;
  /** The count now. */
  count: number;
}

/**
 * How a run changes the number of its Gaussians. All but `apply` are pure functions of the iteration, so that a batch
 * of steps can be planned ahead.
 */
export interface Strategy {
  /** Its name. */
  readonly name: string;
  /** Iterations of the densification events, ascending; their number is the E of the budget's curve. */
  readonly densification: readonly number[];
  /**
   * Camera depth in world units below which a Gaussian's gradient counts less in the density statistics. Default 0: all
   * count alike.
   */
  readonly fullGradientDepth?: number;
  /** State that the trainer keeps for it: statistics of fragments, a count of steps for each row. Default none. */
  readonly trainerState?: Pick<TrainerOptions, "fragments" | "rowSteps">;
  /** Whether `apply` is due after the step of an iteration; a batch of steps ends there. True for `densification`. */
  isEvent(iteration: number): boolean;
  /** Indices of the training views that the event after an iteration looks at, so that their photos are held. */
  views(iteration: number): readonly number[];
  /** What the step of an iteration gathers, and what it leaves alone. */
  stepTerms(iteration: number): StepTerms;
  /**
   * Does what is due after the step of an iteration.
   *
   * @param trainer Holds the Gaussians and their statistics
   * @param place Where in the run the event stands
   * @returns What was done; undefined where the event is no densification
   */
  apply(trainer: Trainer, place: EventPlace): Promise<EventOutcome | undefined>;
}
