// What the reports of a benchmark show, whatever file they are written to.

import type { DatasetReport } from "./collect.ts";
import type { Crop } from "./crops.ts";

/** Everything that a report shows. */
export interface Report {
  /** What was run: the setting, or the names of the files. */
  title: string;
  versions: { tame: string; deno: string };
  datasets: DatasetReport[];
}

/** Images of one scene. */
export interface SceneFigures {
  scene: string;
  /** Loss, PSNR and Gaussians over time, as SVG. */
  plot?: string;
  /** The worst views. */
  crops: Crop[];
}

/** Sub-folder of the images. */
export const FIGURES = "report";
