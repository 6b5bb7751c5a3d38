/**
 * Runs that diverge: how that is noticed, and what happens then.
 *
 * There are three signs: a loss that is not a finite number, Gaussians with a parameter that is not one, and a loss far
 * above its start. The losses of all steps are watched. Gaussians are counted where the run waits for the device anyway:
 * at events, saves, evaluations and checkpoints.
 *
 * @module
 */

import { apiName, rowsNamed } from "../base/option.ts";
import type { TrainEvent } from "./events.ts";
import { TRAIN_ROWS } from "./option_table.ts";
import type { ResolvedTrainOptions } from "./options.ts";
import type { DivergenceSign, Run } from "./run.ts";
import { lossLimit, type RunState } from "./state.ts";

type RateName =
  | "positionLrInit"
  | "positionLrFinal"
  | "featureLr"
  | "shfeatureLr"
  | "opacityLr"
  | "scalingLr"
  | "rotationLr";

/** The learning rates. That of positions at the end is compared with the one at the start, which is higher. */
const RATES = rowsNamed(
  TRAIN_ROWS,
  "position_lr_init",
  "feature_lr",
  "shfeature_lr",
  "opacity_lr",
  "scaling_lr",
  "rotation_lr",
).map((row) => ({ name: apiName(row) as RateName, usual: row.default }));
const FINAL_RATE = { name: "positionLrFinal", usual: RATES[0].usual } as const;

/** The error that ends a run which has diverged. The message uses the library's names of options. */
export class DivergenceError extends Error {
  /** The iteration at which it was noticed. */
  readonly iteration: number;
  /** The iteration of the last checkpoint, whose numbers are all finite; undefined if there is none. */
  readonly checkpoint: number | undefined;
  /** The message with other names of options, such as those of flags. */
  readonly spelled: (spelling: (name: string) => string) => string;

  /**
   * Creates the error of a run.
   *
   * @param iteration The iteration at which it was noticed
   * @param checkpoint The iteration of the last checkpoint, if there is one
   * @param spelled Writes the message with a given spelling of option names
   */
  constructor(
    iteration: number,
    checkpoint: number | undefined,
    spelled: (spelling: (name: string) => string) => string,
  ) {
    super(spelled((name) => name));
    this.iteration = iteration;
    this.checkpoint = checkpoint;
    this.spelled = spelled;
  }
}

/**
 * The learning rate that is largest compared with its default, as a sentence.
 *
 * @param options Options of the run
 * @param spelling The name of an option for the user
 */
export function likelyCause(
  options: Pick<ResolvedTrainOptions, RateName>,
  spelling: (name: string) => string = (name) => name,
): string {
  const ratios = [...RATES, FINAL_RATE].map(({ name, usual }) => ({ name, ratio: options[name] / usual }));
  const { name, ratio } = ratios.reduce((most, rate) => rate.ratio > most.ratio ? rate : most);
  if (ratio <= 1) return "No learning rate is above the usual one: look at the capture's photos, masks and poses";
  return `${spelling(name)} is ${Number(ratio.toPrecision(2))} times the usual rate: try a lower one`;
}

/** Reports the signs that the losses of the last steps gave; see {@linkcode reportSign}. */
export function* reportLosses(run: Run): Generator<TrainEvent, void, void> {
  const { state } = run;
  if (state.nonFiniteAt !== null) {
    yield* reportSign(run, "loss", `The loss is not a finite number from iteration ${state.nonFiniteAt} on`);
  } else if (state.highAt !== null) yield* reportSign(run, "height", heightText(state));
}

function heightText(state: RunState): string {
  const [mean, first] = [state.meanLoss!, state.firstLoss!].map((loss) => Number(loss.toPrecision(3)));
  return `The loss is far above its start at iteration ${state.highAt}: ${mean} in the mean of about 100 steps, above ` +
    `${Number(lossLimit(state.firstLoss!).toPrecision(3))}, and ${first} in the first`;
}

/** Reports Gaussians that are not finite, if there are any; see {@linkcode reportSign}. */
export function* reportGaussians(run: Run, nonFinite: number): Generator<TrainEvent, void, void> {
  if (nonFinite === 0) return;
  const { gaussians: { count }, state: { iteration } } = run;
  yield* reportSign(run, "gaussians", `${nonFinite} of ${count} Gaussians are not finite at iteration ${iteration}`);
}

/** Ends the run; with `onDivergence: "continue"` yields a warning instead, the first time for each sign. */
function* reportSign(run: Run, sign: DivergenceSign, text: string): Generator<TrainEvent, void, void> {
  const { gaussians, state: { iteration }, options, signs, cadence: { last } } = run;
  if (options.onDivergence === "stop") {
    const [checkpoint, where] = last > 0
      ? [last, `The last checkpoint is of iteration ${last}`]
      : [undefined, "No checkpoint was taken before"];
    throw new DivergenceError(
      iteration,
      checkpoint,
      (spelling) => `The run has diverged. ${text}. ${likelyCause(options, spelling)}. ${where}`,
    );
  }
  if (signs.has(sign)) return;
  signs.add(sign);
  yield { type: "warning", iteration, gaussians, message: `${text}. ${likelyCause(options)}` };
}
