// From the values of the command line to the options of the library.

import { resolveTrainOptions, type TrainOptions } from "../train/options.ts";
import { follows, type Parity, type ParityPart } from "../train/parity.ts";
import type { OptionValues } from "./option.ts";
import type { TRAIN_OPTIONS } from "./options.ts";
import { UsageError } from "./errors.ts";

/** Parsed values of `train`. */
export type TrainValues = OptionValues<typeof TRAIN_OPTIONS>;

/** The library's options, checked. */
export function trainOptions(values: TrainValues): TrainOptions {
  const options: TrainOptions = {
    shDegree: values.sh_degree,
    iterations: values.iterations,
    positionLrInit: values.position_lr_init,
    positionLrFinal: values.position_lr_final,
    positionLrMaxSteps: values.position_lr_max_steps,
    featureLr: values.feature_lr,
    shfeatureLr: values.shfeature_lr,
    opacityLr: values.opacity_lr,
    scalingLr: values.scaling_lr,
    rotationLr: values.rotation_lr,
    lambdaDssim: values.lambda_dssim,
    densificationInterval: values.densification_interval,
    densifyFromIter: values.densify_from_iter,
    densifyUntilIter: values.densify_until_iter,
    opacityResetInterval: values.opacity_reset_interval,
    densifyGradThreshold: values.densify_grad_threshold,
    percentDense: values.percent_dense,
    minOpacity: values.min_opacity,
    budgetCap: values.budget_cap,
    optimizerType: values.optimizer_type as TrainOptions["optimizerType"],
    cams: values.cams,
    budget: values.budget,
    mode: values.mode as TrainOptions["mode"],
    shLower: values.sh_lower,
    highOpacity: values.high_opacity,
    hoIteration: values.ho_iteration,
    parity: parityOf(values.parity),
    whiteBackground: values.white_background,
    randomBackground: values.random_background,
    dataDevice: values.data_device as TrainOptions["dataDevice"],
    photoCache: values.photo_cache,
    testIterations: [...values.test_iterations],
    saveIterations: [...values.save_iterations],
    ...(values.max_seconds === undefined ? {} : { maxSeconds: values.max_seconds }),
  };
  try {
    resolveTrainOptions(options);
  } catch (error) {
    throw asUsageError(error);
  }
  return options;
}

/** Whether the capture is to be read as the reference does. */
export function usesReferenceCameras(options: TrainOptions): boolean {
  return follows(resolveTrainOptions(options), "cameras");
}

function parityOf(text: string): Parity {
  return text === "none" || text === "reference" ? text : text.split(",") as ParityPart[];
}

/** The library's complaint about an option as a usage error that speaks of flags; any other error as it is. */
export function asUsageError(error: unknown): unknown {
  if (!(error instanceof RangeError && error.message.startsWith("Cannot train"))) return error;
  const flag = (name: string) => `--${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
  return new UsageError(error.message.replace(/\b[a-z]+(?:[A-Z][a-z]+)+\b/g, flag));
}
