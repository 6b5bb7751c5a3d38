// Options of train for the exposure of the photos.

import type { OptionRow } from "../../base/option.ts";

/** Exposure and white balance of the photos. */
export const EXPOSURE_ROWS = [
  {
    name: "exposure",
    kind: "string",
    choices: ["auto", "gains", "affine", "none"],
    default: "none",
    help: "what to learn for each photo: a gain for each channel (gains), any affine change of colours (affine), or " +
      "nothing (none); auto: gains if the photos' exposures differ, see docs/guide/exposure.md",
  },
  {
    name: "exposure_lr",
    kind: "number",
    default: 0.01,
    minimum: 0,
    maximum: 1,
    help: "learning rate of exposures: rises until --densify_from_iter, falls to a tenth over --position_lr_max_steps",
  },
] as const satisfies readonly OptionRow[];
