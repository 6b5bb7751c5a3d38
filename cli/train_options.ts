// Converts the values of the command line to the options of training.

import { libraryOptions } from "../base/option.ts";
import type { LoadOptions } from "../load/scene.ts";
import { TRAIN_ROWS } from "../train/option_table.ts";
import { resolveTrainOptions, type TrainOptions } from "../train/options.ts";
import { follows, parityParts } from "../train/parity.ts";
import type { OptionValues } from "./option.ts";
import type { TRAIN_OPTIONS } from "./options.ts";

/** Parsed values of `train`. */
export type TrainValues = OptionValues<typeof TRAIN_OPTIONS>;

/** The library's options, checked together. Throws an `OptionError`, which exit.ts reports with the names of flags. */
export function trainOptions(values: TrainValues): TrainOptions {
  const options: TrainOptions = { ...libraryOptions(TRAIN_ROWS, values), parity: parityParts(values.parity) };
  resolveTrainOptions(options);
  return options;
}

/** What of the reference's views is followed, as `loadScene` takes it. */
export function viewParity(options: TrainOptions): Pick<LoadOptions, "referenceCameras" | "coverage"> {
  const resolved = resolveTrainOptions(options);
  return {
    ...(follows(resolved, "cameras") ? { referenceCameras: true } : {}),
    ...(follows(resolved, "coverage") ? { coverage: "rectangle" } : {}),
  };
}
