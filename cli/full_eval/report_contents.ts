// The contents of a benchmark's reports, in any format.

import type { Chart } from "../report/chart.ts";
import type { DatasetReport } from "./collect.ts";
import type { Crop } from "./crops.ts";

/** The contents of a report. */
export interface Report {
  /** The paper's setting, or the names of the datasets. */
  title: string;
  /** When it was written: an ISO date and time. */
  date: string;
  versions: { tame: string; deno: string };
  datasets: DatasetReport[];
}

/** Images of one scene. */
export interface SceneFigures {
  scene: string;
  /** Loss, PSNR and Gaussians over time. */
  charts: Chart[];
  /** Crops of the worst views. */
  crops: Crop[];
}

/** Sub-folder of the images. */
export const FIGURES = "report";
